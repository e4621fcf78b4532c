"""Sums and peaks so far within groups of rows that lie together."""

import numpy as np

from hypertrack.market.arrays import Floats, Ints, group_of_rows


def exact_running_sums(values: Floats, starts: Ints) -> Floats:
    """Return `arrays.running_sums` in more digits than a float has.

    A drawdown is a difference of two of them: what rounding leaves of nothing would be a loss.
    """
    wide = values.astype(np.longdouble)
    if len(starts):
        wide[starts[1:]] -= np.add.reduceat(wide, starts)[:-1]
    return np.cumsum(wide, out=wide).astype(np.float64)


def running_peaks(values: Floats, starts: Ints) -> Floats:
    """Return the largest value so far within each row's group, the row included; none is NaN."""
    # Of complex numbers the real part counts first: any of a group is above all those before it.
    lifted = np.empty(len(values), dtype=np.complex128)
    lifted.real, lifted.imag = group_of_rows(starts, len(values)), values
    peaks: Floats = np.maximum.accumulate(lifted, out=lifted).imag
    return peaks


def before(values: Floats, starts: Ints, first: float) -> Floats:
    """Return the value of the row before in each row's group, ``first`` where there is none."""
    shifted = np.empty_like(values)
    shifted[1:] = values[:-1]
    shifted[starts] = first
    return shifted
