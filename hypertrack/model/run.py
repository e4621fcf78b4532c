"""One training run: features and outcomes in, an evaluated model on disk out."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hypertrack.config import Settings
from hypertrack.errors import ModelError
from hypertrack.features.engine import FeatureEngine
from hypertrack.features.registry import select
from hypertrack.labels.user import read_user_labels
from hypertrack.model.baselines import BASELINES, constant
from hypertrack.model.card import make_card
from hypertrack.model.comparison import Comparison, compare
from hypertrack.model.evaluation import evaluate
from hypertrack.model.inputs import InputScaler
from hypertrack.model.samples import Samples, assemble, measure_cut, plan_cuts
from hypertrack.model.training import EpochResult, pick_device, train_network, training_rows
from hypertrack.model.versions import WalletModel, load_champion, predict_rows, save_version
from hypertrack.records import CONSTANT, HEADS, ModelSummary, Record, replace

N_LATER_STAGES = len(BASELINES) + 2
"""Training, the baselines, the evaluation."""


class Stage(Record, frozen=True, kw_only=True):
    """What training is about to do."""

    text: str
    n_done: int
    """Stages before this one."""
    n_stages: int


@dataclass(frozen=True)
class TrainedModel:
    """The end of a run: the model, evaluated, and where it lies."""

    model: WalletModel
    folder: Path
    is_promoted: bool
    """Whether it is the champion now."""
    against_champion: Comparison | None
    """With the champion before; None where there was none to compare with."""

    @property
    def summary(self) -> ModelSummary:
        """Return what a reader needs to know of the model."""
        return self.model.summary


TrainingEvent = Stage | EpochResult | TrainedModel


def train_model(
    engine: FeatureEngine,
    settings: Settings,
    *,
    force: bool = False,
    labels_file: Path | None = None,
    notice: str | None = None,
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Iterator[TrainingEvent]:
    """Train, evaluate and save a model; yield progress, the trained model last.

    Args:
        engine: Over the dataset.
        settings: ``train``, ``fees``, and ``out``: where the model is saved.
        force: Train on less data than the limits ask for.
        labels_file: CSV of ``wallet,bot``, over the labelling functions.
        notice: What readers must know of the data's origin; kept on the card.
        clock_ms: When the model is made; part of its name.

    Raises:
        NotEnoughDataError: Says what is missing and about how much longer to record.
        ConfigError: Unreadable labels.
        ModelError: The model cannot be saved.
    """
    labels = None if labels_file is None else read_user_labels(labels_file)
    samples = yield from _measure(engine, settings, force, labels)
    n_done = len(samples.cuts)
    n_stages = n_done + N_LATER_STAGES
    yield Stage(text="training the network", n_done=n_done, n_stages=n_stages)
    device = pick_device(settings.train)
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    train, validation = (
        training_rows(scaler.transform(rows.features), samples.targets(rows), device)
        for rows in (samples.train, samples.validation)
    )
    trained = yield from train_network(train, validation, settings.train)
    predictions = {CONSTANT: constant(samples, scaler)}
    for name, baseline in BASELINES.items():
        n_done += 1
        yield Stage(text=f"training the baseline: {name}", n_done=n_done, n_stages=n_stages)
        predictions[name] = baseline(samples, scaler)
    yield Stage(text="evaluating", n_done=n_done + 1, n_stages=n_stages)
    predicted = predict_rows(trained.network, scaler, samples.test.features)
    heads = evaluate(
        samples,
        {"net": predicted.astype(np.float64), **predictions},
        dict.fromkeys(HEADS, "net"),
        n_bootstrap=settings.train.n_bootstrap,
        seed=settings.train.seed,
    )
    card = make_card(engine, settings, samples, trained, heads, clock_ms())
    card = replace(card, details={**card.details, "notice": notice})
    yield keep_model(WalletModel(trained.network, scaler, card), samples, scaler, settings)


def keep_model(
    model: WalletModel, samples: Samples, scaler: InputScaler, settings: Settings
) -> TrainedModel:
    """Save the model; make it the champion unless it is worse than the one there is, or forced."""
    against = None
    if (champion := _comparable_champion(settings.out, samples)) is not None:
        of_constant = constant(samples, scaler)
        against = compare(samples, of_constant, model, champion, settings.train)
    is_promoted = against is None or not (against.is_a_worse or model.summary.is_forced)
    folder = save_version(settings.out, model, is_promoted=is_promoted)
    return TrainedModel(model, folder, is_promoted, against)


def _comparable_champion(out: Path, samples: Samples) -> WalletModel | None:
    """Return the champion, None where there is none that reads the same features.

    One trained by force on too little is none: its luck must not stand in the way.
    """
    try:
        champion = load_champion(out)
    except ModelError:
        return None
    if champion.summary.is_forced or champion.scaler.names != samples.feature_names:
        return None
    return champion


def _measure(
    engine: FeatureEngine,
    settings: Settings,
    force: bool,
    labels: Mapping[str, bool] | None,
) -> Generator[Stage, None, Samples]:
    """Measure features and outcomes of each cut; yield before each."""
    cuts = plan_cuts(engine, settings.train, force=force)
    rows = []
    for n_done, cut in enumerate(cuts):
        yield Stage(
            text=f"measuring features and outcomes, cut {n_done + 1} of {len(cuts)}",
            n_done=n_done,
            n_stages=len(cuts) + N_LATER_STAGES,
        )
        rows.append(measure_cut(engine, cut, settings.train, settings.fees, labels))
    names = tuple(feature.name for feature in select(settings.features.groups))
    return assemble(names, cuts, rows, settings.train, force=force)
