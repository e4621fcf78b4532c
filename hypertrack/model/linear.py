"""A linear model of every target: logistic regression of the binary ones, ridge of the others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.targets import TARGETS
from hypertrack.model.inputs import InputScaler

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Linear:
    """One weight a number for each target, on what the network reads."""

    scaler: InputScaler
    weights: Array
    """``[inputs, targets]``."""
    bias: Array
    """``[targets]``."""
    is_logit: NDArray[np.bool_]
    """Whether a sum is a logit, ``[targets]``."""

    @classmethod
    def of(cls, scaler: InputScaler, models: dict[int, Any], constants: Array) -> "Linear":
        """Return what fitted models of scikit-learn say, as arrays.

        Args:
            models: `LogisticRegression` or `Ridge` by target.
            constants: What is said of targets without a model, ``[targets]``.
        """
        weights, bias = np.zeros((scaler.n_inputs, len(TARGETS))), constants.copy()
        is_logit = np.zeros(len(TARGETS), dtype=np.bool_)
        for target, model in models.items():
            weights[:, target] = np.ravel(model.coef_)
            bias[target] = float(np.ravel(model.intercept_)[0])
            is_logit[target] = hasattr(model, "predict_proba")
        return cls(scaler, weights, bias, is_logit)

    def check(self) -> None:
        """Make sure that arrays from a file fit together.

        Raises:
            ValueError: They do not.
        """
        n_targets = (len(TARGETS),)
        shapes = self.weights.shape, self.bias.shape, self.is_logit.shape
        if shapes != ((self.scaler.n_inputs, *n_targets), n_targets, n_targets):
            raise ValueError("its linear model is for other features")

    def predict(self, features: Array) -> Array:
        """Return what is expected of each row, ``[rows, targets]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``; NaN is missing.
        """
        raw: Array = self.scaler.transform(features) @ self.weights + self.bias
        raw[:, self.is_logit] = 1 / (1 + np.exp(-raw[:, self.is_logit]))
        return raw
