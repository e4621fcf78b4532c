"""The network: one encoder that reads a wallet, six small heads that each answer one question."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import torch
from torch import Tensor, nn

from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.records import BINARY_HEADS, HEADS

PRIOR = 0.2
"""What a binary head says that could not be trained: the base rate that targets are made for."""

OUTPUT_BY_HEAD = {
    **dict.fromkeys(BINARY_HEADS, torch.sigmoid),
    "influence_score": torch.relu,  # log1p of percent
    "trading_style": torch.tanh,
}


class WalletNet(nn.Module):
    """Reads inputs, ``[wallets, inputs]``; predicts `TARGETS`, ``[wallets, targets]``.

    Args:
        n_inputs: As `InputScaler` makes them.
        hidden: Widths of the encoder's layers.
        dropout_frac: Share of each layer silenced in training.
    """

    def __init__(self, n_inputs: int, hidden: Sequence[int], dropout_frac: float):
        super().__init__()
        self.n_inputs = n_inputs
        self.hidden = tuple(hidden)
        self.dropout_frac = dropout_frac
        widths = (n_inputs, *hidden)
        self.encoder = nn.Sequential(
            *(
                layer
                for n_in, n_out in pairwise(widths)
                for layer in (
                    nn.Linear(n_in, n_out),
                    nn.BatchNorm1d(n_out),
                    nn.ReLU(),
                    nn.Dropout(dropout_frac),
                )
            )
        )
        self.heads = nn.ModuleDict(
            {head: nn.Linear(widths[-1], _width(head)) for head in HEADS},
        )

    def forward(self, inputs: Tensor) -> Tensor:
        """Return predictions in the order and the units of `TARGETS`."""
        hidden = self.encoder(inputs)  # [wallets, hidden[-1]]
        return torch.cat(
            [OUTPUT_BY_HEAD[head](self.heads[head](hidden)) for head in HEADS], dim=1
        )  # [wallets, targets]

    def start_at(self, means: Tensor, is_trainable: Tensor) -> None:
        """Begin as the best constant, and freeze what cannot be trained.

        So the first gradient is about wallets, not about the base rate, and the ReLU of influence
        begins alive. A head without targets to learn from (for a binary one: of both kinds) stays
        at its prior, whatever the wallet.

        Args:
            means: Of the training targets, ``[targets]``; anything where not trainable.
            is_trainable: ``[targets]``.
        """
        with torch.no_grad():
            for head, columns in HEAD_COLUMNS.items():
                layer, can_learn = cast(nn.Linear, self.heads[head]), is_trainable[columns]
                prior = torch.tensor(PRIOR if head in BINARY_HEADS else 0.0)
                layer.weight[~can_learn] = 0.0
                layer.bias.copy_(_before_output(head, means[columns].where(can_learn, prior)))
                layer.requires_grad_(bool(can_learn.any()))


def to_scores(outputs: Tensor) -> Tensor:
    """Return predictions in the units of `Scores`: influence in percent, the others as they are."""
    column = TARGETS.index("influence_score")
    influence = torch.expm1(outputs[:, column : column + 1].clamp(0, math.log1p(100)))
    return torch.cat([outputs[:, :column], influence, outputs[:, column + 1 :]], dim=1)


def _width(head: str) -> int:
    return len(TARGETS[HEAD_COLUMNS[head]])


def _before_output(head: str, value: Tensor) -> Tensor:
    """Return what the output function turns into ``value``."""
    if head in BINARY_HEADS:
        return torch.logit(value.clamp(0.01, 0.99))
    if head == "influence_score":
        return value
    return torch.atanh(value.clamp(-0.99, 0.99))
