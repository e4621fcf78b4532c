"""Training: a generator of epochs that ends with the best network."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hypertrack.config import TrainSettings
from hypertrack.errors import ConfigError
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.ensemble import Shares, TrainingRows, Unseen, calibrate
from hypertrack.model.network import WalletNet
from hypertrack.model.objective import Objective, mean_error
from hypertrack.records import BINARY_HEADS, EpochResult

SMALL_BATCH = 256
"""Up to here one thread is faster than two that wait for each other."""

LEARNING_RATE_FACTOR = 0.5
LEARNING_RATE_PATIENCE = 2
"""Epochs without a better validation loss before the learning rate is halved."""


def training_rows(
    inputs: NDArray[np.float32],
    targets: NDArray[np.float64],
    device: torch.device,
    *,
    place: NDArray[np.float64] | None = None,
    is_last: NDArray[np.bool_] | None = None,
    weights: NDArray[np.float64] | None = None,
) -> TrainingRows:
    """Return rows on a device; targets that are NaN are masked.

    Args:
        place: By which members keep rows back, from 0 to 1; in the order of the rows where None.
        is_last: Rows of the last training cut; all where None.
        weights: How much each target counts, as ``targets``; alike where None.
    """
    wanted = torch.from_numpy(targets.astype(np.float32))
    mask = (~wanted.isnan()).float()
    if weights is not None:
        mask *= torch.from_numpy(weights.astype(np.float32))
    n_rows = len(inputs)
    return TrainingRows(
        inputs=torch.from_numpy(inputs).to(device),
        targets=wanted.nan_to_num(0.0).to(device),
        mask=mask.to(device),
        place=np.arange(n_rows) / max(n_rows, 1) if place is None else place,
        is_last=np.ones(n_rows, dtype=np.bool_) if is_last is None else is_last,
    )


@dataclass(frozen=True)
class Trained:
    """The end of training."""

    network: WalletNet
    """Each member with the weights of its best epoch; calibrated; on the CPU."""
    epochs: tuple[EpochResult, ...]
    unseen: Unseen
    """What members answered of rows that they were not trained on, before calibration."""


def train_network(
    train: TrainingRows,
    validation: TrainingRows,
    settings: TrainSettings,
    head_start: Tensor | None = None,
) -> Generator[EpochResult, None, Trained]:
    """Train; yield each epoch, return the network whose members have their lowest loss.

    Members are trained side by side. With several, each keeps a fold of the training wallets
    back and stops early on it; one alone stops on the validation rows, or where there is none, on
    its training rows. The caller's random state is left alone; the same rows, settings, seed and
    machine give the same weights to the bit.

    Args:
        train: At least one row.
        validation: Nothing is learnt from them; they help to calibrate, and to stop one member.
        head_start: What the network goes on from (see `WalletNet.start_at`).
    """
    run = _Run.begin(train, validation, settings, head_start)
    epochs: list[EpochResult] = []
    for epoch in range(1, settings.max_epochs + 1):
        epochs.append(run.take_epoch(epoch))
        yield epochs[-1]
        if epoch - run.best.last_epoch >= settings.patience_epochs:
            break
    network, unseen = run.end(len(train))
    return Trained(network, tuple(epochs), unseen)


@dataclass(frozen=True)
class _Run:
    """What changes and what is learnt from while members are trained."""

    network: WalletNet
    optimizer: torch.optim.Optimizer
    plateau: torch.optim.lr_scheduler.ReduceLROnPlateau
    best: "Best"
    rows: TrainingRows
    shares: Shares
    objective: Objective
    is_trainable: Tensor
    of_constant: Tensor
    """Losses of the training rows' means, ``[members, targets]``."""

    @classmethod
    def begin(
        cls,
        train: TrainingRows,
        validation: TrainingRows,
        settings: TrainSettings,
        head_start: Tensor | None,
    ) -> Self:
        """Return a network that answers with means and head start, still untrained."""
        is_trainable, means = trainable_targets(train)
        device = train.inputs.device
        network = _new_network(train.inputs.shape[1], settings).to(device)
        network.start_at(means, is_trainable, head_start)
        rows = train.joined(validation)
        shares = Shares.of(train, len(validation), settings.n_members).to(device)
        optimizer, plateau = _new_optimizer(network, settings)
        constant = means.to(device).expand_as(rows.targets)
        return cls(
            network=network,
            optimizer=optimizer,
            plateau=plateau,
            best=Best(network),
            rows=rows,
            shares=shares,
            objective=Objective.of(is_trainable, settings, device),
            is_trainable=is_trainable,
            of_constant=_kept_losses(constant[shares.kept], rows, shares),
        )

    def take_epoch(self, epoch: int) -> EpochResult:
        """Go once through the training rows, and keep the weights of members that got better."""
        network, rows, shares = self.network, self.rows, self.shares
        weights = self.objective.weights
        settings, device = self.objective.settings, rows.inputs.device
        learning_rate = self.optimizer.param_groups[0]["lr"]
        with _seeded(settings.seed, epoch, device), _threads(_batch_size(shares, settings)):
            train_losses = _epoch(network, self.optimizer, rows, shares, self.objective)
            losses = _kept_losses(_answer_kept(network, rows, shares), rows, shares)
        by_member = (losses * weights).sum(dim=1)
        self.plateau.step(by_member.mean().item())
        return EpochResult(
            epoch=epoch,
            n_epochs=settings.max_epochs,
            train_loss=(train_losses * weights).sum().item(),
            validation_loss=by_member.mean().item(),
            learning_rate=learning_rate,
            is_best=self.best.take(network, by_member, epoch),
            skill_by_head=_skills(losses, self.of_constant, self.is_trainable),
            train_loss_by_head=_by_head(train_losses, self.is_trainable),
            validation_loss_by_head=_by_head(losses.mean(dim=0), self.is_trainable),
        )

    def end(self, n_train: int) -> tuple[WalletNet, Unseen]:
        """Return the network at its best, calibrated, and what members said of unseen rows."""
        self.network.load_state_dict(self.best.state)
        network, rows, shares = (
            self.network.eval().cpu(),
            self.rows.to("cpu"),
            self.shares.to("cpu"),
        )
        unseen = Unseen.by_members(network, rows, shares, n_train)
        if self.objective.settings.is_calibrated:
            calibrate(network, unseen, self.is_trainable)
        return network, unseen


