"""Features as numbers of bins, found once for every target that trees are grown for.

scikit-learn finds them by itself, for each target anew. Where rows have weights it also sorts a
feature once per border: of 3,000 rows of 90 features that alone took 7 s of processor time.
"""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

MAX_BINS = 255
"""As many as scikit-learn keeps apart: it takes numbers of so few as they are."""


@dataclass(frozen=True)
class Bins:
    """Where each feature is cut: at its quantiles, all rows counting the same."""

    borders: tuple[Array, ...]
    """Of each feature, rising; a value belongs to the first border that it is not above."""

    @classmethod
    def of(cls, features: Array) -> Self:
        """Return the bins of rows, ``[rows, features]``; NaN is missing and in none."""
        return cls(tuple(_borders(column[~np.isnan(column)]) for column in features.T))

    def numbers(self, features: Array) -> Array:
        """Return the bin of each value, ``[rows, features]``; NaN where it is missing."""
        numbers = np.full(features.shape, np.nan)
        for column, borders in enumerate(self.borders):
            is_known = ~np.isnan(features[:, column])
            numbers[is_known, column] = np.searchsorted(borders, features[is_known, column])
        return numbers

    def thresholds(self, feature: NDArray[np.int64], threshold: Array) -> Array:
        """Return thresholds between numbers as thresholds between values, ``[nodes]``.

        Args:
            feature: Which one each node asks about, ``[nodes]``.
            threshold: Infinite where a node asks only whether the feature is missing.
        """
        thresholds = threshold.copy()
        for node in np.flatnonzero(np.isfinite(threshold)):
            last_left = math.ceil(threshold[node]) - 1  # bins between may be empty
            thresholds[node] = self.borders[feature[node]][last_left]
        return thresholds


def _borders(known: Array) -> Array:
    """Return what scikit-learn cuts values at where none has a weight."""
    values = np.unique(known)
    if len(values) <= MAX_BINS:
        return values[:-1] / 2 + values[1:] / 2  # halved first: a sum may be too large
    inner = np.linspace(0, 100, MAX_BINS + 1)[1:-1]
    return np.unique(np.percentile(known, inner, method="averaged_inverted_cdf"))
