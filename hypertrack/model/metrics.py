"""Measures of predictions, each with its bootstrap interval: skill, ranking, calibration.

All resamples are measured at once, as counts of how often each wallet was drawn. The first row of
the counts is the sample itself, so that a measure and its interval come from one expression.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hypertrack.records import Interval, ReliabilityBin

Array = NDArray[np.float64]
T = TypeVar("T")

N_BINS = 10
CONFIDENCE = 0.95

CHUNK = 32
"""Resamples measured at once: what a processor keeps near, for some thousand wallets."""


@dataclass(frozen=True)
class Resamples:
    """How often each resample drew each wallet."""

    counts: NDArray[np.uint8]
    """``[1 + resamples, wallets]``; row 0 is the sample itself: every wallet once."""

    @classmethod
    def draw(cls, n_wallets: int, n_resamples: int, seed: int) -> Self:
        """Draw wallets with replacement, as many as there are."""
        rng = np.random.default_rng([seed, n_wallets])
        counts = np.ones((1 + n_resamples, n_wallets), dtype=np.uint8)
        for row in counts[1:]:
            drawn = rng.integers(0, max(n_wallets, 1), n_wallets)
            row[:] = np.bincount(drawn, minlength=n_wallets)
        return cls(counts)

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Return the same resamples, of which only some wallets are looked at."""
        return type(self)(self.counts[:, chosen])

    def map(self, measure: Callable[[Array], T]) -> list[T]:
        """Return what is measured of some resamples at a time, in their order, on all processors.

        Args:
            measure: Takes the counts of some resamples, ``[wallets, chunk]``.
        """

        def of(start: int) -> T:
            counts = self.counts[start : start + CHUNK].T
            return measure(np.ascontiguousarray(counts, dtype=np.float64))

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(of, range(0, len(self.counts), CHUNK)))

    def sums(self, values: Array) -> Array:
        """Return the sum of the values drawn, ``[1 + resamples, …]``.

        Args:
            values: ``[wallets, …]``.
        """
        return np.concatenate(self.map(lambda counts: counts.T @ values))


def interval(draws: Array) -> Interval | None:
    """Return a measure with its 95 % interval; None where it is not defined.

    Args:
        draws: Of the sample itself, then of the resamples; NaN where not defined there.
    """
    drawn = draws[1:][np.isfinite(draws[1:])]
    if not np.isfinite(draws[0]) or len(drawn) == 0:
        return None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return Interval(float(draws[0]), float(low), float(high))


def skill(loss: Array, loss_of_constant: Array, resamples: Resamples) -> Interval | None:
    """Return 1 - loss / loss of the constant.

    Args:
        loss: Summed over what each wallet has, ``[wallets]``; 0 where it has nothing.
        loss_of_constant: The same of the constant.

    Returns:
        None where the constant is never wrong.
    """
    sums = resamples.sums(np.stack([loss, loss_of_constant], axis=1))
    return interval(1 - _ratio(sums[:, 0], sums[:, 1]))


@dataclass(frozen=True)
class Ranking:
    """How well a score orders wallets, over the sample and its resamples."""

    auc: Array
    """Chance that a yes is scored above a no, ``[1 + resamples]``; NaN without both."""
    rank_ic: Array
    """Spearman's rank correlation with the outcome; NaN where either is constant."""


def ranking(outcome: Array, is_yes: Array, score: Array, resamples: Resamples) -> Ranking:
    """Return how well a score orders wallets.

    Args:
        outcome: The quantity itself, ``[wallets]``.
        is_yes: Whether it counts as a yes, 1 or 0.
        score: What was predicted.
    """
    return rankings(outcome, is_yes, [score], resamples)[0]


def rankings(
    outcome: Array, is_yes: Array, scores: Sequence[Array], resamples: Resamples
) -> list[Ranking]:
    """Return how well each of several scores orders wallets (see `ranking`)."""
    by_outcome, by_score = _Ranks.of(outcome), [_Ranks.of(score) for score in scores]

    def measure(counts: Array) -> list[tuple[Array, Array]]:
        came = by_outcome.within(counts)  # [wallets, chunk]
        n_yes = is_yes @ counts
        n_no = counts.sum(axis=0) - n_yes
        found = []
        for each in by_score:
            ranks = each.within(counts)
            # A yes stands above half of its own kind, and above the no that the score puts below.
            above = is_yes @ (counts * ranks) - n_yes**2 / 2
            found.append((_ratio(above, n_yes * n_no), _correlation(counts, ranks, came)))
        return found

    by_chunk = resamples.map(measure)
    return [
        Ranking(*map(np.concatenate, zip(*of_score, strict=True)))
        for of_score in zip(*by_chunk, strict=True)
    ]


