"""Samples: what was known of a wallet at a cut, and what it did afterwards."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.errors import NotEnoughDataError
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.labels.cuts import (
    Cut,
    Window,
    earlier_windows,
    fitting_embargo_ms,
    walk_forward,
)
from hypertrack.labels.outcomes import Edges, Outcomes, measure_each
from hypertrack.labels.splits import FOLD, HELD_OUT, VALIDATION, drawn, places
from hypertrack.labels.targets import (
    BOT_VOTE,
    EDGE,
    Thresholds,
    edge_variance,
    fit_thresholds,
    make_targets,
    target_weights,
)
from hypertrack.model.inputs import comparable, input_names
from hypertrack.records import MINUTE_MS
from hypertrack.skill.evidence import counts_from_ms
from hypertrack.skill.own_edges import columns_of
from hypertrack.skill.wallet_edges import TwoWindows, each_two_windows

MAX_TEST_ROWS = 50_000
"""Wallets that a model is tested on. Their intervals are a few thousandths of skill wide; those of
a month of the venue would be half as wide, and take a quarter of an hour to resample."""


MAX_TRAINED_WALLETS = 60_000
"""Wallets that a model is trained on."""

TRAINED = "trained"


@dataclass(frozen=True)
class Rows:
    """Samples as columns, one row per wallet and cut."""

    features: NDArray[np.float64]
    """``[rows, inputs]``: features, comparable between cuts, then what the wallet's past lets
    expect of its edge (`OWN_EDGES`); NaN where missing."""
    past: NDArray[np.float64]
    """``[rows, quantities]`` of the feature window, the votes those of windows in it that are as
    long as the outcome's; NaN where not measured."""
    quantities: NDArray[np.float64]
    """``[rows, quantities]`` of the outcome window; NaN where not measured."""
    error_bps: NDArray[np.float64]
    """``[rows]``: of the edge in the outcome window; NaN where not measured."""
    shrunk: NDArray[np.float64]
    """``[rows, 4]``: edge expected by the feature window, what it leaves open of it, bps (NaN where
    it has not bets enough), the log of its bets, and what an opening cost."""
    votes: NDArray[np.float64]
    """``[rows, labelling functions]`` of the outcome window."""
    entries: NDArray[np.float64]
    """``[rows, 2]``: how far positions that entered the outcome window are known (`Outcomes`)."""
    wallet_ids: NDArray[np.int32]
    is_held_out: NDArray[np.bool_]
    is_validation: NDArray[np.bool_]
    """Whether the wallet is drawn for validation, at whatever cut."""
    place: NDArray[np.float64]
    """Where the wallet stands among the folds of training wallets, from 0 to 1."""
    cut_number: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.wallet_ids)

    @property
    def has_outcome(self) -> NDArray[np.bool_]:
        """Return which rows have anything measured after the cut."""
        has_any: NDArray[np.bool_] = np.any(~np.isnan(self.quantities), axis=1)
        return has_any

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the chosen rows."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of all parts, in order."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(cls))
        return cls(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True)
class Samples:
    """Rows by what they are for; no wallet and no time of a test stands among the others.

    ``test`` is the last cut: every wallet there, or `MAX_TEST_ROWS` drawn from more. ``train``
    and ``validation`` are rows of earlier cuts whose wallets are not held out, and that have an
    outcome.
    """

    feature_names: tuple[str, ...]
    cuts: tuple[Cut, ...]
    embargo_ms: int
    is_forced: bool
    """Below the limits, or with a shortened embargo."""
    thresholds: Thresholds
    edge_variance_bps2: float
    """Of true edges, as the training rows show it."""
    train: Rows
    validation: Rows
    test: Rows
    n_test_wallets: int | None = None
    """At the last cut; None where all of them are ``test``."""
    n_wallets: int | None = None
    """Of the dataset; None where none of them was left out of training by the draw."""

    def targets(self, rows: Rows) -> NDArray[np.float64]:
        """Return what to predict of the rows, ``[rows, targets]``; NaN where not measured."""
        return make_targets(rows.quantities, self.thresholds)

    def weights(self, rows: Rows) -> NDArray[np.float64]:
        """Return how much each target of the rows counts, ``[rows, targets]``, 1 on average."""
        return target_weights(rows.error_bps, self.edge_variance_bps2)