class Best:
    """The weights with which each member had its lowest loss.

    Attributes:
        state: As `torch.nn.Module.state_dict` returns them.
        last_epoch: In which a member was better than ever.
    """

    def __init__(self, network: WalletNet):
        self.state = deepcopy(network.state_dict())
        self.last_epoch = 0
        self._n_members = network.n_members
        self._loss = torch.full((network.n_members,), torch.inf)

    def take(self, network: WalletNet, loss: Tensor, epoch: int) -> bool:
        """Keep the weights of members that are better than ever; return whether any is."""
        is_better = loss.cpu() < self._loss
        self._loss = torch.where(is_better, loss.cpu(), self._loss)
        for name, value in network.state_dict().items():
            if name.startswith(("encoder.", "heads.")) and value.ndim > 0:
                mine, theirs = (x.view(self._n_members, -1) for x in (self.state[name], value))
                mine[is_better] = theirs[is_better]
        self.last_epoch = epoch if is_better.any() else self.last_epoch
        return bool(is_better.any())


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
        return WalletNet(n_inputs, settings.hidden, settings.dropout_frac, settings.n_members)


def _new_optimizer(
    network: WalletNet, settings: TrainSettings
) -> tuple[torch.optim.Adam, torch.optim.lr_scheduler.ReduceLROnPlateau]:
    optimizer = torch.optim.Adam(
        # A silenced head answers with its bias alone, which must not decay.
        [
            {
                "params": [w for name, w in network.named_parameters() if name.endswith(kind)],
                "weight_decay": decay,
            }
            for kind, decay in (("weight", settings.weight_decay), ("bias", 0.0))
        ],
        lr=settings.learning_rate,
        fused=True,  # all weights in one go: a third of an epoch's time on a CPU
    )
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=LEARNING_RATE_FACTOR, patience=LEARNING_RATE_PATIENCE
    )
    return optimizer, plateau


