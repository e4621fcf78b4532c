"""Who learns from which rows: the folds of an ensemble, and what its members say of others'."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypertrack.labels.targets import TARGETS
from hypertrack.model.network import WalletNet

MIN_CALIBRATION_ROWS = 20
"""Fewer rows say nothing about how far answers are to be trusted."""

PRIOR_SLOPE_SD = 0.5

LEAST_SLOPE, MOST_SLOPE = 0.1, 1.2
"""Predictor are never shrunk to one for all, which would lose their order, nor stretched far."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows as tensors, targets with a mask; all on one device."""

    inputs: Tensor
    """``[rows, inputs]``."""
    targets: Tensor
    """``[rows, targets]``, 0 where masked."""
    mask: Tensor
    """``[rows, targets]``: how much a target counts, 0 where there is none."""
    place: NDArray[np.float64]
    """``[rows]``, from 0 to 1: wallets close together are kept back by the same member."""
    is_last: NDArray[np.bool_]
    """``[rows]``: of the last training cut, whose outcomes are nearest to those to be predicted."""

    def __len__(self) -> int:
        return len(self.inputs)

    def to(self, device: torch.device | str) -> Self:
        """Return the rows on a device."""
        inputs, targets, mask = (x.to(device) for x in (self.inputs, self.targets, self.mask))
        return type(self)(inputs, targets, mask, self.place, self.is_last)

    def joined(self, other: Self) -> Self:
        """Return these rows, then the others."""
        return type(self)(
            inputs=torch.cat([self.inputs, other.inputs]),
            targets=torch.cat([self.targets, other.targets]),
            mask=torch.cat([self.mask, other.mask]),
            place=np.concatenate([self.place, other.place]),
            is_last=np.concatenate([self.is_last, other.is_last]),
        )


@dataclass(frozen=True)
class Shares:
    """Which rows each member learns from, and which it keeps back to stop by."""

    learnt: Tensor
    """``[members, rows]``: row numbers; some twice, so that all members take the same steps."""
    kept: Tensor
    """``[members, kept]``: row numbers, filled up with some that do not count."""
    is_kept: Tensor
    """``[members, kept]``: 1 where the row counts."""

    @classmethod
    def of(cls, train: TrainingRows, n_validation: int, n_members: int) -> Self:
        """Return the shares in the training rows, behind which the validation rows stand.

        One member keeps the validation rows back, or where there is none, its training rows.
        Several keep a fold of the wallets each; of that fold the rows of the last cut count.
        """
        n_train = len(train)
        own = np.arange(n_train)
        if n_members == 1:
            kept = np.arange(n_train, n_train + n_validation)
            return cls._filled([own], [kept if n_validation else own])
        fold = np.minimum((train.place * n_members).astype(np.int64), n_members - 1)
        learnt = [own[fold != member] for member in range(n_members)]
        kept_back = [own[(fold == member) & train.is_last] for member in range(n_members)]
        return cls._filled(
            [rows if len(rows) else own for rows in learnt],
            [rows if len(rows) else own for rows in kept_back],
        )

    def to(self, device: torch.device | str) -> Self:
        """Return the shares on a device."""
        return type(self)(*(x.to(device) for x in (self.learnt, self.kept, self.is_kept)))

    @classmethod
    def _filled(cls, learnt: list[NDArray[np.int64]], kept: list[NDArray[np.int64]]) -> Self:
        n_learnt, n_kept = max(map(len, learnt)), max(map(len, kept))
        return cls(
            torch.from_numpy(np.stack([np.resize(rows, n_learnt) for rows in learnt])),
            torch.from_numpy(np.stack([np.resize(rows, n_kept) for rows in kept])),
            torch.from_numpy(np.stack([np.arange(n_kept) < len(rows) for rows in kept])).float(),
        )


@dataclass(frozen=True)
class Unseen:
    """What was answered of rows that whoever answered was not trained on."""

    predicted: Tensor
    """``[rows, targets]``."""
    targets: Tensor
    mask: Tensor

    @classmethod
    def by_members(
        cls, network: WalletNet, rows: TrainingRows, shares: Shares, n_train: int
    ) -> Self:
        """Return each member's answers about the rows it kept back, and all members' on the rest.

        Args:
            network: Not calibrated yet, in evaluation mode.
            rows: Training rows, then the validation rows.
        """
        is_one = network.n_members == 1
        rest = torch.arange(len(rows))[len(rows) if is_one else n_train :]
        with torch.inference_mode():
            own = network.outputs(network.logits(rows.inputs[shares.kept]))
            others = network(rows.inputs[rest])
        is_kept = shares.is_kept > 0
        chosen = torch.cat([shares.kept[is_kept], rest.to(shares.kept.device)])
        return cls(torch.cat([own[is_kept], others]), rows.targets[chosen], rows.mask[chosen])


def calibrate(network: WalletNet, unseen: Unseen, is_trainable: Tensor) -> None:
    """Shrink the network's answers towards their average as far as unseen rows say.

    By the slope of the outcomes on the answers, which keeps their order; before a row is seen it
    is believed to be 1, give or take `PRIOR_SLOPE_SD`, so that few or noisy rows change little.

    Args:
        is_trainable: ``[targets]``; the others are left as they are.
    """
    n_rows = unseen.mask.sum(dim=0)
    enough = n_rows.clamp(min=1)
    centre = (unseen.predicted * unseen.mask).sum(dim=0) / enough
    came = (unseen.targets * unseen.mask).sum(dim=0) / enough
    away = (unseen.predicted - centre) * unseen.mask
    variance = (away**2).sum(dim=0)
    outcome = (unseen.targets - came) * unseen.mask
    noise = (outcome**2).sum(dim=0) / enough / PRIOR_SLOPE_SD**2
    slope = ((away * outcome).sum(dim=0) + noise) / (variance + noise).clamp(min=1e-12)
    is_told = is_trainable & (n_rows >= MIN_CALIBRATION_ROWS) & (variance > 1e-9)
    network.calibrate(
        slope.clamp(LEAST_SLOPE, MOST_SLOPE).where(is_told, torch.ones(len(TARGETS))),
        centre.where(is_told, torch.zeros(len(TARGETS))),
    )