def plan_cuts(engine: FeatureEngine, settings: TrainSettings, *, force: bool) -> tuple[Cut, ...]:
    """Return the cuts of a recording.

    Args:
        force: Shorten the embargo where it leaves no outcome.

    Raises:
        NotEnoughDataError: The recording is too short for an outcome after the embargo.
    """
    span = Window(engine.start_ms, engine.end_ms)
    if force:
        return walk_forward(span, settings, embargo_ms=fitting_embargo_ms(span, settings))
    cuts = walk_forward(span, settings)
    if min(cut.outcome.length_ms for cut in cuts) == 0:
        needed_min = settings.embargo_s / 60 / settings.outcome_frac
        found_min = span.length_ms / MINUTE_MS
        raise NotEnoughDataError(
            f"training needs a recording of more than {needed_min:.0f} minutes, so that "
            f"{settings.outcome_frac:.0%} of it outlasts the embargo of "
            f"{settings.embargo_s / 60:.0f}, found {found_min:.0f}: record about "
            f"{_rounded_up(needed_min * 1.2 - found_min)} more minutes, or --force"
        )
    return cuts


def measure_cuts(
    engine: FeatureEngine,
    cuts: Sequence[Cut],
    matrices: Iterable[FeatureMatrix],
    settings: TrainSettings,
    user_labels: Mapping[str, bool] | None = None,
    on_own: Callable[[NDArray[np.float64]], object] = lambda _: None,
) -> Iterator[Rows]:
    """Yield the samples of each cut: wallets with enough executions before it.

    Args:
        matrices: Features at each cut, of which what is needed is kept.
        user_labels: Whether wallets are bots, by address; over the labelling functions.
        on_own: Told of each cut's `OWN_EDGES` of all wallets, be they samples or not.
    """
    chosen = trained_wallets(engine.wallets, user_labels or {})
    needed = [
        _of_samples(matrix, engine, cut, settings, chosen if not cut.is_test else None)
        for cut, matrix in zip(cuts, matrices, strict=True)
    ]
    sides = [(cut.past, cut.outcome) for cut in cuts]
    voted_in = zip(earlier_windows(cuts), [(cut.outcome,) for cut in cuts], strict=True)
    # All windows together, as what wallets did may be far more than fits in memory.
    found = measure_each(
        engine.backend,
        list(chain.from_iterable(sides)),
        engine.fees,
        engine.n_wallets,
        list(chain.from_iterable(voted_in)),
    )
    measured = iter(found)
    edges_by_cut = each_two_windows(engine.backend, sides, engine.fees, engine.n_wallets)
    for matrix, edges in zip(needed, edges_by_cut, strict=True):
        past = next(measured).with_edges(Edges(edges.past.edge_bps, edges.cost_bps))
        outcome = next(measured).with_edges(Edges(edges.later.edge_bps, edges.cost_bps))
        own = columns_of(edges)
        on_own(own)
        rows = _rows(matrix, (past, outcome), edges, own, settings)
        if user_labels:
            _overrule(rows, matrix, user_labels)
        yield rows


def trained_wallets(
    wallets: Sequence[str], user_labels: Mapping[str, bool]
) -> NDArray[np.bool_] | None:
    """Return which wallets are trained on, the same ones in every run; None for all.

    Of very many some are drawn by chance, and those that the user knows are among them.
    """
    if len(wallets) <= MAX_TRAINED_WALLETS:
        return None
    is_drawn = drawn(wallets, TRAINED, MAX_TRAINED_WALLETS / len(wallets))
    is_drawn |= np.array([wallet in user_labels for wallet in wallets])
    return is_drawn


