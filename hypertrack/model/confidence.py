"""How sure a mean of blocks is, at every number of blocks at once: it may be looked at any time.

An interval of 95 % that is looked at after each block excludes the truth at some time in nearly
half of all runs. A confidence sequence does so in at most a twentieth of them, however often one
looks and whenever one stops. It is asymptotic: of blocks as skewed as an exponential, 8 % of runs
do, looked at from 30 blocks on; means of many rows are less skewed.
"""

import math

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import Interval

Array = NDArray[np.float64]

MOST_PRECISE_AT = 200
"""Blocks at which the sequence is tightest."""

FEWEST_BLOCKS = 30
"""Of fewer nothing is said: it holds for many."""

LAGS = (1, 2, 3)
"""At which blocks must not resemble one another."""

ROUNDING_FRAC = 1e-9
"""Blocks that differ by less are the same."""


def half_width(n: int | Array, variance: float | Array, alpha: float) -> Array:
    """Return half the width of the sequence's interval after ``n`` blocks.

    Args:
        n: Blocks so far, 1 or more.
        variance: Of their values.
        alpha: Chance that the truth is ever outside.

    Source:
        Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory and
        asymptotic confidence sequences, eq. 9 and 10; worked by hand in
        tests/model/test_confidence.py.
    """
    rho2 = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / MOST_PRECISE_AT
    count = np.asarray(n, dtype=np.float64)
    spread = count * rho2 + 1
    bound = 2 * spread / (count**2 * rho2) * np.log(np.sqrt(spread) / alpha)
    return np.asarray(np.sqrt(variance) * np.sqrt(bound), dtype=np.float64)


def sequence_interval(values: Array, alpha: float) -> Interval | None:
    """Return the mean of blocks with its interval; None of fewer than `FEWEST_BLOCKS`."""
    n = len(values)
    if n < FEWEST_BLOCKS:
        return None
    mean, half = float(values.mean()), float(half_width(n, float(values.var(ddof=1)), alpha))
    return Interval(value=mean, low=mean - half, high=mean + half)


def blocks_needed(variance: float, margin: float, alpha: float) -> int:
    """Return after how many blocks an interval is narrower than a margin on either side."""
    n = FEWEST_BLOCKS
    while float(half_width(n, variance, alpha)) > margin and n < 10**9:
        n *= 2
    low = max(n // 2, FEWEST_BLOCKS)
    while low < n:
        middle = (low + n) // 2
        if float(half_width(middle, variance, alpha)) > margin:
            low = middle + 1
        else:
            n = middle
    return n


def is_serial(values: Array) -> bool:
    """Return whether blocks resemble the ones before them, beyond ±2/√n at any of `LAGS`."""
    n, centred = len(values), values - values.mean() if len(values) else values
    power = float(centred @ centred)
    rounding = ROUNDING_FRAC * float(np.abs(values).max(initial=0.0))
    if n <= max(LAGS) + 1 or power <= n * rounding**2:
        return False
    found = [float(centred[lag:] @ centred[:-lag]) / power for lag in LAGS]
    return max(abs(each) for each in found) > 2 / math.sqrt(n)


def block_means(sums: Array, counts: Array, length: int) -> Array:
    """Return the mean of each block of ``length`` hours that has rows; the last may be short.

    Args:
        sums: Of the rows of each hour, in order, those without any too.
        counts: Rows of each hour.
    """
    if not len(sums):
        return np.zeros(0)
    starts = np.arange(0, len(sums), length)
    total, n = np.add.reduceat(sums, starts), np.add.reduceat(counts, starts)
    return np.asarray(total[n > 0] / n[n > 0], dtype=np.float64)


def independent_length(sums: Array, counts: Array) -> int:
    """Return how many hours a block needs to have so that blocks do not resemble one another.

    Doubled as long as they do, and as there are enough to tell.
    """
    length = 1
    while is_serial(block_means(sums, counts, length)):
        length *= 2
    return length
