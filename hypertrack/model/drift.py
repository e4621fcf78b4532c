"""Drift: how far what is scored now lies from what a model was trained on.

The population stability index of one number: over bins with shares ``p`` in training and ``q`` now,
the sum of ``(q - p) ln(q / p)``. Below .1 nothing has moved, above .25 a model is asked about
wallets of another kind than it has seen.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import TrainingBins

Array = NDArray[np.float64]

N_BINS = 10
"""At most: a number that is often the same has fewer."""

MISSING = "-"
"""Stands for no value where bins are written as digits."""

EMPTY_SHARE = 1e-4
"""Of a bin without rows, whose logarithm would be infinite."""

FEWEST_ROWS = 200
"""Of fewer rows chance alone moves the index by a tenth: nine degrees of freedom over 200 rows, and
as much again for rows of a wallet that resemble each other."""


def bins_of(values: Array) -> TrainingBins:
    """Return tenths of the known values; NaN is no value, and of infinite ones no edge is made."""
    known = values[np.isfinite(values)]
    quantiles = np.quantile(known, np.arange(1, N_BINS) / N_BINS) if len(known) else np.zeros(0)
    edges = np.unique(quantiles)
    counts = np.bincount(_places(values, edges), minlength=len(edges) + 2)
    shares = counts / max(len(values), 1)
    return TrainingBins(edges=tuple(edges.tolist()), shares=tuple(shares.tolist()))


def digits(values: Array, bins: Sequence[TrainingBins]) -> list[str]:
    """Return for each row the bin of each number as a digit, ``[rows]`` texts.

    Args:
        values: ``[rows, numbers]``, in the order of the bins.
    """
    letters = np.full(values.shape, MISSING, dtype="U1")
    for nth, one in enumerate(bins):
        places = _places(values[:, nth], np.array(one.edges))
        is_known = places <= len(one.edges)
        letters[is_known, nth] = places[is_known].astype("U1")
    return ["".join(row) for row in letters.tolist()]


def counts_of_digits(rows: Iterable[str], bins: Sequence[TrainingBins]) -> list[Array]:
    """Return the counts that rows of digits stand for, ``[bins]`` of each number.

    A row that is not as long as there are numbers is of another model, and is left out.
    """
    whole = [row for row in rows if len(row) == len(bins)]
    letters = np.array([list(row) for row in whole], dtype="U1").reshape(len(whole), len(bins))
    return [_count(letters[:, nth], len(one.edges) + 1) for nth, one in enumerate(bins)]


def _count(letters: NDArray[np.str_], n_bins: int) -> Array:
    found = [np.count_nonzero(letters == str(place)) for place in range(n_bins)]
    return np.array([*found, np.count_nonzero(letters == MISSING)], dtype=np.float64)


def counts_of_values(values: Array, bins: TrainingBins) -> Array:
    """Return how many values lie in each bin, ``[bins]``; last those that are none."""
    places = _places(values, np.array(bins.edges))
    return np.bincount(places, minlength=len(bins.edges) + 2).astype(np.float64)


def stability_index(bins: TrainingBins, counts: Array) -> float | None:
    """Return how far rows lie from training; None of fewer than `FEWEST_ROWS`.

    Source:
        Worked by hand in tests/model/test_drift.py.
    """
    n = counts.sum()
    if n < FEWEST_ROWS or len(counts) != len(bins.shares):
        return None
    then = np.maximum(np.array(bins.shares), EMPTY_SHARE)
    now = np.maximum(counts / n, EMPTY_SHARE)
    return float(((now - then) * np.log(now / then)).sum())


def indices(bins: Mapping[str, TrainingBins], counts: Mapping[str, Array]) -> dict[str, float]:
    """Return the index of each number that has one, the largest first."""
    found = {name: stability_index(one, counts[name]) for name, one in bins.items()}
    known = [(name, value) for name, value in found.items() if value is not None]
    return dict(sorted(known, key=lambda one: (-one[1], one[0])))


def _places(values: Array, edges: Array) -> NDArray[np.intp]:
    """Return the bin of each value; one after the last of those that are none."""
    places = np.searchsorted(edges, values, side="right")
    return np.where(np.isnan(values), len(edges) + 1, places)
