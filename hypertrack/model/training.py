"""Training: a generator of epochs that ends with the best network."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from hypertrack.config import TrainSettings
from hypertrack.errors import ConfigError
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.network import WalletNet
from hypertrack.records import BINARY_HEADS, Record

SMALL_BATCH = 256
"""Up to here one thread is faster than two that wait for each other."""

LEARNING_RATE_FACTOR = 0.5
LEARNING_RATE_PATIENCE = 2
"""Epochs without a better validation loss before the learning rate is halved."""


class EpochResult(Record, frozen=True, kw_only=True):
    """What one epoch brought."""

    epoch: int
    """From 1."""
    n_epochs: int
    """At most; training stops early."""
    train_loss: float
    validation_loss: float
    learning_rate: float
    is_best: bool
    skill_by_head: dict[str, float]
    """1 - loss / loss of the constant, on validation rows, heads that can be measured there."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows as tensors, targets with a mask; all on one device."""

    inputs: Tensor
    """``[rows, inputs]``."""
    targets: Tensor
    """``[rows, targets]``, 0 where masked."""
    mask: Tensor
    """``[rows, targets]``, 1 where there is a target."""

    def __len__(self) -> int:
        return len(self.inputs)


def training_rows(
    inputs: NDArray[np.float32], targets: NDArray[np.float64], device: torch.device
) -> TrainingRows:
    """Return rows on a device; targets that are NaN are masked."""
    wanted = torch.from_numpy(targets.astype(np.float32))
    mask = ~wanted.isnan()
    return TrainingRows(
        inputs=torch.from_numpy(inputs).to(device),
        targets=wanted.nan_to_num(0.0).to(device),
        mask=mask.float().to(device),
    )


@dataclass(frozen=True)
class Trained:
    """The end of training."""

    network: WalletNet
    """With the weights of the best epoch; on the CPU."""
    epochs: tuple[EpochResult, ...]


def train_network(
    train: TrainingRows, validation: TrainingRows, settings: TrainSettings
) -> Generator[EpochResult, None, Trained]:
    """Train; yield each epoch, return the network with the lowest validation loss.

    Where there is no validation row, the training loss decides. The caller's random state is
    left alone; the same rows, settings, seed and machine give the same weights to the bit.

    Args:
        train: At least one row.
        validation: For the learning rate, early stopping and the choice of the best epoch.
    """
    is_trainable, means = trainable_targets(train)
    device = train.inputs.device
    weights = _loss_weights(settings, is_trainable).to(device)
    network = _new_network(train.inputs.shape[1], settings).to(device)
    network.start_at(means, is_trainable)
    optimizer, plateau = _new_optimizer(network, settings)
    of_constant = _target_losses(means.to(device).expand(len(validation), -1), validation)
    best, epochs = deepcopy(network.state_dict()), list[EpochResult]()
    best_epoch, best_loss = 0, float("inf")
    for epoch in range(1, settings.max_epochs + 1):
        learning_rate = optimizer.param_groups[0]["lr"]
        with _seeded(settings.seed, epoch, device), _threads(_batch_size(train, settings)):
            train_loss = _epoch(network, optimizer, train, weights, settings)
            errors = _target_losses(_predict(network, validation), validation)
        loss = (errors * weights).sum().item() if len(validation) else train_loss
        plateau.step(loss)
        if loss < best_loss:
            best, best_epoch, best_loss = deepcopy(network.state_dict()), epoch, loss
        epochs.append(
            EpochResult(
                epoch=epoch,
                n_epochs=settings.max_epochs,
                train_loss=train_loss,
                validation_loss=loss,
                learning_rate=learning_rate,
                is_best=epoch == best_epoch,
                skill_by_head=_skills(errors, of_constant, is_trainable),
            )
        )
        yield epochs[-1]
        if epoch - best_epoch >= settings.patience_epochs:
            break
    network.load_state_dict(best)
    return Trained(network.eval().cpu(), tuple(epochs))


def trainable_targets(train: TrainingRows) -> tuple[Tensor, Tensor]:
    """Return which targets can be learnt from these rows, and their means; ``[targets]`` each.

    A binary target needs both a yes and a no.
    """
    count = train.mask.sum(dim=0)
    means = ((train.targets * train.mask).sum(dim=0) / count.clamp(min=1)).cpu()
    is_binary = torch.tensor([name in BINARY_HEADS for name in TARGETS])
    is_mixed = (means > 0) & (means < 1)
    return (count.cpu() > 0) & (is_mixed | ~is_binary), means


