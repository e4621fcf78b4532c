"""What the network has to beat: each baseline predicts the same targets of the same rows."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # has no types

from hypertrack.labels.targets import TARGETS
from hypertrack.model.inputs import InputScaler, center_and_scale
from hypertrack.model.samples import Samples
from hypertrack.records import BINARY_HEADS, STYLE_DIMENSIONS

Array = NDArray[np.float64]

Baseline = Callable[[Samples, InputScaler], Array]
"""Fits on the training rows alone; returns predictions of the test rows, ``[rows, targets]``."""

MIN_ROWS = 20
"""With fewer rows that have the target, a baseline falls back to the constant."""

MANY_ROWS = 20_000
"""From here on more threads are faster."""


def constant(samples: Samples, scaler: InputScaler) -> Array:
    """Predict the mean of the training targets for everyone."""
    del scaler
    targets = samples.targets(samples.train)
    means = [_mean(targets[:, column]) for column in range(len(TARGETS))]
    return np.tile(means, (len(samples.test), 1))


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

    return _by_target(samples, lambda c: inputs(train, c), lambda c: inputs(test, c), _linear_model)


def linear(samples: Samples, scaler: InputScaler) -> Array:
    """Predict by logistic regression or ridge on what the network reads."""
    train = scaler.transform(samples.train.features).astype(np.float64)
    test = scaler.transform(samples.test.features).astype(np.float64)
    return _by_target(samples, lambda _: train, lambda _: test, _linear_model)


def trees(samples: Samples, scaler: InputScaler) -> Array:
    """Predict by gradient-boosted trees on the features as they are."""
    del scaler
    train, test = samples.train.features, samples.test.features
    return _by_target(samples, lambda _: train, lambda _: test, _tree_model)


BASELINES: Mapping[str, Baseline] = {
    "persistence": persistence,
    "linear": linear,
    "trees": trees,
}
"""Beside `constant`, whose skill is 0 by definition."""


def _by_target(
    samples: Samples,
    train_inputs: Callable[[int], Array],
    test_inputs: Callable[[int], Array],
    make_model: Callable[[bool], Any],
) -> Array:
    """Fit a model per target on the training rows that have it; predict all test rows."""
    targets = samples.targets(samples.train)
    predicted = np.empty((len(samples.test), len(TARGETS)))
    for column, name in enumerate(TARGETS):
        wanted = targets[:, column]
        is_known = ~np.isnan(wanted)
        if is_known.sum() < MIN_ROWS or len(np.unique(wanted[is_known])) < 2 or not len(predicted):
            predicted[:, column] = _mean(wanted)
            continue
        model = make_model(name in BINARY_HEADS)
        # On few rows threads wait for each other, up to a hundred times as long as one works.
        with threadpool_limits(1 if len(wanted) < MANY_ROWS else None):
            model.fit(train_inputs(column)[is_known], wanted[is_known])
            predicted[:, column] = _within(name, _answers(model, test_inputs(column)))
    return predicted


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


def _within(name: str, values: Array) -> Array:
    """Return predictions inside what the target can be."""
    return np.clip(
        values, -1 if name in STYLE_DIMENSIONS else 0, None if name == "influence_score" else 1
    )


def _mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def _unskewed(values: Array) -> Array:
    return np.sign(values) * np.log1p(np.abs(values))
