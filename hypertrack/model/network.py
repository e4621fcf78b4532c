"""The network: encoders that read a wallet, and six small heads that each answer one question.

It is an ensemble: its members differ in the wallets that they never saw and in how they began,
run side by side in the same tensors, and answer with their mean.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

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

WIDTHS = [HEAD_COLUMNS[head].stop - HEAD_COLUMNS[head].start for head in HEADS]
"""Targets of each head, which stand in this order."""

LOWEST = torch.tensor(
    [0.0 if name not in TARGETS[HEAD_COLUMNS["trading_style"]] else -1.0 for name in TARGETS]
)
HIGHEST = torch.tensor([torch.inf if name == "influence_score" else 1.0 for name in TARGETS])
"""What each target can be, ``[targets]``."""


class WalletNet(nn.Module):
    """Reads inputs, ``[wallets, inputs]``; predicts `TARGETS`, ``[wallets, targets]``.

    Args:
        n_inputs: As `InputScaler` makes them.
        hidden: Widths of an encoder's layers.
        dropout_frac: Share of each layer silenced in training.
        n_members: Networks of that shape whose mean is predicted.
    """

    head_start: Tensor
    slope: Tensor
    centre: Tensor
    lowest: Tensor
    highest: Tensor

    def __init__(
        self, n_inputs: int, hidden: Sequence[int], dropout_frac: float, n_members: int = 1
    ):
        super().__init__()
        self.n_inputs = n_inputs
        self.hidden = tuple(hidden)
        self.dropout_frac = dropout_frac
        self.n_members = n_members
        widths = (n_inputs, *hidden)
        self.encoder = nn.Sequential(
            *(
                layer
                for n_in, n_out in pairwise(widths)
                for layer in (
                    MemberLinear(n_members, n_in, n_out),
                    MemberNorm(n_members, n_out),
                    nn.ReLU(),
                    nn.Dropout(dropout_frac),
                )
            )
        )
        self.heads = MemberLinear(n_members, widths[-1], len(TARGETS))
        self.register_buffer("head_start", torch.zeros(n_inputs, len(TARGETS)))
        self.register_buffer("slope", torch.ones(len(TARGETS)))
        self.register_buffer("centre", torch.zeros(len(TARGETS)))
        # With the network on its device; they follow from the targets and are not saved.
        self.register_buffer("lowest", LOWEST, persistent=False)
        self.register_buffer("highest", HIGHEST, persistent=False)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return predictions in the order and the units of `TARGETS`, calibrated."""
        return self.finish(self.begin(inputs))

    def begin(self, inputs: Tensor) -> Tensor:
        """Return what follows from inputs by affine steps alone.

        Args:
            inputs: ``[wallets, inputs]``, or for each member its own, ``[members, wallets,
                inputs]``.

        Returns:
            ``[members, wallets, width + targets]``: what the first layer makes of them, and the
            head start of the logits.
        """
        first = self.encoder[:1](inputs.expand(self.n_members, -1, -1))
        known = (inputs @ self.head_start).expand(self.n_members, -1, -1)
        return torch.cat([first, known], dim=-1)

    def finish(self, begun: Tensor) -> Tensor:
        """Return the predictions of what `begin` has begun."""
        found = self.outputs(self._logits(begun)).mean(dim=0)
        calibrated = self.centre + self.slope * (found - self.centre)
        above = torch.maximum(calibrated, self.lowest)
        return torch.minimum(above, self.highest)  # [wallets, targets]

    def logits(self, inputs: Tensor) -> Tensor:
        """Return what each member says before the output functions.

        Args:
            inputs: For each member its own, ``[members, wallets, inputs]``.
        """
        return self._logits(self.begin(inputs))

    def _logits(self, begun: Tensor) -> Tensor:
        # Split at once: each slice by itself would be filled up with zeros on the way back.
        first, known = torch.split(begun, [begun.shape[-1] - len(TARGETS), len(TARGETS)], dim=-1)
        logits: Tensor = self.heads(self.encoder[1:](first)) + known
        return logits  # [members, wallets, targets]

    @staticmethod
    def outputs(logits: Tensor) -> Tensor:
        """Return logits as predictions, ``[…, targets]``."""
        by_head = torch.split(logits, WIDTHS, dim=-1)
        return torch.cat(
            [OUTPUT_BY_HEAD[head](own) for head, own in zip(HEADS, by_head, strict=True)], dim=-1
        )

    def start_at(
        self, means: Tensor, is_trainable: Tensor, head_start: Tensor | None = None
    ) -> None:
        """Begin as the best constant, or with what is known already; silence the untrainable.

        So the first gradient is about wallets, not about the base rate, and the ReLU of influence
        begins alive. A head without targets to learn from (for a binary one: of both kinds) stays
        at its prior, whatever the wallet.

        Args:
            means: Of the training targets, ``[targets]``; anything where not trainable.
            is_trainable: ``[targets]``.
            head_start: What an input adds to a logit whatever is learnt beside it, ``[inputs,
                targets]``; nothing where None.
        """
        if head_start is not None:
            self.head_start.copy_(head_start * is_trainable)
        with torch.no_grad():
            for head, columns in HEAD_COLUMNS.items():
                prior = torch.tensor(PRIOR if head in BINARY_HEADS else 0.0)
                start = means[columns].where(is_trainable[columns], prior)
                self.heads.bias[..., columns] = _before_output(head, start)
            self.heads.weight[..., ~is_trainable] = 0.0

    def calibrate(self, slope: Tensor, centre: Tensor) -> None:
        """Answer from now on with ``centre + slope · (prediction − centre)``, ``[targets]``."""
        self.slope.copy_(slope)
        self.centre.copy_(centre)


