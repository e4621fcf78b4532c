"""Samples and matrices without a dataset: numbers of which is known what can be learnt."""

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from profile_fakes import data

from hypertrack.config import TrainSettings
from hypertrack.features.engine import FeatureMatrix
from hypertrack.features.registry import REGISTRY
from hypertrack.labels.bots import LABELLING_FUNCTIONS
from hypertrack.labels.cuts import walk_forward
from hypertrack.labels.outcomes import QUANTITIES
from hypertrack.labels.targets import TARGETS, fit_thresholds
from hypertrack.market.window import Window
from hypertrack.model.card import version_name
from hypertrack.model.inputs import feature_hash
from hypertrack.model.network import WalletNet
from hypertrack.model.samples import Rows, Samples
from hypertrack.model.training import Trained
from hypertrack.records import Card, EntryPositions, EpochResult, ModelSummary, TrainingDetails

FEATURES = tuple(REGISTRY)[:12]


def make_rows(n: int, seed: int, *, signal: float = 1.0) -> Rows:
    """Return rows whose outcomes follow from the first features, as strongly as ``signal``."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 1, (n, len(FEATURES)))
    noise = rng.normal(0, 1, (n, len(QUANTITIES)))
    quantities = signal * features[:, : len(QUANTITIES)] + noise * (1 - signal)
    influence = QUANTITIES.index("influence_pct")
    quantities[:, influence] = np.exp(quantities[:, influence])
    style = slice(QUANTITIES.index("momentum_1m"), None)
    quantities[:, style] = np.tanh(quantities[:, style])
    return Rows(
        features=features,
        past=rng.normal(0, 1, quantities.shape),
        quantities=quantities,
        error_bps=np.ones(n),
        shrunk=rng.normal(0, 1, (n, 4)),
        votes=np.zeros((n, len(LABELLING_FUNCTIONS))),
        entries=np.zeros((n, 2)),
        wallet_ids=np.arange(n, dtype=np.int32),
        is_held_out=rng.random(n) < 0.2,
        is_validation=rng.random(n) < 0.1,
        place=rng.random(n),
        cut_number=np.zeros(n, dtype=np.int64),
    )


def five_cuts(n: int = 120) -> list[Rows]:
    """The same wallets at five cuts, as `measure_cuts` would return them."""
    first = make_rows(n, 0)
    return [
        replace(
            make_rows(n, seed), is_held_out=first.is_held_out, is_validation=first.is_validation
        )
        for seed in range(5)
    ]


def spoilt(rows: Rows, chosen: Any, value: float = 1e9) -> Rows:
    """Return rows of which some tell of things that nobody may learn from."""
    spoil = np.broadcast_to(chosen, len(rows))[:, None]
    return replace(
        rows,
        features=np.where(spoil, value, rows.features),
        past=np.where(spoil, value, rows.past),
        shrunk=np.where(spoil, value, rows.shrunk),
        quantities=np.where(spoil, value, rows.quantities),
    )


def make_samples(
    n_train: int = 300, n_validation: int = 100, n_test: int = 200, *, signal: float = 1.0
) -> Samples:
    """Return samples made of `make_rows`, each part from a seed of its own."""
    train = make_rows(n_train, 1, signal=signal)
    return Samples(
        feature_names=FEATURES,
        cuts=walk_forward(Window(0, 10**9), TrainSettings()),
        embargo_ms=1_800_000,
        is_forced=False,
        edge_variance_bps2=1.0,
        thresholds=fit_thresholds(train.quantities, 0.0),
        train=train,
        validation=make_rows(n_validation, 2, signal=signal),
        test=make_rows(n_test, 3, signal=signal),
    )


def make_matrix(
    values: NDArray[np.float64], names: tuple[str, ...] = FEATURES, observed_days: float = 1.0
) -> FeatureMatrix:
    """Return a matrix of wallets of which nothing but the features is known."""
    n = len(values)
    zeros = np.zeros(n, dtype=np.int64)
    return FeatureMatrix(
        wallet_ids=np.arange(n, dtype=np.int32),
        wallets=tuple(f"0x{i:040x}" for i in range(n)),
        names=names,
        values=values,
        n_executions=zeros,
        n_fills=zeros,
        n_candle_matches=zeros,
        first_seen_ms=zeros,
        last_seen_ms=zeros,
        start_ms=0,
        end_ms=1,
        observed_days=observed_days,
    )


def finish(training: Generator[EpochResult, None, Trained]) -> Trained:
    """Train to the end."""
    while True:
        try:
            next(training)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def make_card(
    network: WalletNet,
    created_ms: int,
    *,
    is_forced: bool = False,
    seed: int = 0,
) -> Card:
    """Return the card of a network that reads `FEATURES` and was never evaluated."""
    summary = ModelSummary(
        version=version_name(created_ms, network),
        created_ms=created_ms,
        estimator="net",
        is_forced=is_forced,
        n_train_rows=1,
        n_validation_rows=1,
        n_test_rows=1,
        n_train_wallets=1,
        heads=(),
    )
    return Card(
        summary=summary,
        feature_names=FEATURES,
        feature_hash=feature_hash(FEATURES),
        targets=TARGETS,
        epochs=(),
        labelling_functions=(),
        typical=(0.0,) * len(FEATURES),
        importance={},
        entries=EntryPositions(reported_frac=None, inherited_frac=None),
        leaks=None,
        details=TrainingDetails(
            data=data(1),
            cuts=(),
            embargo_s=1_800.0,
            embargo_is_shortened=False,
            thresholds={},
            settings={"train": {"seed": seed}},
            versions={},
        ),
    )
