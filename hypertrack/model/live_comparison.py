"""Who of two models is better, by the rows that came true, and whether that is decided.

A difference is the champion's loss less the challenger's, in units of the constant's: a difference
of skill, above 0 in favour of the challenger.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.outcomes import QUANTITIES
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS, Thresholds, make_targets
from hypertrack.model.confidence import (
    FEWEST_BLOCKS,
    block_means,
    blocks_needed,
    independent_length,
    sequence_interval,
)
from hypertrack.records import (
    HEADS,
    Challenge,
    Decision,
    DifferencePoint,
    HeadDifference,
    Interval,
    LiveComparison,
    OutcomeRow,
    ScoreRow,
    decode_json,
    encode_json,
    replace,
)

Array = NDArray[np.float64]

ALPHA = 0.05
"""Chance that any of the intervals ever excludes the truth."""

N_POINTS = 100
"""Of the curve."""

INFLUENCE = TARGETS.index("influence_score")


@dataclass(frozen=True)
class Losses:
    """Losses of the rows that came true, in the order of their time.

    Attributes:
        hour: The block that each row is of, counted from the first.
        champion: ``[rows, heads]``, in units of the constant's mean; NaN where not measured.
        challenger: As the other.
        constant: As the others; its mean is 1.
    """

    hour: NDArray[np.int64]
    champion: Array
    challenger: Array
    constant: Array


@dataclass(frozen=True)
class Scored:
    """The rows of a challenge, of which only those are kept that count.

    Attributes:
        pairs: Rows with their outcomes, in the order of time.
        n_masked: By cause.
        n_agreed: Rows in which both give the wallet the same categories, of ``n_asked``.
    """

    pairs: Sequence[tuple[ScoreRow, OutcomeRow]]
    n_waiting: int
    n_masked: Mapping[str, int]
    n_agreed: int
    n_asked: int


def scored(rows: Iterable[ScoreRow], outcomes: Mapping[str, OutcomeRow]) -> Scored:
    """Return the rows of a challenge beside what came; most wallets do too little to be kept.

    Args:
        outcomes: By the id of their row.
    """
    pairs, masked, said = [], Counter[str](), Counter[bool | None]()
    n_waiting = 0
    for row in rows:
        said[row.is_agreed] += 1
        outcome = outcomes.get(row.id)
        if outcome is None:
            n_waiting += 1
        elif outcome.masked is not None:
            masked[outcome.masked] += 1
        else:
            pairs.append((row, outcome))
    pairs.sort(key=lambda pair: (pair[0].scored_ms, pair[0].wallet))
    return Scored(
        pairs, n_waiting, dict(sorted(masked.items())), said[True], said[True] + said[False]
    )


def compare_live(
    challenge: Challenge, of: Scored, weight_by_head: Mapping[str, float]
) -> LiveComparison:
    """Return how a challenge stands.

    Args:
        of: Its rows.
        weight_by_head: Of the overall difference.
    """
    losses = measure_losses(challenge, of.pairs)
    weights = np.array([weight_by_head[head] for head in HEADS], dtype=np.float64)
    overall = _overall(losses.champion - losses.challenger, weights)
    length = independent_length(*_by_hour(losses.hour, overall))
    alpha = ALPHA / len(HEADS)
    blocks = block_means(*_by_hour(losses.hour, overall), length)
    found = LiveComparison(
        challenge=challenge,
        n_rows=len(of.pairs),
        n_waiting=of.n_waiting,
        n_masked=dict(of.n_masked),
        n_agreed=of.n_agreed,
        n_asked=of.n_asked,
        n_blocks=len(blocks),
        block_h=length * challenge.block_ms / 3_600_000,
        heads=tuple(_head(losses, nth, length, alpha) for nth in range(len(HEADS))),
        overall=sequence_interval(blocks, alpha),
        champion_skill=sequence_interval(
            block_means(
                *_by_hour(losses.hour, _overall(losses.constant - losses.champion, weights)), length
            ),
            alpha,
        ),
        days_until_margin=_days(blocks, challenge, length, alpha),
        curve=tuple(_curve(blocks, alpha)),
    )
    return replace(found, challenge=decided(found))


def decided(found: LiveComparison) -> Challenge:
    """Return the challenge with its decision, once there is one; it is not taken back.

    The caller says when: ``decided_ms``.
    """
    challenge, overall, margin = found.challenge, found.overall, found.challenge.margin
    if challenge.decision is not Decision.OPEN:
        return challenge
    lows = [head.difference.low for head in found.heads if head.difference is not None]
    decision = Decision.OPEN
    if overall is not None and overall.low > 0 and min(lows, default=0.0) >= -margin:
        decision = Decision.BETTER
    elif overall is not None and overall.high < 0:
        decision = Decision.WORSE
    elif overall is not None and -margin <= overall.low and overall.high <= margin:
        decision = Decision.EQUAL
    elif found.n_blocks >= challenge.max_blocks:
        decision = Decision.UNDECIDED
    return replace(challenge, decision=decision, n_blocks=found.n_blocks)


def measure_losses(challenge: Challenge, pairs: Sequence[tuple[ScoreRow, OutcomeRow]]) -> Losses:
    """Return the losses of rows beside what came."""
    targets = make_targets(
        np.array([[o.quantities.get(q, np.nan) for q in QUANTITIES] for _, o in pairs]).reshape(
            len(pairs), len(QUANTITIES)
        ),
        decode_json(encode_json(challenge.thresholds), Thresholds),
    )
    hour = np.array([row.scored_ms // challenge.block_ms for row, _ in pairs], dtype=np.int64)
    usual = _means(targets)
    said = {
        "champion": _said(pairs, "champion"),
        "challenger": _said(pairs, "challenger"),
        "constant": np.broadcast_to(usual, targets.shape),
    }
    losses = {name: _head_losses(each, targets) for name, each in said.items()}
    base = _means(losses["constant"])
    base[base == 0] = np.nan  # outcomes that are all alike tell nothing
    return Losses(
        hour=hour - hour.min(initial=hour[0] if len(hour) else 0),
        **{name: each / base for name, each in losses.items()},
    )


def _said(pairs: Sequence[tuple[ScoreRow, OutcomeRow]], model: str) -> Array:
    """Return what a model said of the targets, ``[rows, targets]``."""
    said = np.array(
        [[row.scores[model].get(name, np.nan) for name in TARGETS] for row, _ in pairs]
    ).reshape(len(pairs), len(TARGETS))
    said[:, INFLUENCE] = np.log1p(np.maximum(said[:, INFLUENCE], 0.0))  # its target's unit
    return said


def _head_losses(said: Array, targets: Array) -> Array:
    """Return squared errors summed over each head's targets, ``[rows, heads]``; NaN of none."""
    squared = (said - targets) ** 2
    found = np.full((len(targets), len(HEADS)), np.nan)
    for nth, head in enumerate(HEADS):
        own = squared[:, HEAD_COLUMNS[head]]
        is_known = ~np.isnan(own).all(axis=1)
        found[is_known, nth] = np.nansum(own[is_known], axis=1)
    return found