def pick_device(settings: TrainSettings) -> torch.device:
    """Return the device to train on.

    Raises:
        ConfigError: CUDA asked for where there is none.
    """
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("train.device is cuda and no CUDA device was found: set it to auto")
    is_cuda = settings.device != "cpu" and torch.cuda.is_available()
    return torch.device("cuda" if is_cuda else "cpu")


def _new_network(n_inputs: int, settings: TrainSettings) -> WalletNet:
    with _seeded(settings.seed, 0, torch.device("cpu")):
        return WalletNet(n_inputs, settings.hidden, settings.dropout_frac)


def _new_optimizer(
    network: WalletNet, settings: TrainSettings
) -> tuple[torch.optim.Adam, torch.optim.lr_scheduler.ReduceLROnPlateau]:
    optimizer = torch.optim.Adam(
        [weight for weight in network.parameters() if weight.requires_grad],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=True,  # all weights in one go: a third of an epoch's time on a CPU
    )
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=LEARNING_RATE_FACTOR, patience=LEARNING_RATE_PATIENCE
    )
    return optimizer, plateau


def _epoch(
    network: WalletNet,
    optimizer: torch.optim.Optimizer,
    train: TrainingRows,
    weights: Tensor,
    settings: TrainSettings,
) -> float:
    """Take one step per batch; return the mean loss, without the diversity term."""
    network.train()
    order = torch.randperm(len(train)).to(train.inputs.device)
    n_batches = -(-len(train) // _batch_size(train, settings))
    total = torch.zeros((), device=train.inputs.device)
    for rows in order.tensor_split(n_batches):
        # BatchNorm needs two rows; a single one stands for both.
        batch = rows if len(rows) > 1 else rows.repeat(2)
        part = TrainingRows(train.inputs[batch], train.targets[batch], train.mask[batch])
        outputs = network(part.inputs)  # [batch, targets]
        loss = (_target_losses(outputs, part) * weights).sum()
        spread = outputs[:, weights > 0].std(dim=0, correction=0).mean()
        optimizer.zero_grad()
        (loss - settings.diversity_weight * spread).backward()
        nn.utils.clip_grad_norm_(network.parameters(), settings.max_gradient_norm)
        optimizer.step()
        total += loss.detach() * len(rows)
    return total.item() / len(train)


def _target_losses(outputs: Tensor, rows: TrainingRows) -> Tensor:
    """Return the mean squared error of each target over the rows that have it, ``[targets]``."""
    errors = (outputs - rows.targets) ** 2 * rows.mask  # [rows, targets]
    return errors.sum(dim=0) / rows.mask.sum(dim=0).clamp(min=1)


def _predict(network: WalletNet, rows: TrainingRows) -> Tensor:
    network.eval()
    with torch.inference_mode():
        predicted: Tensor = network(rows.inputs)
    return predicted


def _loss_weights(settings: TrainSettings, is_trainable: Tensor) -> Tensor:
    """Return the weight of each target, ``[targets]``; a head's targets share its weight."""
    weights = torch.zeros(len(TARGETS))
    for head, columns in HEAD_COLUMNS.items():
        weights[columns] = settings.weight_by_head[head] / len(TARGETS[columns])
    return weights * is_trainable


def _skills(errors: Tensor, of_constant: Tensor, is_trainable: Tensor) -> dict[str, float]:
    """Return 1 - loss / loss of the constant for each head that has both."""
    skills = {}
    for head, columns in HEAD_COLUMNS.items():
        base = of_constant[columns].sum().item()
        if is_trainable[columns].any() and base > 0:
            skills[head] = 1 - errors[columns].sum().item() / base
    return skills


def _batch_size(train: TrainingRows, settings: TrainSettings) -> int:
    """Return the batch size, grown so that an epoch has at most the steps allowed."""
    return max(settings.batch_size, -(-len(train) // settings.max_steps_per_epoch))


@contextmanager
def _seeded(seed: int, epoch: int, device: torch.device) -> Iterator[None]:
    """Give torch a random state of its own, and the caller's back afterwards."""
    cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0]))
        yield


@contextmanager
def _threads(batch_size: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1 if batch_size <= SMALL_BATCH else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)
