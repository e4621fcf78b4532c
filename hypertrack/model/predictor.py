"""Who answers for which score: the network, or what stands in for it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hypertrack.labels.targets import HEAD_COLUMNS
from hypertrack.model.baselines import Fitted, within_range
from hypertrack.model.inputs import InputScaler
from hypertrack.model.network import WalletNet, to_scores
from hypertrack.records import HEADS

NET = "net"

ROWS_AT_ONCE = 4_096
"""What every layer says of so many rows stays in the processor's cache."""


@dataclass(frozen=True)
class Predictor:
    """A network, and what answers in place of it for some heads.

    Attributes:
        network: In evaluation mode, on the CPU.
        fitted: By name.
        estimator_by_head: `NET`, or a name in ``fitted``; `NET` for a head that is not in it.
    """

    network: WalletNet
    scaler: InputScaler
    fitted: Mapping[str, Fitted]
    estimator_by_head: Mapping[str, str]

    def outputs(self, features: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return what is said of the targets, ``[rows, targets]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``.
        """
        said = predict_rows(self.network, self.scaler, features)
        for name, fitted in self.fitted.items():
            own = within_range(fitted.predict(features))
            for head in self.heads_of(name):
                said[:, HEAD_COLUMNS[head]] = own[:, HEAD_COLUMNS[head]]
        return said

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the same in the units of `Scores`, ``[rows, targets]``."""
        scores: NDArray[np.float32] = to_scores(torch.from_numpy(self.outputs(features))).numpy()
        return scores

    def heads_of(self, name: str) -> list[str]:
        """Return the heads that an estimator answers for."""
        return [head for head in HEADS if self.estimator_by_head.get(head, NET) == name]


def predict_rows(
    network: WalletNet, scaler: InputScaler, features: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Return predictions as the network makes them, ``[rows, targets]``.

    Args:
        network: In evaluation mode, on the CPU.
        features: As `comparable` returns them, ``[rows, features]``.
    """
    with torch.inference_mode():
        rows = torch.from_numpy(scaler.transform(features))
        said = [network(block) for block in torch.split(rows, ROWS_AT_ONCE)]
        predicted: NDArray[np.float32] = torch.cat(said).numpy()
    return predicted
