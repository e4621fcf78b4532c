"""Why wallets score what they score: the features that moved a score from the typical wallet's."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureMatrix
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.attribution import integrated_gradients
from hypertrack.model.baselines import Fitted
from hypertrack.model.inputs import InputScaler, comparable, window_factors
from hypertrack.model.network import to_scores
from hypertrack.model.predictor import NET, Predictor
from hypertrack.model.tree_shapley import shapley_values
from hypertrack.records import HEADS, ReasonColumns

Array = NDArray[np.float64]

N_REASONS = 5
"""Features shown for each score."""

CHUNK_ROWS = 8_192
"""Wallets explained at once: their attributions stay below 20 MB."""

MAX_IMPORTANCE_ROWS = 2_000
"""Enough for an average; more would only take longer."""

SMALLEST_SUM = 1e-6
"""Below, a sum is the typical wallet's, and its parts are nothing that moved the score."""

STYLE = HEAD_COLUMNS["trading_style"]


@dataclass(frozen=True)
class Explainer:
    """Compares wallets with the typical one.

    Attributes:
        typical: Of the training rows, in comparable units, ``[features]``; NaN is missing.
    """

    predictor: Predictor
    typical: Array

    def reasons(self, matrix: FeatureMatrix) -> ReasonColumns:
        """Return the reasons for each score of each wallet, in the order of the matrix.

        By score in the order of `HEADS`, those that moved it most first; no score that is the
        typical wallet's. Of trading style, the one dimension is explained that differs most.
        """
        found = [
            self._strongest(comparable(matrix, slice(start, start + CHUNK_ROWS)))
            for start in range(0, len(matrix.wallets), CHUNK_ROWS)
        ] or [self._strongest(comparable(matrix))]
        counts, scores, features, contributions = map(np.concatenate, zip(*found, strict=True))
        return ReasonColumns(
            ends=counts.cumsum(),
            scores=TARGETS,
            score=scores.astype(np.int8),
            features=matrix.names,
            feature=features.astype(np.int16),
            contribution=contributions,
        )

    def typical_features(self, matrix: FeatureMatrix) -> dict[str, float | None]:
        """Return the features of the typical wallet over a window as long as the matrix's."""
        values = (self.typical * window_factors(matrix)).tolist()
        return {
            name: None if math.isnan(value) else value
            for name, value in zip(matrix.names, values, strict=True)
        }

    def typical_scores(self) -> NDArray[np.float32]:
        """Return what the typical wallet scores, ``[targets]``."""
        scores: NDArray[np.float32] = self.predictor.scores(self.typical[None])[0]
        return scores

    def importance(self, features: Array) -> dict[str, dict[str, float]]:
        """Return by head and feature how far it moves a score, on average over the rows.

        Args:
            features: Of rows that were not trained on, as `comparable` returns them.
        """
        moved, _ = self.attribute(features[:MAX_IMPORTANCE_ROWS])
        mean: Array = np.abs(moved).sum(axis=0) / max(len(moved), 1)
        return {
            head: dict(zip(self._scaler.names, row.tolist(), strict=True))
            for head, row in zip(HEADS, mean, strict=True)
        }

    def attribute(self, features: Array) -> tuple[Array, NDArray[np.int64]]:
        """Return what each feature adds to one score of each head.

        By integrated gradients where the network answers; where a linear model or trees do, by
        the Shapley values of their sum, scaled to what the sum does to the score. A feature's
        missing flag counts as the feature.

        Args:
            features: As `comparable` returns them, ``[rows, features]``.

        Returns:
            The additions in the units of the scores, ``[rows, heads, features]``, and which score
            of `TARGETS` it is, ``[rows, heads]``.
        """
        columns = self._columns(features)
        moved = np.zeros((*columns.shape, len(self._scaler.names)))
        own = [HEADS.index(head) for head in self.predictor.heads_of(NET)]
        if own:
            moved[:, own] = self._integrated(features, columns[:, own])
        for name, fitted in self.predictor.fitted.items():
            for i in map(HEADS.index, self.predictor.heads_of(name)):
                moved[:, i] = self._added(fitted, features, columns[:, i])
        return moved, columns

    def differences(self, features: Array, columns: NDArray[np.int64]) -> Array:
        """Return how far scores are from the typical wallet's, ``[rows, heads]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``.
            columns: Which score of each head, as `attribute` returns them.
        """
        differs = self.predictor.scores(features) - self.typical_scores()
        found: Array = np.take_along_axis(differs, columns, axis=1).astype(np.float64)
        return found

    @property
    def _scaler(self) -> InputScaler:
        return self.predictor.scaler

    def _strongest(
        self, features: Array
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.intp], Array]:
        """Return the strongest reasons of wallets.

        Returns:
            How many each wallet has, ``[rows]``; then of each reason the score, the feature, both
            by place, and what it adds, ``[reasons]``.
        """
        moved, columns = self.attribute(features)
        places = np.argsort(-np.abs(moved), axis=2)[:, :, :N_REASONS]
        amounts = np.take_along_axis(moved, places, axis=2)  # [rows, heads, reasons]
        is_reason = amounts != 0
        scores = np.broadcast_to(columns[:, :, None], amounts.shape)
        counts = is_reason.sum(axis=(1, 2))
        return counts, scores[is_reason], places[is_reason], amounts[is_reason]

    def _columns(self, features: Array) -> NDArray[np.int64]:
        """Return which score is explained for each head, ``[rows, heads]``."""
        columns = np.tile([HEAD_COLUMNS[head].start for head in HEADS], (len(features), 1))
        differs = np.abs(self.predictor.scores(features) - self.typical_scores())[:, STYLE]
        columns[:, HEADS.index("trading_style")] += differs.argmax(axis=1)
        return columns

    def _integrated(self, features: Array, columns: NDArray[np.int64]) -> Array:
        """Return what features add to scores of the network, ``[rows, columns, features]``."""
        inputs, baseline = (
            torch.from_numpy(self._scaler.transform(rows))
            for rows in (features, self.typical[None])
        )
        network = self.predictor.network
        by_input = integrated_gradients(
            lambda begun: to_scores(network.finish(begun)),
            inputs,
            baseline[0],
            torch.from_numpy(columns),
            network.begin,
        )
        added: Array = by_input.numpy() @ self._scaler.is_of_feature.astype(np.float64)
        return added

    def _added(self, fitted: Fitted, features: Array, column: NDArray[np.int64]) -> Array:
        """Return what features add to a score of what was fitted, ``[rows, features]``."""
        added = np.zeros(features.shape)
        for target in np.unique(column).tolist():
            rows = column == target
            added[rows] = shapley_values(fitted, features[rows], self.typical, target)
        total = added.sum(axis=1)
        differs = self.differences(features, column[:, None])[:, 0]
        is_moved = np.abs(total) > SMALLEST_SUM
        factor = np.divide(differs, total, out=np.zeros(len(total)), where=is_moved)
        scaled: Array = added * np.maximum(factor, 0.0)[:, None]
        return scaled