def _of_samples(
    matrix: FeatureMatrix,
    engine: FeatureEngine,
    cut: Cut,
    settings: TrainSettings,
    chosen: NDArray[np.bool_] | None,
) -> FeatureMatrix:
    """Return the rows of wallets that are samples at a cut."""
    is_sample = matrix.n_executions >= settings.min_train_executions
    # Whoever was chosen by its profit later had to do well in between.
    since_ms = counts_from_ms(engine.backend, engine.n_wallets)[matrix.wallet_ids]
    is_sample &= since_ms <= cut.at_ms
    if chosen is not None:
        is_sample &= chosen[matrix.wallet_ids]
    return matrix.take(is_sample)


def _rows(
    matrix: FeatureMatrix,
    measured: tuple[Outcomes, Outcomes],
    edges: TwoWindows,
    own: NDArray[np.float64],
    settings: TrainSettings,
) -> Rows:
    past, outcome = measured
    wallet_ids, wallets = matrix.wallet_ids, matrix.wallets
    shrunk = np.stack(
        [edges.shrunk_bps, edges.shrunk_sd_bps, np.log1p(edges.past.n_bets), edges.cost_bps], axis=1
    )
    return Rows(
        features=np.hstack([comparable(matrix), own[wallet_ids]]),
        past=past.quantities[wallet_ids],
        quantities=outcome.quantities[wallet_ids],
        error_bps=edges.later.error_bps[wallet_ids],
        shrunk=shrunk[wallet_ids],
        votes=outcome.votes[wallet_ids],
        entries=outcome.entries[wallet_ids],
        wallet_ids=wallet_ids,
        is_held_out=drawn(wallets, HELD_OUT, settings.held_out_wallet_frac),
        is_validation=drawn(wallets, VALIDATION, settings.validation_wallet_frac),
        place=places(wallets, FOLD),
        cut_number=np.zeros(len(wallets), dtype=np.int64),
    )


def _overrule(rows: Rows, matrix: FeatureMatrix, user_labels: Mapping[str, bool]) -> None:
    """Let the user's own knowledge stand in for the votes."""
    place = {wallet_id: row for row, wallet_id in enumerate(rows.wallet_ids.tolist())}
    for wallet_id, wallet in zip(matrix.wallet_ids.tolist(), matrix.wallets, strict=True):
        if wallet in user_labels and wallet_id in place:
            rows.quantities[place[wallet_id], BOT_VOTE] = 1 if user_labels[wallet] else -1


def assemble(
    feature_names: tuple[str, ...],
    cuts: Sequence[Cut],
    rows_by_cut: Sequence[Rows],
    settings: TrainSettings,
    *,
    force: bool,
    n_wallets: int = 0,
) -> Samples:
    """Split the rows of all cuts and fit the thresholds on the training rows.

    Args:
        rows_by_cut: In the order of ``cuts``; the last is the test cut.
        force: Accept fewer wallets and rows than the settings ask for.
        n_wallets: Of the dataset.

    Raises:
        NotEnoughDataError: Says what is missing and about how much longer to record.
    """
    rows_by_cut = [
        replace(rows, cut_number=np.full(len(rows), number))
        for number, rows in enumerate(rows_by_cut)
    ]
    earlier = [rows.take(~rows.is_held_out & rows.has_outcome) for rows in rows_by_cut[:-1]]
    train = Rows.join([rows.take(~rows.is_validation) for rows in earlier])
    last_training_cut, n_at_last = earlier[-1], len(rows_by_cut[-1])
    span_min = (cuts[-1].outcome.end_ms - cuts[0].past.start_ms) / MINUTE_MS
    is_enough = _check_amount(rows_by_cut, train, span_min, settings, force)
    embargo_ms = cuts[-1].outcome.start_ms - cuts[-1].at_ms
    return Samples(
        feature_names=feature_names,
        cuts=tuple(cuts),
        embargo_ms=embargo_ms,
        is_forced=not is_enough or embargo_ms < round(settings.embargo_s * 1_000),
        thresholds=fit_thresholds(train.quantities, settings.profit_hurdle_bps),
        edge_variance_bps2=edge_variance(train.quantities[:, EDGE], train.error_bps),
        train=train,
        validation=last_training_cut.take(last_training_cut.is_validation),
        test=_some(rows_by_cut[-1]),
        n_test_wallets=n_at_last if n_at_last > MAX_TEST_ROWS else None,
        n_wallets=n_wallets if n_wallets > MAX_TRAINED_WALLETS else None,
    )