def mean_of_best(outcome: Array, score: Array, n: int, resamples: Resamples) -> Array:
    """Return the mean outcome of the n that a score puts first, ``[1 + resamples]``.

    A wallet that was drawn several times stands there as often; NaN of fewer than n wallets.
    """
    order = np.argsort(-score, kind="stable")

    def measure(counts: Array) -> Array:
        n_so_far = np.minimum(np.cumsum(counts[order], axis=0), n)
        total: Array = outcome[order] @ np.diff(n_so_far, axis=0, prepend=0)
        return total

    return (
        np.concatenate(resamples.map(measure)) / n
        if len(order) >= n
        else np.full(len(resamples.counts), np.nan)
    )


def calibration_error(is_yes: Array, probability: Array, resamples: Resamples) -> Interval | None:
    """Return the expected calibration error over ten bins; None without rows.

    The mean over bins, by rows, of |share of yes - mean probability|. Chance alone makes it
    positive, and that of resampling comes on top: the interval is shifted back by its mean.
    """
    if len(is_yes) == 0:
        return None
    gaps = resamples.sums(_one_hot(_bins(probability)) * (is_yes - probability)[:, None])
    errors = _ratio(np.abs(gaps).sum(axis=1), resamples.counts.sum(axis=1, dtype=np.float64))
    found = interval(errors)
    if found is None:
        return None
    shift = float(np.nanmean(errors[1:])) - found.value
    low, high = (float(np.clip(end - shift, 0, 1)) for end in (found.low, found.high))
    return Interval(found.value, min(low, found.value), max(high, found.value))


def reliability(
    is_yes: Array, probability: Array, resamples: Resamples
) -> tuple[ReliabilityBin, ...]:
    """Return what came of what was said, in ten bins of about as many wallets each."""
    bins = _one_hot(_bins(probability))
    came = resamples.sums(bins * is_yes[:, None])
    drawn = resamples.sums(bins)
    found = []
    for number in np.flatnonzero(drawn[0] > 0):
        share = interval(_ratio(came[:, number], drawn[:, number]))
        if share is not None:
            said = float(probability[bins[:, number] > 0].mean())
            n = int(drawn[0, number])
            found.append(ReliabilityBin(n=n, mean_predicted=said, yes_share=share))
    return tuple(found)


@dataclass(frozen=True)
class _Ranks:
    """The order of some values, from which their ranks in any resample follow."""

    order: NDArray[np.int64]
    ends: NDArray[np.int64]
    """Of each group of equal values, its last place in the order."""
    group: NDArray[np.int64]
    """Of each value, ``[wallets]``."""

    @classmethod
    def of(cls, values: Array) -> Self:
        order = np.argsort(values, kind="stable")
        ordered = values[order]
        is_last = np.append(ordered[1:] != ordered[:-1], True)[: len(values)]
        group = np.empty(len(values), dtype=np.int64)
        group[order] = np.cumsum(is_last) - is_last
        return cls(order, np.flatnonzero(is_last), group)

    def within(self, counts: Array) -> Array:
        """Return how many stand below each value, and half of those beside it."""
        high = np.cumsum(counts[self.order], axis=0)[self.ends]  # [groups, chunk]
        middle = high / 2
        middle[1:] += high[:-1] / 2
        ranks: Array = middle[self.group]
        return ranks


def _correlation(counts: Array, a: Array, b: Array) -> Array:
    """Return the correlation of two ranks in each resample; their mean is half their number."""
    middle = counts.sum(axis=0) / 2
    a, b = a - middle, b - middle
    weighted_a = counts * a
    both, of_a = (np.einsum("wc,wc->c", weighted_a, x) for x in (b, a))
    of_b = np.einsum("wc,wc->c", counts * b, b)
    return _ratio(both, np.sqrt(of_a * of_b))


def _bins(probability: Array) -> NDArray[np.int64]:
    """Return a bin for each wallet, equally filled; the same probability has the same bin."""
    rank = rankdata(probability)  # from 1, the mean of equal ones
    bins: NDArray[np.int64] = (np.ceil(rank * N_BINS / max(len(rank), 1)) - 1).astype(np.int64)
    return bins


def _one_hot(bins: NDArray[np.int64]) -> Array:
    hot: Array = (bins[:, None] == np.arange(N_BINS)).astype(np.float64)
    return hot


def _ratio(above: Array, below: Array) -> Array:
    """Return the ratio, NaN where there is nothing below."""
    ratio: Array = np.divide(above, below, out=np.full(len(below), np.nan), where=below > 0)
    return ratio
