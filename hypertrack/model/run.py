"""One training run: features and outcomes in, an evaluated model on disk out."""

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import ORIGINAL, Settings, TrainSettings
from hypertrack.errors import ModelError
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.user import read_user_labels
from hypertrack.model.baselines import BASELINES, FITS, Fitted, constant, within_range
from hypertrack.model.card import Findings, make_card
from hypertrack.model.comparison import Comparison, compare
from hypertrack.model.estimator_selection import choose_estimators
from hypertrack.model.evaluation import evaluate
from hypertrack.model.head_start import head_start
from hypertrack.model.inputs import InputScaler, input_names, with_own_edges
from hypertrack.model.leaks import Checked, check_leaks, checked_wallets
from hypertrack.model.network import WalletNet
from hypertrack.model.predictor import NET, Predictor, predict_rows
from hypertrack.model.samples import Rows, Samples, assemble, let_go, measure_cuts, plan_cuts
from hypertrack.model.training import (
    Trained,
    pick_device,
    train_network,
    training_rows,
)
from hypertrack.model.versions import WalletModel, load_champion, save_version
from hypertrack.records import (
    CONSTANT,
    EpochResult,
    LeakChecks,
    ModelSummary,
    Record,
    replace,
)

Array = NDArray[np.float64]

N_LATER_STAGES = len(BASELINES) + 4
"""Training, the baselines, the original network, the leak checks, the evaluation."""

ORIGINAL_NAME = "original"
"""The predecessor's network, a row of the table."""

QUICK_EPOCHS = 5
"""Enough to learn what leaks, where something does."""


@dataclass(frozen=True)
class Source:
    """What is known of a dataset beside its tables."""

    notice: str | None = None
    """What readers must know of the data's origin; kept on the card."""
    open_until: Callable[[int], Any] | None = None
    """Opens the dataset without anything recorded at a time or later, to check that features know
    nothing of it; not checked where None."""


UNKNOWN_SOURCE = Source()


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
    source: Source = UNKNOWN_SOURCE,
    clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
) -> Iterator[TrainingEvent]:
    """Train, evaluate and save a model; yield progress, the trained model last.

    Args:
        engine: Over the dataset.
        settings: ``train``, ``fees``, and ``out``: where the model is saved.
        force: Train on less data than the limits ask for.
        labels_file: CSV of ``wallet,bot``, over the labelling functions.
        source: What is known of the dataset beside its tables.
        clock_ms: When the model is made; part of its name.

    Raises:
        NotEnoughDataError: Says what is missing and about how much longer to record.
        ConfigError: Unreadable labels.
        ModelError: The model cannot be saved.
    """
    labels = None if labels_file is None else read_user_labels(labels_file)
    samples, checked = yield from _measure(engine, settings, force, labels)
    n_measured = 1 + len(samples.cuts)
    steps = _Steps(n_measured, n_measured + N_LATER_STAGES)
    learnt = yield from _learn(samples, settings.train, steps)
    yield steps.next("looking for leaks")
    leaks = check_leaks(
        samples,
        lambda dealt: learn_quickly(dealt, settings.train),
        learnt.predictions[CONSTANT],
        checked,
        source.open_until,
        settings.train.n_bootstrap,
    )
    yield steps.next("evaluating")
    found = _evaluate(samples, learnt, leaks, settings.train)
    card = make_card(engine, settings, samples, learnt.trained, found, clock_ms())
    card = replace(card, details=replace(card.details, notice=source.notice))
    model = WalletModel(learnt.trained.network, learnt.scaler, card, found.predictor.fitted)
    yield keep_model(model, samples, learnt.scaler, settings)


@dataclass(frozen=True)
class _Learnt:
    """The network, and what it has to beat."""

    scaler: InputScaler
    trained: Trained
    predictions: dict[str, Array]
    """Of the test rows, by all."""
    fitted: dict[str, Fitted]
    """What can stand in for the network."""


def _learn(
    samples: Samples, settings: TrainSettings, steps: "_Steps"
) -> Generator[Stage | EpochResult, None, _Learnt]:
    """Train the network and the baselines; yield before each, and each epoch."""
    yield steps.next("training the network")
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    trained = yield from fit_network(samples, scaler, settings)
    predictions, fitted = yield from _train_baselines(samples, scaler, settings, steps)
    predictions[NET] = _answers(trained.network, scaler, samples)
    return _Learnt(scaler, trained, predictions, fitted)


