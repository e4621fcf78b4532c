"""What training minimises: the errors of all targets as one number, a member at a time."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn

from hypertrack.config import TrainSettings
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.members import TrainingRows
from hypertrack.model.network import WalletNet
from hypertrack.records import BINARY_HEADS

LOG_LOSS_UNIT = 0.35
"""Makes the log loss of a coin flip weigh about as much as its Brier score."""

LEARNED_UNIT = 0.02
"""Keeps a loss of learned weights about as large as one of fixed weights, so that the diversity
term and the limit on gradients mean the same to both."""

BINARY = slice(0, len(BINARY_HEADS))


@dataclass(frozen=True)
class Objective:
    """How errors add up.

    Attributes:
        weights: Of each target, ``[targets]``; 0 where it cannot be learnt.
        of_constant: Mean squared error of the constant on the training rows, ``[targets]``.
    """

    weights: Tensor
    of_constant: Tensor
    settings: TrainSettings

    @classmethod
    def of(
        cls, train: TrainingRows, means: Tensor, is_trainable: Tensor, settings: TrainSettings
    ) -> Self:
        """Return the objective of these training rows.

        Args:
            means: Of their targets, ``[targets]``.
            is_trainable: ``[targets]``.
        """
        weights = torch.zeros(len(TARGETS))
        for head, columns in HEAD_COLUMNS.items():  # a head's targets share its weight
            weights[columns] = settings.weight_by_head[head] / len(TARGETS[columns])
        device = train.inputs.device
        of_constant = mean_error((train.targets - means.to(device)) ** 2, train.mask)
        return cls((weights * is_trainable).to(device), of_constant.clamp(min=1e-6), settings)

    def loss(self, network: WalletNet, logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
        """Return what a step makes smaller.

        Members share no weight, so that their sum trains each of them by itself.

        Args:
            logits: ``[members, rows, targets]``; the others likewise.
        """
        outputs = network.outputs(logits)
        wrong = mean_error(self._errors(logits, outputs, targets), mask)  # [members, targets]
        is_learnt = self.weights > 0
        spread = outputs[..., is_learnt].std(dim=1, correction=0).mean(dim=-1)  # [members]
        if self.settings.loss_weighting == "learned":
            unsure = network.log_variance
            wrong = wrong / self.of_constant * torch.exp(-unsure) + unsure
            total = LEARNED_UNIT * (wrong * is_learnt).sum()
        else:
            total = (wrong * self.weights).sum()
        return total - self.settings.diversity_weight * spread.sum()

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