def _some(rows: Rows) -> Rows:
    """Return all rows, or of very many some, drawn by chance: the same ones in every run."""
    if len(rows) <= MAX_TEST_ROWS:
        return rows
    chosen = np.zeros(len(rows), dtype=np.bool_)
    rng = np.random.default_rng(len(rows))
    chosen[rng.choice(len(rows), MAX_TEST_ROWS, replace=False)] = True
    return rows.take(chosen)


def build_samples(
    engine: FeatureEngine,
    settings: TrainSettings,
    *,
    force: bool = False,
    user_labels: Mapping[str, bool] | None = None,
) -> Samples:
    """Plan the cuts, measure each, and assemble the samples.

    Raises:
        NotEnoughDataError: Says what is missing and about how much longer to record.
    """
    cuts = plan_cuts(engine, settings, force=force)
    matrices = engine.matrices([cut.at_ms for cut in cuts])
    rows = list(measure_cuts(engine, cuts, let_go(matrices), settings, user_labels))
    names = input_names(engine.settings.groups)
    return assemble(names, cuts, rows, settings, force=force, n_wallets=engine.n_wallets)


def let_go(matrices: list[FeatureMatrix]) -> Iterator[FeatureMatrix]:
    """Yield each and forget it: those of a month of the venue take a gigabyte and a half."""
    while matrices:
        yield matrices.pop(0)


def permuted(samples: Samples, seed: int = 0) -> Samples:
    """Return the samples with the outcomes of training and validation rows dealt out anew.

    Nothing can be learnt from them: skill that remains on the test rows is a leak.
    """
    rng = np.random.default_rng(seed)

    def deal(rows: Rows) -> Rows:
        order = rng.permutation(len(rows))
        return replace(rows, quantities=rows.quantities[order], error_bps=rows.error_bps[order])

    return replace(samples, train=deal(samples.train), validation=deal(samples.validation))


def _check_amount(
    rows_by_cut: Sequence[Rows],
    train: Rows,
    span_min: float,
    settings: TrainSettings,
    force: bool,
) -> bool:
    """Return whether there is enough to train on.

    Raises:
        NotEnoughDataError: There is not, and it is not forced, or there is nothing at all.
    """
    with_outcome = [rows.wallet_ids[rows.has_outcome] for rows in rows_by_cut]
    n_wallets, n_rows = len(np.unique(np.concatenate(with_outcome))), len(train)
    share = min(n_wallets / settings.min_wallets, n_rows / settings.min_train_rows)
    if share >= 1 or (force and n_rows > 0):
        return share >= 1
    if n_rows == 0:
        raise NotEnoughDataError(
            f"training found no wallet with {settings.min_train_executions} executions before a "
            "cut and another one after it: record longer, or more coins"
        )
    needed, found, unit = (
        (settings.min_wallets, n_wallets, "wallets with outcomes")
        if n_wallets < settings.min_wallets
        else (settings.min_train_rows, n_rows, "training rows")
    )
    more_min = _rounded_up(span_min * (1 / share - 1))
    raise NotEnoughDataError(
        f"training needs {needed} {unit}, found {found}: record about {more_min} more minutes at "
        "this rate, or --force"
    )


def _rounded_up(minutes: float) -> int:
    """Return minutes to the next 1, 5 or 10: an estimate, that looks like one."""
    step = 1 if minutes < 10 else 5 if minutes < 60 else 10
    return max(math.ceil(minutes / step) * step, 1)