def _epoch(
    network: WalletNet,
    optimizer: torch.optim.Optimizer,
    rows: TrainingRows,
    shares: Shares,
    objective: Objective,
) -> Tensor:
    """Take one step per batch; return the members' mean squared error, ``[targets]``."""
    network.train()
    settings, learnt = objective.settings, shares.learnt
    order = learnt.gather(1, torch.rand(learnt.shape).argsort(dim=1).to(learnt.device))
    total = torch.zeros(len(TARGETS), device=learnt.device)
    for part in order.tensor_split(-(-order.shape[1] // _batch_size(shares, settings)), dim=1):
        # BatchNorm needs two rows; a single one stands for both.
        batch = part if part.shape[1] > 1 else part.repeat(1, 2)  # [members, batch]
        inputs, targets, mask = rows.inputs[batch], rows.targets[batch], rows.mask[batch]
        if settings.input_noise:
            inputs = inputs + settings.input_noise * torch.randn_like(inputs)
        logits = network.logits(inputs)  # [members, batch, targets]
        optimizer.zero_grad()
        objective.loss(logits, targets, mask).backward()  # type: ignore[no-untyped-call]
        _clip_gradients(network, settings.max_gradient_norm)
        optimizer.step()
        with torch.no_grad():
            errors = mean_error((network.outputs(logits) - targets) ** 2, mask)
            total += errors.mean(dim=0) * part.shape[1]
    return total / order.shape[1]


def _clip_gradients(network: WalletNet, max_norm: float) -> None:
    """Shorten the gradient of each member that is too long, by itself."""
    by_member = [
        weight.grad.view(network.n_members, -1)
        for weight in network.parameters()
        if weight.grad is not None
    ]
    norm = torch.stack([part.square().sum(dim=1) for part in by_member]).sum(dim=0).sqrt()
    factor = (max_norm / (norm + 1e-6)).clamp(max=1.0)  # [members]
    for part in by_member:
        part.mul_(factor[:, None])


def _answer_kept(network: WalletNet, rows: TrainingRows, shares: Shares) -> Tensor:
    """Return what each member says of the rows it keeps back, ``[members, kept, targets]``."""
    network.eval()
    with torch.inference_mode():
        return network.outputs(network.logits(rows.inputs[shares.kept]))


def _kept_losses(predicted: Tensor, rows: TrainingRows, shares: Shares) -> Tensor:
    """Return the mean squared error on the rows kept back, ``[members, targets]``."""
    errors = (predicted - rows.targets[shares.kept]) ** 2
    return mean_error(errors, rows.mask[shares.kept] * shares.is_kept[..., None])


def _by_head(losses: Tensor, is_trainable: Tensor) -> dict[str, float]:
    """Return the mean loss of each head that learns; ``[targets]`` each."""
    return {
        head: losses[columns].mean().item()
        for head, columns in HEAD_COLUMNS.items()
        if is_trainable[columns].any()
    }


def _skills(losses: Tensor, of_constant: Tensor, is_trainable: Tensor) -> dict[str, float]:
    """Return 1 - loss / loss of the constant for each head that has both."""
    skills = {}
    for head, columns in HEAD_COLUMNS.items():
        base = of_constant[:, columns].sum().item()
        if is_trainable[columns].any() and base > 0:
            skills[head] = 1 - losses[:, columns].sum().item() / base
    return skills


def _batch_size(shares: Shares, settings: TrainSettings) -> int:
    """Return the batch size, grown so that an epoch has at most the steps allowed."""
    return max(settings.batch_size, -(-shares.learnt.shape[1] // settings.max_steps_per_epoch))


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