def to_scores(outputs: Tensor) -> Tensor:
    """Return predictions in the units of `Scores`: influence in percent, the others as they are."""
    column = TARGETS.index("influence_score")
    influence = torch.expm1(outputs[:, column : column + 1].clamp(0, math.log1p(100)))
    return torch.cat([outputs[:, :column], influence, outputs[:, column + 1 :]], dim=1)


class MemberLinear(nn.Module):
    """A linear layer for each member: ``[members, wallets, in]`` to ``[members, wallets, out]``."""

    def __init__(self, n_members: int, n_in: int, n_out: int):
        super().__init__()
        bound = n_in**-0.5  # as `nn.Linear` begins
        self.weight = nn.Parameter(torch.empty(n_members, n_in, n_out).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(n_members, 1, n_out).uniform_(-bound, bound))

    def forward(self, rows: Tensor) -> Tensor:
        """Return ``[members, wallets, out]``."""
        return torch.baddbmm(self.bias, rows, self.weight)


class MemberNorm(nn.Module):
    """Batch normalisation for each member by itself, ``[members, wallets, width]``."""

    def __init__(self, n_members: int, width: int):
        super().__init__()
        self.norm = nn.BatchNorm1d(n_members * width)

    def forward(self, rows: Tensor) -> Tensor:
        """Return ``[members, wallets, width]``."""
        n_members, n_rows, width = rows.shape
        if not self.training:
            return self._by_what_was_learnt(rows)
        side_by_side = rows.transpose(0, 1).reshape(n_rows, n_members * width)
        normed: Tensor = self.norm(side_by_side)
        return normed.reshape(n_rows, n_members, width).transpose(0, 1)

    def _by_what_was_learnt(self, rows: Tensor) -> Tensor:
        """Scale and shift, without moving members side by side."""
        norm, shape = self.norm, (len(rows), 1, -1)
        assert norm.running_var is not None
        assert norm.running_mean is not None
        scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
        shift = norm.bias - norm.running_mean * scale
        return torch.addcmul(shift.view(shape), rows, scale.view(shape))


def _before_output(head: str, value: Tensor) -> Tensor:
    """Return what the output function turns into ``value``."""
    if head in BINARY_HEADS:
        return torch.logit(value.clamp(0.01, 0.99))
    if head == "influence_score":
        return value
    return torch.atanh(value.clamp(-0.99, 0.99))