def _means(values: Array) -> Array:
    """Return the mean of each column over what is known of it, NaN of nothing."""
    is_known = ~np.isnan(values)
    n = is_known.sum(axis=0)
    total = np.where(is_known, values, 0.0).sum(axis=0)
    means: Array = np.divide(total, n, out=np.full(values.shape[1], np.nan), where=n > 0)
    return means


def _overall(gains: Array, weights: Array) -> Array:
    """Return the weighted mean over the heads that are measured, ``[rows]``; NaN of none."""
    counts = np.where(np.isnan(gains), 0.0, weights)
    total = counts.sum(axis=1)
    summed = (np.nan_to_num(gains) * counts).sum(axis=1)
    means: Array = np.divide(summed, total, out=np.full(len(gains), np.nan), where=total > 0)
    return means


def _by_hour(hour: NDArray[np.int64], values: Array) -> tuple[Array, Array]:
    """Return sum and number of what is known, of each block from the first to the last."""
    is_known = ~np.isnan(values)
    own, n = hour[is_known], int(hour.max(initial=-1)) + 1
    sums: Array = np.bincount(own, values[is_known], n).astype(np.float64)
    return sums, np.bincount(own, minlength=n).astype(np.float64)


def _head(losses: Losses, nth: int, length: int, alpha: float) -> HeadDifference:
    champion, challenger = losses.champion[:, nth], losses.challenger[:, nth]
    is_known = ~np.isnan(champion - challenger)
    gains = champion - challenger
    n = int(is_known.sum())
    return HeadDifference(
        head=HEADS[nth],
        n_rows=n,
        champion_skill=1 - float(champion[is_known].mean()) if n else None,
        challenger_skill=1 - float(challenger[is_known].mean()) if n else None,
        difference=sequence_interval(block_means(*_by_hour(losses.hour, gains), length), alpha),
    )


def _days(blocks: Array, challenge: Challenge, length: int, alpha: float) -> float | None:
    if len(blocks) < FEWEST_BLOCKS:
        return None
    needed = blocks_needed(float(blocks.var(ddof=1)), challenge.margin, alpha)
    return needed * length * challenge.block_ms / 86_400_000


def _curve(blocks: Array, alpha: float) -> Iterable[DifferencePoint]:
    counts = np.unique(np.linspace(FEWEST_BLOCKS, max(len(blocks), 1), N_POINTS).astype(int))
    for n in counts[counts <= len(blocks)].tolist():
        found: Interval | None = sequence_interval(blocks[:n], alpha)
        if found is not None:
            yield DifferencePoint(n, found.value, found.low, found.high)
