"""How good each head is on the held-out rows, beside what it has to beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.targets import EDGE_HEADS, HEAD_COLUMNS
from hypertrack.model.baselines import SHRINKAGE
from hypertrack.model.metrics import (
    Ranking,
    Resamples,
    calibration_error,
    interval,
    rankings,
    reliability,
    skill,
)
from hypertrack.model.samples import Samples
from hypertrack.records import BINARY_HEADS, CONSTANT, HEADS, HeadEvaluation, Quality, replace

Array = NDArray[np.float64]

MIN_TEST_ROWS = 30
"""An interval from fewer rows is not to be trusted."""

FORCED = "trained by force on less data than the limits ask for"
"""Bars every head: luck on so few rows would pass for skill."""


@dataclass(frozen=True)
class Held:
    """The held-out rows, with what was predicted of them."""

    targets: Array
    """``[rows, targets]``."""
    weights: Array
    """How much each target counts, ``[rows, targets]``."""
    quantities: Array
    """``[rows, quantities]``."""
    predictions: Mapping[str, Array]
    """By predictor, the constant among them; ``[rows, targets]`` each."""
    is_new_wallet: NDArray[np.bool_]
    resamples: Resamples
    """The test cut has one row per wallet, so wallets are resampled."""


def evaluate(
    samples: Samples,
    predictions: Mapping[str, Array],
    estimator_by_head: Mapping[str, str],
    *,
    n_bootstrap: int,
    seed: int = 0,
    leaks: Mapping[str, str] | None = None,
) -> tuple[HeadEvaluation, ...]:
    """Return the evaluation of every head, in the order of `HEADS`.

    Args:
        predictions: Of the test rows, by predictor, ``[rows, targets]`` each; `CONSTANT` among
            them, against which skill is measured.
        estimator_by_head: Which of them answers for a head.
        n_bootstrap: Resamples behind each interval.
        leaks: By head, why nothing it shows can be trusted.
    """
    held = Held(
        targets=samples.targets(samples.test),
        weights=samples.weights(samples.test),
        quantities=samples.test.quantities,
        predictions=predictions,
        is_new_wallet=samples.test.is_held_out,
        resamples=Resamples.draw(len(samples.test), n_bootstrap, seed),
    )
    trained_on = samples.targets(samples.train)
    forced = FORCED if samples.is_forced else None
    return tuple(
        _evaluate_head(
            head,
            held,
            estimator_by_head[head],
            _untrained(head, trained_on) or (leaks or {}).get(head) or forced,
        )
        for head in HEADS
    )


def _evaluate_head(head: str, held: Held, estimator: str, barred: str | None) -> HeadEvaluation:
    targets = held.targets[:, HEAD_COLUMNS[head]]
    has_target: NDArray[np.bool_] = np.any(~np.isnan(targets), axis=1)
    names = [name for name in held.predictions if name != SHRINKAGE or head in EDGE_HEADS]
    ranked = _rankings(head, held, names)
    qualities = {name: _quality(head, held, name, ranked[name]) for name in names}
    own = qualities.pop(estimator)
    why_not = barred or _why_not(int(has_target.sum()), own)
    if why_not is None:
        why_not = _not_above(own, qualities)
    yes = targets[has_target, 0]
    found = HeadEvaluation(
        head=head,
        estimator=estimator,
        n_test=int(has_target.sum()),
        masked_frac=float(1 - has_target.mean()) if len(has_target) else 0.0,
        base_rate=float(yes.mean()) if head in BINARY_HEADS and len(yes) else None,
        baselines=qualities,
        has_earned_weight=why_not is None,
        reason="",
        **{name: getattr(own, name) for name in Quality.__struct_fields__},
    )
    return replace(found, reason=_reason(found, why_not))


def _quality(head: str, held: Held, predictor: str, ranked: Sequence[Ranking]) -> Quality:
    """Return how good one predictor of a head is, which ranks wallets so for each target."""
    columns, new = HEAD_COLUMNS[head], held.is_new_wallet
    predicted = held.predictions[predictor]
    loss, base = (
        row_losses(each, held.targets, columns, held.weights)
        for each in (predicted, held.predictions[CONSTANT])
    )
    found, of_new = (
        skill(loss[rows], base[rows], draws)
        for rows, draws in (
            (slice(None), held.resamples),
            (new, Resamples(held.resamples.counts[:2, new])),
        )
    )
    quality = Quality(
        skill=found,
        skill_new_wallets=None if of_new is None else of_new.value,
        auc=None,
        rank_ic=interval(_mean_known([each.rank_ic for each in ranked])),
        calibration_error=None,
    )
    if head not in BINARY_HEADS:
        return quality
    is_known = ~np.isnan(held.targets[:, columns.start])
    yes, said = held.targets[is_known, columns.start], predicted[is_known, columns.start]
    draws = held.resamples.take(is_known)
    return replace(
        quality,
        auc=interval(ranked[0].auc),
        calibration_error=calibration_error(yes, said, draws),
        reliability=reliability(yes, said, draws),
    )


def _rankings(head: str, held: Held, names: Sequence[str]) -> dict[str, list[Ranking]]:
    """Return by predictor how it ranks wallets for each target of a head."""
    found: dict[str, list[Ranking]] = {name: [] for name in names}
    columns = HEAD_COLUMNS[head]
    for column in range(columns.start, columns.stop):
        is_known = ~np.isnan(held.targets[:, column])
        of_column = rankings(
            held.quantities[is_known, column],
            held.targets[is_known, column],
            [held.predictions[name][is_known, column] for name in names],
            held.resamples.take(is_known),
        )
        for name, ranked in zip(names, of_column, strict=True):
            found[name].append(ranked)
    return found


def _mean_known(draws: Sequence[Array]) -> Array:
    """Return the mean over a head's targets, of those that are defined, ``[1 + resamples]``."""
    stacked = np.stack(draws)
    is_known = np.isfinite(stacked)
    n_known = is_known.sum(axis=0)
    total = np.where(is_known, stacked, 0).sum(axis=0)
    mean: Array = np.divide(total, n_known, out=np.full(len(total), np.nan), where=n_known > 0)
    return mean


