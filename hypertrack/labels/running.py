"""Sums and peaks so far within groups of rows that lie together."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def group_starts(*keys: NDArray[Any]) -> Ints:
    """Return where groups of equal keys begin, of rows that lie in the order of the keys."""
    is_new = np.zeros(len(keys[0]), dtype=np.bool_)
    is_new[:1] = True
    for key in keys:
        is_new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(is_new)


def group_of_rows(starts: Ints, n_rows: int) -> Ints:
    """Return the number of each row's group."""
    return np.repeat(np.arange(len(starts)), np.diff(np.append(starts, n_rows)))


def running_sums(values: Floats, starts: Ints) -> Floats:
    """Return the sum so far within each row's group, the row included.

    Each group is taken back out where the next one begins, in more digits than a float has, so
    that none inherits the rounding of a larger one before it.
    """
    wide = values.astype(np.longdouble)
    if len(starts):
        wide[starts[1:]] -= np.add.reduceat(wide, starts)[:-1]
    return np.cumsum(wide).astype(np.float64)


def running_peaks(values: Floats, starts: Ints) -> Floats:
    """Return the largest value so far within each row's group, the row included."""
    # Ranks are whole numbers: those of a group can be lifted above all of the one before it.
    order = np.argsort(values)
    lifted = np.empty(len(values), dtype=np.int64)
    lifted[order] = np.arange(len(values))
    base = group_of_rows(starts, len(values)) * len(values)
    return values[order[np.maximum.accumulate(lifted + base) - base]]


def before(values: Floats, starts: Ints, first: float) -> Floats:
    """Return the value of the row before in each row's group, ``first`` where there is none."""
    shifted = np.empty_like(values)
    shifted[1:] = values[:-1]
    shifted[starts] = first
    return shifted