def _evaluate(
    samples: Samples, learnt: _Learnt, leaks: LeakChecks, settings: TrainSettings
) -> Findings:
    """Choose who answers for each head, and find out what they are worth."""
    estimators = choose_estimators(samples, learnt.trained, learnt.scaler, settings)
    heads = evaluate(
        samples,
        learnt.predictions,
        estimators,
        n_bootstrap=settings.n_bootstrap,
        seed=settings.seed,
        leaks=leaks.failed,
    )
    used = {name: each for name, each in learnt.fitted.items() if name in estimators.values()}
    predictor = Predictor(learnt.trained.network, learnt.scaler, used, estimators)
    return Findings(heads, leaks, predictor)


def _train_baselines(
    samples: Samples, scaler: InputScaler, settings: TrainSettings, steps: "_Steps"
) -> Generator[Stage, None, tuple[dict[str, Array], dict[str, Fitted]]]:
    """Train what the network has to beat; yield before each.

    Returns:
        Predictions of the test rows, and those that can stand in for the network.
    """
    predictions, fitted = {CONSTANT: constant(samples, scaler)}, dict[str, Fitted]()
    for name, predict in BASELINES.items():
        yield steps.next(f"training the baseline: {name}")
        if name in FITS:
            fitted[name] = FITS[name](samples, scaler)
            predictions[name] = within_range(fitted[name].predict(samples.test.features))
        else:
            predictions[name] = predict(samples, scaler)
    yield steps.next("training the original network")
    if settings.preset != ORIGINAL_NAME:
        original = settings.model_copy(update=ORIGINAL)
        network = run_to_end(fit_network(samples, scaler, original)).network
        predictions[ORIGINAL_NAME] = _answers(network, scaler, samples)
    return predictions, fitted


def fit_network(
    samples: Samples, scaler: InputScaler, settings: TrainSettings
) -> Generator[EpochResult, None, Trained]:
    """Train the network on the training rows; yield each epoch."""
    device = pick_device(settings)
    last_cut = samples.train.cut_number.max(initial=0)
    train, validation = (
        training_rows(
            scaler.transform(rows.features),
            samples.targets(rows),
            device,
            place=rows.place,
            is_last=rows.cut_number == last_cut,
            weights=samples.weights(rows),
        )
        for rows in (samples.train, samples.validation)
    )
    known = head_start(samples, scaler) if settings.has_head_start else None
    trained = yield from train_network(train, validation, settings, known)
    return trained


def learn_quickly(samples: Samples, settings: TrainSettings) -> Array:
    """Return what a network trained for a few epochs says of the test rows."""
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    quick = settings.model_copy(update={"max_epochs": QUICK_EPOCHS})
    network = run_to_end(fit_network(samples, scaler, quick)).network
    return _answers(network, scaler, samples)


def run_to_end(training: Generator[EpochResult, None, Trained]) -> Trained:
    """Train without telling of the epochs."""
    while True:
        try:
            next(training)
        except StopIteration as end:
            trained: Trained = end.value
            return trained


def _answers(network: WalletNet, scaler: InputScaler, samples: Samples) -> Array:
    return predict_rows(network, scaler, samples.test.features).astype(np.float64)


@dataclass
class _Steps:
    """Counts the stages of a run."""

    n_done: int
    n_stages: int

    def next(self, text: str) -> Stage:
        stage = Stage(text=text, n_done=self.n_done, n_stages=self.n_stages)
        self.n_done += 1
        return stage


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
) -> Generator[Stage, None, tuple[Samples, Checked]]:
    """Measure features, then outcomes of each cut; yield before each."""
    cuts, rows = plan_cuts(engine, settings.train, force=force), list[Rows]()
    n_stages = 1 + len(cuts) + N_LATER_STAGES
    yield Stage(text=f"measuring features of {len(cuts)} cuts", n_done=0, n_stages=n_stages)
    # Features of all cuts at once, as most of the work is the same for each.
    matrices = engine.matrices([each.at_ms for each in cuts])
    wallets = checked_wallets(engine.wallets)
    is_checked = np.isin(matrices[0].wallets, engine.wallets if wallets is None else wallets)
    few, own = matrices[0].take(is_checked), list[Array]()
    measured = measure_cuts(
        engine, cuts, let_go(matrices), settings.train, labels, on_own=own.append
    )
    for n_done in range(len(cuts)):
        text = f"measuring outcomes, cut {n_done + 1} of {len(cuts)}"
        yield Stage(text=text, n_done=n_done + 1, n_stages=n_stages)
        rows.append(next(measured))
    names, n_wallets = input_names(settings.features.groups), engine.n_wallets
    samples = assemble(names, cuts, rows, settings.train, force=force, n_wallets=n_wallets)
    return samples, Checked(wallets, with_own_edges(few, own[0][few.wallet_ids]))
