"""The calendar of the simulated market: when people are awake, and when blocks are made."""

import numpy as np
from numpy.typing import ArrayLike

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import Floats, Ints

BLOCK_MS = 70
"""Mean time between blocks (measured on the venue: 65 to 70 ms)."""
_BLOCK_JITTER_MS = 9


def day_rhythm(time_ms: ArrayLike) -> Floats:
    """Return the market's activity over its daily mean: 1.4 at 16:00 UTC, 0.6 at 04:00."""
    hours = (np.asarray(time_ms, dtype=np.float64) % DAY_MS) / HOUR_MS
    rhythm: Floats = 1 + 0.4 * np.cos(2 * np.pi * (hours - 16) / 24)
    return rhythm


def block_times(number: Ints) -> Ints:
    """Return when blocks are made; numbers count from the Unix epoch, times rise strictly."""
    jitter = (number * 7_919 % 10_007) % (2 * _BLOCK_JITTER_MS + 1) - _BLOCK_JITTER_MS
    return number * BLOCK_MS + jitter


def block_after(time_ms: ArrayLike) -> Ints:
    """Return the number of the first block that surely comes after the times."""
    return np.asarray(time_ms, dtype=np.int64) // BLOCK_MS + 1


def block_before(time_ms: ArrayLike) -> Ints:
    """Return when the last block was made that surely comes before the times."""
    return block_times(np.asarray(time_ms, dtype=np.int64) // BLOCK_MS - 1)
