"""Why wallets score what they score: the features that moved a score from the typical wallet's."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureMatrix
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.attribution import integrated_gradients
from hypertrack.model.inputs import InputScaler, comparable, window_factors
from hypertrack.model.network import WalletNet, to_scores
from hypertrack.records import HEADS, Reason

Array = NDArray[np.float64]

N_REASONS = 5
"""Features shown for each score."""

CHUNK_ROWS = 8_192
"""Wallets explained at once: their attributions stay below 20 MB."""

MAX_IMPORTANCE_ROWS = 2_000
"""Enough for an average; more would only take longer."""

STYLE = HEAD_COLUMNS["trading_style"]


@dataclass(frozen=True)
class Explainer:
    """Compares wallets with the typical one.

    Attributes:
        network: In evaluation mode, on the CPU.
        typical: Of the training rows, in comparable units, ``[features]``; NaN is missing.
    """

    network: WalletNet
    scaler: InputScaler
    typical: Array

    def reasons(self, matrix: FeatureMatrix) -> Iterator[dict[str, tuple[Reason, ...]]]:
        """Yield the reasons for each score of each wallet, in the order of the matrix.

        By score in the order of `HEADS`, those that moved it most first; no score that is the
        typical wallet's. Of trading style, the one dimension is explained that differs most.
        """
        typical = (self.typical * window_factors(matrix)).tolist()
        for start in range(0, len(matrix.wallets), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            moved, columns = self.attribute(comparable(matrix, rows))
            places = np.argsort(-np.abs(moved), axis=2)[:, :, :N_REASONS]
            amounts = np.take_along_axis(moved, places, axis=2)
            values = matrix.values[rows].tolist()
            found = zip(values, columns.tolist(), places.tolist(), amounts.tolist(), strict=True)
            for own, scores, by_place, by_amount in found:
                yield {
                    TARGETS[score]: tuple(
                        Reason(
                            feature=matrix.names[i],
                            value=_known(own[i]),
                            typical=_known(typical[i]),
                            contribution=amount,
                        )
                        for i, amount in zip(some, moves, strict=True)
                        if amount != 0
                    )
                    for score, some, moves in zip(scores, by_place, by_amount, strict=True)
                    if any(moves)
                }

    def typical_scores(self) -> NDArray[np.float32]:
        """Return what the typical wallet scores, ``[targets]``."""
        with torch.inference_mode():
            scores: NDArray[np.float32] = self._predict(self._baseline[None])[0].numpy()
        return scores

    def importance(self, features: Array) -> dict[str, dict[str, float]]:
        """Return by head and feature how far it moves a score, on average over the rows.

        Args:
            features: Of rows that were not trained on, as `comparable` returns them.
        """
        moved, _ = self.attribute(features[:MAX_IMPORTANCE_ROWS])
        mean: Array = np.abs(moved).sum(axis=0) / max(len(moved), 1)
        return {
            head: dict(zip(self.scaler.names, row.tolist(), strict=True))
            for head, row in zip(HEADS, mean, strict=True)
        }

    def attribute(self, features: Array) -> tuple[Array, NDArray[np.int64]]:
        """Return what each feature adds to one score of each head.

        Args:
            features: As `comparable` returns them, ``[rows, features]``.

        Returns:
            The additions in the units of the scores, ``[rows, heads, features]``, and which score
            of `TARGETS` it is, ``[rows, heads]``. A feature's missing flag counts as the feature.
        """
        inputs = torch.from_numpy(self.scaler.transform(features))
        columns = self._columns(inputs)
        by_input = integrated_gradients(self._predict, inputs, self._baseline, columns)
        is_of_feature = np.arange(len(self.scaler.names)) == self.scaler.feature_of_input[:, None]
        moved = by_input.numpy() @ is_of_feature.astype(np.float64)
        return moved, columns.numpy()

    def differences(self, features: Array, columns: NDArray[np.int64]) -> Array:
        """Return how far scores are from the typical wallet's, ``[rows, heads]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``.
            columns: Which score of each head, as `attribute` returns them.
        """
        with torch.inference_mode():
            scores = self._predict(torch.from_numpy(self.scaler.transform(features))).numpy()
        found: Array = np.take_along_axis(scores - self.typical_scores(), columns, axis=1)
        return found

    def _predict(self, inputs: torch.Tensor) -> torch.Tensor:
        return to_scores(self.network(inputs))

    @property
    def _baseline(self) -> torch.Tensor:
        return torch.from_numpy(self.scaler.transform(self.typical[None]))[0]  # [inputs]

    def _columns(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return which score is explained for each head, ``[rows, heads]``."""
        columns = torch.tensor([HEAD_COLUMNS[head].start for head in HEADS]).repeat(len(inputs), 1)
        with torch.no_grad():
            differs = (self._predict(inputs) - self._predict(self._baseline[None]))[:, STYLE]
        columns[:, HEADS.index("trading_style")] += differs.abs().argmax(dim=1)
        return columns


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
