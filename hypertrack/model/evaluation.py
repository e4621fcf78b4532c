"""How good each head is on the held-out rows, beside what it has to beat."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.targets import HEAD_COLUMNS
from hypertrack.model.metrics import auc, calibration_error, draw_resamples, rank_ic, skill
from hypertrack.model.samples import Samples
from hypertrack.records import BINARY_HEADS, HEADS, HeadEvaluation, Interval

Array = NDArray[np.float64]

MIN_TEST_ROWS = 30
"""An interval from fewer rows is not to be trusted."""

FORCED = "trained by force on less data than the limits ask for"
"""Bars every head: luck on so few rows would pass for skill."""


@dataclass(frozen=True)
class Held:
    """The held-out rows, with what was predicted of them; ``[rows, targets]`` each."""

    targets: Array
    quantities: Array
    predicted: Array
    constant: Array
    is_new_wallet: NDArray[np.bool_]
    resamples: NDArray[np.int64]
    """``[resamples, rows]``: the test cut has one row per wallet, so wallets are resampled."""


def evaluate(
    samples: Samples,
    predicted: Array,
    constant: Array,
    by_baseline: Mapping[str, Array],
    *,
    n_bootstrap: int,
    seed: int = 0,
) -> tuple[HeadEvaluation, ...]:
    """Return the evaluation of every head, in the order of `HEADS`.

    Args:
        predicted: By the network, of the test rows, ``[rows, targets]``.
        constant: The training means, likewise.
        by_baseline: Likewise, by the name of the baseline.
        n_bootstrap: Resamples behind each interval.
    """
    held = Held(
        targets=samples.targets(samples.test),
        quantities=samples.test.quantities,
        predicted=predicted,
        constant=constant,
        is_new_wallet=samples.test.is_held_out,
        resamples=draw_resamples(len(samples.test), n_bootstrap, seed),
    )
    trained_on = samples.targets(samples.train)
    forced = FORCED if samples.is_forced else None
    return tuple(
        _evaluate_head(head, held, by_baseline, _untrained(head, trained_on) or forced)
        for head in HEADS
    )


def _evaluate_head(
    head: str, held: Held, by_baseline: Mapping[str, Array], barred: str | None
) -> HeadEvaluation:
    columns = HEAD_COLUMNS[head]
    has_target: NDArray[np.bool_] = np.any(~np.isnan(held.targets[:, columns]), axis=1)
    base = row_losses(held.constant, held.targets, columns)
    loss = row_losses(held.predicted, held.targets, columns)
    found = skill(loss, base, held.resamples)
    new = held.is_new_wallet
    of_new = skill(loss[new], base[new], held.resamples[:1, new])
    rivals = {
        name: 1 - float(row_losses(theirs, held.targets, columns).sum() / base.sum())
        for name, theirs in by_baseline.items()
        if base.sum() > 0
    }
    why_not = barred or _why_not(int(has_target.sum()), found, of_new)
    is_binary = head in BINARY_HEADS
    yes = held.targets[has_target, columns.start]
    score = held.predicted[has_target, columns.start]
    return HeadEvaluation(
        head=head,
        n_test=int(has_target.sum()),
        masked_frac=float(1 - has_target.mean()) if len(has_target) else 0.0,
        base_rate=float(yes.mean()) if is_binary and len(yes) else None,
        skill=found,
        skill_new_wallets=None if of_new is None else of_new.value,
        auc=auc(yes, score) if is_binary else None,
        rank_ic=_rank_ic(held, columns),
        calibration_error=calibration_error(yes, score) if is_binary else None,
        skill_by_baseline=rivals,
        has_earned_weight=why_not is None,
        reason=_reason(head, found, of_new, rivals, why_not),
    )


def row_losses(predicted: Array, targets: Array, columns: slice) -> Array:
    """Return the squared error of each row, summed over the targets it has, ``[rows]``."""
    errors = (predicted[:, columns] - targets[:, columns]) ** 2
    summed: Array = np.nansum(errors, axis=1)
    return summed


def _rank_ic(held: Held, columns: slice) -> float | None:
    """Return the rank correlation with the quantity itself, averaged over a head's targets."""
    found = []
    for column in range(columns.start, columns.stop):
        is_known = ~np.isnan(held.targets[:, column])
        ic = rank_ic(held.quantities[is_known, column], held.predicted[is_known, column])
        if ic is not None:
            found.append(ic)
    return float(np.mean(found)) if found else None


def _untrained(head: str, targets: Array) -> str | None:
    """Return why a head could not be trained, None where it could."""
    columns = HEAD_COLUMNS[head]
    known = targets[:, columns][~np.isnan(targets[:, columns])]
    if len(known) == 0:
        return "not trained, no outcome could be measured in the training windows"
    if head in BINARY_HEADS and len(np.unique(known)) < 2:
        return f"not trained, every training outcome is {'yes' if known[0] else 'no'}"
    return None


def _why_not(n_rows: int, found: Interval | None, of_new: Interval | None) -> str | None:
    """Return what keeps a head from having a say, "" where its skill says it all."""
    if n_rows < MIN_TEST_ROWS:
        return f"{n_rows} test rows with an outcome, at least {MIN_TEST_ROWS} are needed"
    if found is None:
        return "the test outcomes are all alike"
    if of_new is None:
        return "no wallet held out from training has an outcome to compare with"
    return None if found.low > 0 and of_new.value > 0 else ""


def _reason(
    head: str,
    found: Interval | None,
    of_new: Interval | None,
    rivals: Mapping[str, float],
    why_not: str | None,
) -> str:
    """Return the case for or against a head in one sentence."""
    name = head.removesuffix("_score").removesuffix("_probability").replace("_", " ")
    if why_not or found is None:
        return f"{name}: {why_not or 'not measured'}"
    text = f"{name}: skill {found.value:.2f}, 95 % CI [{found.low:.2f}, {found.high:.2f}]"
    if of_new is not None:
        text += f", {of_new.value:.2f} on wallets never trained on"
    best = max(rivals, key=lambda rival: rivals[rival], default=None)
    if best is not None and round(rivals[best], 2) > round(found.value, 2):
        text += f"; {best} did better with {rivals[best]:.2f}"
    return text
