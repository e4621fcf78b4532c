"""What training minimises: the errors of all targets as one number, a member at a time."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from hypertrack.config import TrainSettings
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.network import WalletNet
from hypertrack.records import BINARY_HEADS

LOG_LOSS_UNIT = 0.35
"""Makes the log loss of a coin flip weigh about as much as its Brier score."""

BINARY = slice(0, len(BINARY_HEADS))


@dataclass(frozen=True)
class Objective:
    """How errors add up.

    Attributes:
        weights: Of each target, ``[targets]``; 0 where it cannot be learnt.
    """

    weights: Tensor
    settings: TrainSettings

    @classmethod
    def of(cls, is_trainable: Tensor, settings: TrainSettings, device: torch.device) -> Self:
        """Return the objective of targets of which some can be learnt, ``[targets]``."""
        weights = torch.zeros(len(TARGETS))
        for head, columns in HEAD_COLUMNS.items():  # a head's targets share its weight
            weights[columns] = settings.weight_by_head[head] / len(TARGETS[columns])
        return cls((weights * is_trainable).to(device), settings)

    def loss(self, logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        """Return what a step makes smaller.

        Members share no weight, so that their sum trains each of them by itself.

        Args:
            logits: ``[members, rows, targets]``; the others likewise.
        """
        outputs = WalletNet.outputs(logits)
        wrong = mean_error(self._errors(logits, outputs, targets), mask)  # [members, targets]
        # The original's output diversity.
        spread = outputs[..., self.weights > 0].std(dim=1, correction=0).mean(dim=-1)  # [members]
        return (wrong * self.weights).sum() - self.settings.diversity_weight * spread.sum()

    def _errors(self, logits: Tensor, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return squared errors, or the log loss of the binary heads where that is asked for."""
        errors = (outputs - targets) ** 2
        if self.settings.binary_loss == "brier":
            return errors
        log_loss = nn.functional.binary_cross_entropy_with_logits(
            logits[..., BINARY], targets[..., BINARY], reduction="none"
        )
        return torch.cat([LOG_LOSS_UNIT * log_loss, errors[..., len(BINARY_HEADS) :]], dim=-1)


def mean_error(errors: Tensor, mask: Tensor) -> Tensor:
    """Return the mean of each target over the rows that have it, ``[…, targets]``.

    Args:
        errors: ``[…, rows, targets]``.
        mask: The same; 1 where the row has the target.
    """
    return (errors * mask).sum(dim=-2) / mask.sum(dim=-2).clamp(min=1)