def row_losses(predicted: Array, targets: Array, columns: slice, weights: Array) -> Array:
    """Return the squared error of each row, summed over the targets it has, ``[rows]``.

    Args:
        weights: How much each target counts, ``[rows, targets]``, as the others.
    """
    errors = weights[:, columns] * (predicted[:, columns] - targets[:, columns]) ** 2
    summed: Array = np.nansum(errors, axis=1)
    return summed


def _untrained(head: str, targets: Array) -> str | None:
    """Return why a head could not be trained, None where it could."""
    columns = HEAD_COLUMNS[head]
    known = targets[:, columns][~np.isnan(targets[:, columns])]
    if len(known) == 0:
        return "not trained, no outcome could be measured in the training windows"
    if head in BINARY_HEADS and len(np.unique(known)) < 2:
        return f"not trained, every training outcome is {'yes' if known[0] else 'no'}"
    return None


def _why_not(n_rows: int, quality: Quality) -> str | None:
    """Return what keeps a head from having a say, "" where its skill says it all."""
    if n_rows < MIN_TEST_ROWS:
        return f"{n_rows} test rows with an outcome, at least {MIN_TEST_ROWS} are needed"
    if quality.skill is None:
        return "the test outcomes are all alike"
    if quality.skill_new_wallets is None:
        return "no wallet held out from training has an outcome to compare with"
    return None if quality.skill.low > 0 and quality.skill_new_wallets > 0 else ""


def _not_above(own: Quality, others: Mapping[str, Quality]) -> str | None:
    """Return that plain shrinkage did as well, where it did: the features then add nothing."""
    plain = others[SHRINKAGE].skill if SHRINKAGE in others else None
    if plain is None or own.skill is None or plain.value < own.skill.value:
        return None
    return (
        f"what was measured, drawn to the average, says as much: skill {plain.value:.2f} beside "
        f"{own.skill.value:.2f}"
    )


def _reason(found: HeadEvaluation, why_not: str | None) -> str:
    """Return the case for or against a head in one sentence."""
    name = found.head.removesuffix("_score").removesuffix("_probability").replace("_", " ")
    skill = found.skill
    if why_not or skill is None:
        return f"{name}: {why_not or 'not measured'}"
    text = f"{name}: skill {skill.value:z.2f}, 95 % CI [{skill.low:z.2f}, {skill.high:z.2f}]"
    if found.skill_new_wallets is not None:
        text += f", {found.skill_new_wallets:z.2f} on wallets never trained on"
    if found.best_baseline is not None:
        baseline, theirs = found.best_baseline
        if round(theirs, 2) > round(skill.value, 2):
            text += f"; {baseline} did better with {theirs:z.2f}"
    return text
