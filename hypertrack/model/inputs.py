"""From features to what the network reads: comparable, unskewed, scaled, with missing flags.

Beside the features stands what a wallet's own past lets expect of its edge (`OWN_EDGES`).
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hypertrack.features.definition import Feature
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.features.names import ALIASES
from hypertrack.features.registry import REGISTRY, select
from hypertrack.labels.cuts import Window
from hypertrack.skill.own_edges import OWN_EDGES, OwnEdge, own_edges, unknown

Array = NDArray[np.float64]

LIMIT = 8.0
"""Standard deviations at which an input is cut off, so that no wallet drowns the others."""

DECIMALS = 4
"""Sums are made in parallel, in any order: inputs are rounded to be the same in every run."""


@dataclass(frozen=True)
class InputScaler:
    """Turns features into inputs; what it knows of the data was fitted on training rows alone.

    Inputs are the features in order, then a flag for each of those that can be missing.
    """

    names: tuple[str, ...]
    mean: Array
    """``[features]``, of unskewed training values."""
    std: Array

    @classmethod
    def fit(cls, names: Sequence[str], values: Array) -> Self:
        """Return a scaler for these training rows.

        Args:
            names: Of the features.
            values: As `comparable` returns them, ``[rows, features]``.
        """
        mean, std = center_and_scale(_unskew(values, _is_heavy(names)))
        return cls(tuple(names), mean, np.maximum(std, _least_spread(names)))

    @property
    def n_inputs(self) -> int:
        """Return how many numbers the network reads of a wallet."""
        return len(self.names) + int(_can_miss(self.names).sum())

    @property
    def is_of_feature(self) -> NDArray[np.bool_]:
        """Return which feature each input is made from, ``[inputs, features]``."""
        place = np.append(np.arange(len(self.names)), np.flatnonzero(_can_miss(self.names)))
        is_of_feature: NDArray[np.bool_] = place[:, None] == np.arange(len(self.names))
        return is_of_feature

    def transform(self, values: Array) -> NDArray[np.float32]:
        """Return ``[rows, inputs]``; a missing feature is 0, the training mean, and flagged."""
        scaled = (_unskew(values, _is_heavy(self.names)) - self.mean) / self.std
        is_missing = np.isnan(scaled)
        scaled = np.where(is_missing, 0.0, np.clip(scaled, -LIMIT, LIMIT))
        flags = is_missing[:, _can_miss(self.names)]
        return np.hstack([np.round(scaled, DECIMALS), flags]).astype(np.float32)


def input_names(groups: Sequence[str]) -> tuple[str, ...]:
    """Return what a model reads of a wallet where these groups of features are in force."""
    return (*(feature.name for feature in select(groups)), *OWN_EDGES)


def as_read(engine: FeatureEngine, matrix: FeatureMatrix) -> FeatureMatrix:
    """Return features of an engine as a model reads them: beside what their window lets expect."""
    own = unknown(engine.n_wallets)
    if matrix.n_executions.any():  # else answers about accounts alone, or HyperEVM alone
        window = Window(matrix.start_ms, matrix.end_ms)
        own = own_edges(engine.backend, window, engine.fees, engine.n_wallets)
    return with_own_edges(matrix, own[matrix.wallet_ids])


def with_own_edges(matrix: FeatureMatrix, own: Array) -> FeatureMatrix:
    """Return features beside what the past lets expect, ``[wallets, columns of OWN_EDGES]``."""
    names = (*matrix.names, *OWN_EDGES)
    return replace(matrix, names=names, values=np.hstack([matrix.values, own]))


def comparable(matrix: FeatureMatrix, rows: slice = slice(None)) -> Array:
    """Return features of windows of any length in units that compare, ``[rows, features]``.

    What grows with time is taken per observed day.
    """
    return matrix.values[rows] / window_factors(matrix)


def window_factors(matrix: FeatureMatrix) -> Array:
    """Return what comparable units are multiplied by to be those of the matrix, ``[features]``."""
    is_extensive = np.array([_grows(name) for name in matrix.names], dtype=bool)
    return np.where(is_extensive, matrix.observed_days, 1.0)


def center_and_scale(values: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation of each column's known values, ``[columns]`` each.

    A column without any has mean 0; one that does not vary has deviation 1.
    """
    is_known = ~np.isnan(values)
    n_known = np.maximum(is_known.sum(axis=0), 1)
    mean = np.where(is_known, values, 0).sum(axis=0) / n_known
    std = np.sqrt((np.where(is_known, values - mean, 0) ** 2).sum(axis=0) / n_known)
    return mean, np.where(std > 1e-12, std, 1.0)


def typical(values: Array) -> Array:
    """Return each column's median, ``[columns]``; NaN where most rows have no value."""
    is_known = ~np.isnan(values)
    is_common = is_known.mean(axis=0) > 0.5
    median = np.full(values.shape[1], np.nan)
    median[is_common] = np.nanmedian(values[:, is_common], axis=0)
    return median


def feature_hash(names: Sequence[str]) -> str:
    """Return a short hash of feature names and their order."""
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:16]


def _definition(name: str) -> Feature | OwnEdge:
    return OWN_EDGES.get(name) or REGISTRY[ALIASES.get(name, name)]


def _grows(name: str) -> bool:
    definition = _definition(name)
    return isinstance(definition, Feature) and definition.is_extensive


def _is_heavy(names: Sequence[str]) -> NDArray[np.bool_]:
    """Return which features have tails: all but shares."""
    return np.array([_definition(name).unit != "0..1" for name in names], dtype=bool)


def _least_spread(names: Sequence[str]) -> Array:
    """Return the deviation of unskewed values below which there is none, ``[columns]``."""
    own = [OWN_EDGES[name].least if name in OWN_EDGES else 0.0 for name in names]
    return _unskew(np.array(own), _is_heavy(names))


def _can_miss(names: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([math.isnan(_definition(name).missing) for name in names], dtype=bool)


def _unskew(values: Array, is_heavy: NDArray[np.bool_]) -> Array:
    return np.where(is_heavy, np.copysign(np.log1p(np.abs(values)), values), values)
