"""Means over bets with intervals from blocks of time: bets that overlap are not independent."""

import numpy as np
from scipy.stats import norm, t

from hypertrack.market.arrays import Floats, Ints
from hypertrack.records import BlockMean

FEWEST_BLOCKS = 5
"""Fewer tell nothing of how far a mean could be off."""

LEVEL = 0.975
"""Of both ends of a 95 % interval."""

NOTHING = 1e-18
"""Below which a sum of squares is rounding: the same bets on both sides."""

POWER = 0.8
"""With which a difference is to be told by as many recordings as are said to be needed."""


def block_mean(values: Floats, blocks: Ints) -> BlockMean | None:
    """Return a mean with its interval, None of nothing.

    Args:
        values: ``[bets]``.
        blocks: Number of the block of time that each is in.
    """
    if not len(values):
        return None
    return _with_interval(float(values.mean()), _pull(values), blocks)


def block_difference(
    first: Floats, first_blocks: Ints, second: Floats, second_blocks: Ints
) -> BlockMean | None:
    """Return the one mean less the other, paired by time; None where either is of nothing.

    What both have in common cancels within its block.
    """
    if not len(first) or not len(second):
        return None
    pull = np.append(_pull(first), -_pull(second))
    difference = float(first.mean() - second.mean())
    return _with_interval(difference, pull, np.append(first_blocks, second_blocks))


def recordings_needed(error: float, difference: float) -> int:
    """Return how many recordings, each as telling as this one, tell a difference from nothing.

    In a two-sided test at 5 %, with a power of 80 %: two at least, since this one did not.
    """
    errors = float(norm.ppf(LEVEL) + norm.ppf(POWER))
    return max(2, int(np.ceil((errors * error / difference) ** 2)))


def running_error(values: Floats, blocks: Ints, n_blocks: int) -> Floats:
    """Return the error of the sum of values up to each block, around their mean, ``[blocks]``."""
    if not len(values):
        return np.zeros(n_blocks)
    by_block = np.bincount(blocks, values - values.mean(), n_blocks)
    lagged = np.append(0.0, by_block[1:] * by_block[:-1])
    square = np.cumsum(by_block**2)
    both: Floats = np.maximum(square + 2 * np.cumsum(lagged), square)
    return np.sqrt(both)


def _pull(values: Floats) -> Floats:
    """Return by how much each value moves the mean."""
    pull: Floats = (values - values.mean()) / len(values)
    return pull


def _with_interval(value: float, pull: Floats, blocks: Ints) -> BlockMean:
    """Return the interval from the sums of the blocks; neighbours may move together."""
    by_block = np.bincount(blocks - int(blocks.min()), pull)
    n_blocks = len(np.unique(blocks))
    square = float((by_block**2).sum())
    both = square + 2 * float((by_block[1:] * by_block[:-1]).sum())
    if n_blocks < FEWEST_BLOCKS or square < NOTHING:
        return BlockMean(value=value, low=None, high=None, error=None)
    error = (max(both, square) * n_blocks / (n_blocks - 1)) ** 0.5
    reach = float(t.ppf(LEVEL, n_blocks - 1)) * error
    return BlockMean(value=value, low=value - reach, high=value + reach, error=error)
