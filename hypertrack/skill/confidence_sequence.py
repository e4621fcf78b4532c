"""An interval for a mean over blocks of time that may be looked at any time.

Whoever looks at a 95 % interval again and again, and stops when it excludes 0, errs in 43 to 51 %
of runs without any difference. This one is valid at all times together: at most a share alpha of
runs ever exclude what is true.
"""

from math import log, sqrt

import numpy as np

from hypertrack.records import BlockMean
from hypertrack.skill.arrays import Floats

FEWEST_BLOCKS = 30
"""From which on an interval is said: it holds asymptotically, and fewer say too little of the
variance."""

TIGHTEST_AT_BLOCKS = 200
"""At which the interval is about as narrow as one that holds at all times can be."""

ALPHA = 0.05

LAGS = (1, 2, 3)
"""At which blocks are looked at for what they have in common."""


def reach_sd(n_blocks: int, alpha: float = ALPHA) -> float:
    """Return how far the interval reaches to each side, in standard deviations of a block.

    Args:
        n_blocks: Seen so far, 1 at least.
        alpha: Share of runs in which the interval may ever miss the real mean; where several are
            looked at, it is shared among them.

    Source:
        Asymptotic confidence sequence (Waudby-Smith and others 2021), its boundary tuned to
        ``TIGHTEST_AT_BLOCKS``. Worked by hand in tests/skill/test_confidence_sequence.py.
    """
    rho_square = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / TIGHTEST_AT_BLOCKS
    grown = n_blocks * rho_square + 1
    return sqrt(2 * grown / (n_blocks**2 * rho_square) * log(sqrt(grown) / alpha))


def interval_at_any_time(values: Floats, alpha: float = ALPHA) -> BlockMean | None:
    """Return the mean of blocks with an interval that may be looked at any time, None of nothing.

    Args:
        values: One a block, all of the same length of time, ``[blocks]``.
        alpha: As for `reach_sd`.

    Returns:
        Without an interval before ``FEWEST_BLOCKS``, and where all blocks are equal: nothing is
        known then of how far their mean could be off.
    """
    n_blocks = len(values)
    if not n_blocks:
        return None
    mean = float(values.mean())
    sd = float(values.std(ddof=1)) if n_blocks >= FEWEST_BLOCKS else 0.0
    if not sd > 0:
        return BlockMean(value=mean, low=None, high=None, error=None)
    reach = sd * reach_sd(n_blocks, alpha)
    return BlockMean(value=mean, low=mean - reach, high=mean + reach, error=sd / sqrt(n_blocks))


def are_correlated(values: Floats) -> bool:
    """Return whether blocks move with those shortly before them, so that they are too short.

    That is a correlation beyond 2/√blocks at one of ``LAGS``; of fewer than ``FEWEST_BLOCKS``
    blocks it cannot be told.
    """
    off = values - values.mean() if len(values) else values
    square = float((off**2).sum())
    if len(values) < FEWEST_BLOCKS or square == 0:
        return False
    found = [float((off[lag:] * off[:-lag]).sum()) / square for lag in LAGS]
    return max(map(abs, found)) > 2 / sqrt(len(values))


def doubled(values: Floats) -> Floats:
    """Return means of neighbours, blocks of twice the time; a last one alone is left out."""
    pairs = values[: len(values) // 2 * 2].reshape(-1, 2)
    means: Floats = np.asarray(pairs.mean(axis=1), dtype=np.float64)
    return means
