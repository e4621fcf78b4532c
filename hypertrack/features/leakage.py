"""The leak check: features at a cut, from the whole dataset and from what was known at the cut.

A feature leaks when the two differ: it has then used something that was recorded later.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.features.names import ALIASES
from hypertrack.features.registry import REGISTRY
from hypertrack.records import CutCheck, Leak

TOLERANCES = 1e-9, 1e-12
"""Of a number, as sums may be taken in another order where rows are missing; and of the largest one
of the same unit, for what cancels between large sums."""

FITTED_TOLERANCES = 1e-6, 1e-6
"""Of what is fitted to all wallets together: it may stop a step sooner for the same reason."""

FACTS = ("n_executions", "n_fills", "n_candle_matches", "first_seen_ms", "last_seen_ms")
"""What the matrix says of each wallet beside its features; checked like them."""

FIRST_CUT_FRAC = 0.1
"""Of the trades: before, there is too little to compare."""


def random_cuts(engine: FeatureEngine, n_cuts: int, seed: int) -> tuple[int, ...]:
    """Return distinct times, ascending, each that of a trade, which is thus just left out.

    Drawn from all trades but the first tenth; fewer than ``n_cuts`` where there are few trades.
    """
    drawn = np.random.default_rng(seed).uniform(FIRST_CUT_FRAC, 1.0, n_cuts)
    trades = engine.backend.table("trades")
    so_far = ibis.window(order_by="time_ms", rows=(None, 0))
    moments = trades.group_by("time_ms").aggregate(n=_.count())
    moments = moments.mutate(share=_.n.sum().over(so_far) / _.n.sum().over(ibis.window()))
    (found,) = engine.backend.rows(
        moments.aggregate(
            **{f"cut_{i}": _.time_ms.min(where=_.share >= at) for i, at in enumerate(drawn)}
        )
    )
    times_ms = {time_ms for time_ms in found.values() if time_ms is not None}
    return tuple(sorted(time_ms for time_ms in times_ms if time_ms > engine.start_ms))


def check_cuts(
    engine: FeatureEngine,
    open_until: Callable[[int], AbstractContextManager[FeatureEngine]],
    cuts_ms: Iterable[int],
    names: Sequence[str] | None = None,
) -> Iterator[CutCheck]:
    """Yield the comparison at each cut (see `check_cut`).

    Args:
        engine: Over the whole dataset.
        cuts_ms: Where to cut.
    """
    for cut_ms in cuts_ms:
        whole = engine.matrix(until_ms=cut_ms, names=names)
        yield check_cut(whole, open_until, names)


def check_cut(
    whole: FeatureMatrix,
    open_until: Callable[[int], AbstractContextManager[FeatureEngine]],
    names: Sequence[str] | None = None,
    wallets: Sequence[str] | None = None,
    as_read: Callable[[FeatureEngine, FeatureMatrix], FeatureMatrix] | None = None,
) -> CutCheck:
    """Return how features at a cut compare with those of the dataset as it stood then.

    Args:
        whole: From the whole dataset, until the cut.
        open_until: Opens the same dataset without anything recorded at a time or later.
        names: Features to check; those of the engine's groups where None.
        wallets: Addresses whose features are checked; all where None.
        as_read: Adds what a model reads beside features, which ``whole`` has too.
    """
    cut_ms = whole.end_ms
    with open_until(cut_ms) as past:
        known = past.matrix(until_ms=cut_ms, names=names, wallets=wallets)
        known = known if as_read is None else as_read(past, known)
    return CutCheck(
        cut_ms=cut_ms,
        n_wallets=len(known.wallets),
        n_features=len(known.names),
        leaks=tuple(leaks(whole, known)),
    )


def leaks(whole: FeatureMatrix, known: FeatureMatrix) -> Iterator[Leak]:
    """Yield every number that differs between two matrices of the same features and cut.

    Args:
        whole: From the dataset with later data.
        known: From the dataset without.
    """
    if whole.observed_days != known.observed_days:
        yield Leak("observed_days", "", whole.observed_days, known.observed_days, 0)
    if whole.wallets != known.wallets:
        yield _other_wallets(whole, known)
        return
    for name in FACTS:
        yield from _differing(name, whole.wallets, getattr(whole, name), getattr(known, name))
    largest_by_unit = _largest_by_unit(whole, known)
    for name in whole.names:
        rtol, of_largest = TOLERANCES if _is_feature(name) else FITTED_TOLERANCES
        slack = of_largest * largest_by_unit[_unit(name)]
        rows = whole.wallets, whole.column(name), known.column(name)
        yield from _differing(name, *rows, rtol=rtol, atol=slack)


def _other_wallets(whole: FeatureMatrix, known: FeatureMatrix) -> Leak:
    differing = sorted(set(whole.wallets) ^ set(known.wallets))
    wallet = differing[0]
    return Leak(
        name="wallets",
        wallet=wallet,
        with_later=float(wallet in whole.wallets),
        without_later=float(wallet in known.wallets),
        n_wallets=len(differing),
    )


def _differing(
    name: str,
    wallets: tuple[str, ...],
    with_later: NDArray[Any],
    without_later: NDArray[Any],
    rtol: float = 0.0,
    atol: float = 0.0,
) -> Iterator[Leak]:
    is_same = np.isclose(with_later, without_later, rtol=rtol, atol=atol, equal_nan=True)
    rows = np.flatnonzero(~is_same)
    if len(rows):
        first = rows[0]
        yield Leak(
            name=name,
            wallet=wallets[first],
            with_later=_known(with_later[first]),
            without_later=_known(without_later[first]),
            n_wallets=len(rows),
        )


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _is_feature(name: str) -> bool:
    return ALIASES.get(name, name) in REGISTRY


def _unit(name: str) -> str:
    """Return a feature's unit; whatever else is compared is like nothing else."""
    return REGISTRY[ALIASES.get(name, name)].unit if _is_feature(name) else name


def _largest_by_unit(*matrices: FeatureMatrix) -> dict[str, float]:
    largest: dict[str, float] = {}
    for matrix in matrices:
        for name in matrix.names:
            values = np.abs(np.nan_to_num(matrix.column(name)))
            largest[_unit(name)] = max(largest.get(_unit(name), 0.0), values.max(initial=0.0))
    return largest
