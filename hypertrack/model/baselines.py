"""What the network has to beat: each baseline predicts the same targets of the same rows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no types

from hypertrack.labels.targets import EDGE_HEADS, HEAD_COLUMNS, TARGETS
from hypertrack.model.bins import Bins
from hypertrack.model.inputs import InputScaler, center_and_scale
from hypertrack.model.linear import Linear
from hypertrack.model.network import HIGHEST, LOWEST
from hypertrack.model.samples import Samples
from hypertrack.model.trees import Trees
from hypertrack.records import BINARY_HEADS

Array = NDArray[np.float64]

Baseline = Callable[[Samples, InputScaler], Array]
"""Fits on the training rows alone; returns predictions of the test rows, ``[rows, targets]``."""

MIN_ROWS = 20
"""With fewer rows that have the target, a baseline falls back to the constant."""


def constant(samples: Samples, scaler: InputScaler) -> Array:
    """Predict the mean of the training targets for everyone."""
    del scaler
    return np.tile(_constants(samples), (len(samples.test), 1))


def persistence(samples: Samples, scaler: InputScaler) -> Array:
    """Predict from the same quantity in the feature window: what was, will be.

    By logistic regression or ridge on that one number, unskewed, and whether it is missing.
    """
    del scaler
    train, test = _unskewed(samples.train.past), _unskewed(samples.test.past)
    mean, std = center_and_scale(train)

    def inputs(past: Array, column: int) -> Array:
        own = (past[:, column] - mean[column]) / std[column]
        return np.stack([np.nan_to_num(own), np.isnan(own)], axis=1)

    models, constants = _fit_each(samples, lambda column: inputs(train, column), _linear_model)
    predicted = np.tile(constants, (len(test), 1))
    for column, model in models.items() if len(test) else ():
        predicted[:, column] = _answers(model, inputs(test, column))
    return within_range(predicted)


def shrinkage(samples: Samples, scaler: InputScaler) -> Array:
    """Predict edges from what is expected by shrinkage of the feature window alone.

    By logistic regression on that, what it leaves open, the number of bets and their cost; of
    everything else, the mean.
    """
    del scaler
    train, test = _unskewed(samples.train.shrunk), _unskewed(samples.test.shrunk)
    mean, std = center_and_scale(train)
    inputs, asked = (np.nan_to_num((rows - mean) / std) for rows in (train, test))
    columns = [HEAD_COLUMNS[head].start for head in EDGE_HEADS]
    models, constants = _fit_each(samples, lambda _: inputs, _linear_model, columns)
    predicted = np.tile(constants, (len(asked), 1))
    for column, model in models.items() if len(asked) else ():
        predicted[:, column] = _answers(model, asked)
    return within_range(predicted)


def linear(samples: Samples, scaler: InputScaler) -> Array:
    """Predict by logistic regression or ridge on what the network reads."""
    return within_range(fit_linear(samples, scaler).predict(samples.test.features))


def trees(samples: Samples, scaler: InputScaler) -> Array:
    """Predict by gradient-boosted trees on the features as they are."""
    return within_range(fit_trees(samples, scaler).predict(samples.test.features))


class Fitted(Protocol):
    """A baseline that was fitted, and can be asked about any wallet."""

    def predict(self, features: Array) -> Array:
        """Return what is expected of each row, ``[rows, targets]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``; NaN is missing.
        """


def fit_linear(samples: Samples, scaler: InputScaler) -> Linear:
    """Fit a linear model on the training rows."""
    inputs = scaler.transform(samples.train.features).astype(np.float64)
    models, constants = _fit_each(samples, lambda _: inputs, _linear_model)
    return Linear.of(scaler, models, constants)


def fit_trees(samples: Samples, scaler: InputScaler) -> Trees:
    """Fit gradient-boosted trees on the training rows."""
    del scaler
    bins = Bins.of(samples.train.features)
    numbers = bins.numbers(samples.train.features)
    trees = Trees.of(*_fit_each(samples, lambda _: numbers, _tree_model))
    return replace(trees, threshold=bins.thresholds(trees.feature, trees.threshold))


FITS: Mapping[str, Callable[[Samples, InputScaler], Fitted]] = {
    "linear": fit_linear,
    "trees": fit_trees,
}
"""Those that can stand in for the network."""

SHRINKAGE = "shrinkage"

BASELINES: Mapping[str, Baseline] = {
    "persistence": persistence,
    SHRINKAGE: shrinkage,
    "linear": linear,
    "trees": trees,
}
"""Beside `constant`, whose skill is 0 by definition."""


def fit_one(samples: Samples, inputs: Array, column: int) -> Any:
    """Return a linear model of one target by some inputs, ``[training rows, inputs]``.

    None where too few rows have the target to tell.
    """
    return _fit_each(samples, lambda _: inputs, _linear_model, [column])[0].get(column)


def _fit_each(
    samples: Samples,
    inputs: Callable[[int], Array],
    make_model: Callable[[bool], Any],
    columns: Sequence[int] = range(len(TARGETS)),
) -> tuple[dict[int, Any], Array]:
    """Fit a model per target on the training rows that have it, each as much as it counts.

    Args:
        columns: The targets that are asked for.

    Returns:
        Models by target, and what to say of targets without one, ``[targets]``.
    """
    targets, weights = samples.targets(samples.train), samples.weights(samples.train)
    models = {}
    for column in columns:
        name = TARGETS[column]
        wanted = targets[:, column]
        is_known = ~np.isnan(wanted)
        if is_known.sum() < MIN_ROWS or len(np.unique(wanted[is_known])) < 2:
            continue
        models[column] = make_model(name in BINARY_HEADS)
        # Threads that share a fit wait for each other at every node: on few rows, or beside other
        # work on the machine, ten to a hundred times as long as one works.
        with threadpool_limits(1):
            models[column].fit(
                _filled(inputs(column)[is_known]),
                wanted[is_known],
                sample_weight=weights[is_known, column],
            )
    return models, _constants(samples)


def _constants(samples: Samples) -> Array:
    """Return the mean of each training target, each row as much as it counts, ``[targets]``."""
    targets, weights = samples.targets(samples.train), samples.weights(samples.train)
    weights = np.where(np.isnan(targets), 0.0, weights)
    total = weights.sum(axis=0)
    mean: Array = np.nansum(weights * targets, axis=0) / np.where(total > 0, total, 1.0)
    return mean


def _filled(rows: Array) -> Array:
    """Return rows in which a feature that no row has is 0 in all: scikit-learn cannot bin none."""
    is_empty = np.isnan(rows).all(axis=0)
    return np.where(is_empty, 0.0, rows) if is_empty.any() else rows


def _linear_model(is_binary: bool) -> Any:
    return LogisticRegression(C=0.1, max_iter=2_000) if is_binary else Ridge(alpha=10.0)


def _tree_model(is_binary: bool) -> Any:
    # Slow learning and large leaves: outcomes are mostly noise.
    options = {
        "max_iter": 60,
        "learning_rate": 0.06,
        "max_leaf_nodes": 12,
        "min_samples_leaf": 30,
        "l2_regularization": 1.0,
        "early_stopping": False,
        "random_state": 0,
    }
    kind = HistGradientBoostingClassifier if is_binary else HistGradientBoostingRegressor
    return kind(**options)


def _answers(model: Any, inputs: Array) -> Array:
    if hasattr(model, "predict_proba"):
        probabilities: Array = model.predict_proba(inputs)[:, 1]
        return probabilities
    values: Array = model.predict(inputs)
    return values


def within_range(values: Array) -> Array:
    """Return predictions inside what the targets can be, ``[rows, targets]``."""
    limited: Array = np.clip(values, LOWEST.numpy(), HIGHEST.numpy())
    return limited


def _unskewed(values: Array) -> Array:
    return np.sign(values) * np.log1p(np.abs(values))
