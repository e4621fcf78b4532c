import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from hypertrack.config import Settings, TrainSettings
from hypertrack.errors import NotEnoughDataError
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.targets import EDGE_HEADS, TARGETS
from hypertrack.model import run
from hypertrack.model.baselines import BASELINES, SHRINKAGE
from hypertrack.model.drift import bins_of, counts_of_values
from hypertrack.model.inputs import InputScaler, as_read
from hypertrack.model.run import Stage, TrainedModel, TrainingEvent, train_model
from hypertrack.model.samples import Samples, assemble
from hypertrack.model.versions import load_champion
from hypertrack.records import HEADS, EpochResult
from hypertrack.store.dataset import open_dataset

pytestmark = pytest.mark.slow

NOW_MS = 1_767_600_000_000


def clock_ms() -> int:
    return NOW_MS


@pytest.fixture(scope="module")
def settings_of_run(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Half the cuts of the defaults, and the rows that they bring."""
    train = TrainSettings(train_cuts_frac=(0.4, 0.6), min_train_rows=100)
    return Settings(out=tmp_path_factory.mktemp("out"), train=train)


@dataclass(frozen=True)
class Run:
    """One training run: all that it yields, and what it was trained and tested on."""

    events: list[TrainingEvent]
    samples: Samples


@pytest.fixture(scope="module")
def one_run(market_engine: FeatureEngine, settings_of_run: Settings) -> Run:
    assembled = list[Samples]()

    def assemble_and_keep(*words: Any, **more: Any) -> Samples:
        assembled.append(assemble(*words, **more))
        return assembled[-1]

    with patch.object(run, "assemble", assemble_and_keep):
        events = list(train_model(market_engine, settings_of_run, clock_ms=clock_ms))
    return Run(events, *assembled)


@pytest.fixture(scope="module")
def events(one_run: Run) -> list[TrainingEvent]:
    """All that one training run yields."""
    return one_run.events


def last(events: list[TrainingEvent]) -> TrainedModel:
    assert isinstance(events[-1], TrainedModel)
    return events[-1]


def test_run_tells_its_stages_and_epochs_and_ends_with_the_model(
    events: list[TrainingEvent],
) -> None:
    stages = [event for event in events if isinstance(event, Stage)]
    epochs = [event for event in events if isinstance(event, EpochResult)]

    assert [stage.n_done for stage in stages] == list(range(stages[0].n_stages))
    assert [epoch.epoch for epoch in epochs] == list(range(1, len(epochs) + 1))
    assert last(events).summary.version.startswith("20260105T080000Z-")


def test_every_head_stands_beside_its_baselines(events: list[TrainingEvent]) -> None:
    heads = last(events).summary.heads

    assert tuple(head.head for head in heads) == HEADS
    for head in heads:
        shown = set(BASELINES) - ({SHRINKAGE} if head.head not in EDGE_HEADS else set())
        assert set(head.baselines) == {"constant", "original", *shown}
        assert head.estimator == "net"
        assert head.n_test > 30
        assert head.reason


def test_inputs_are_scaled_by_training_rows_alone(one_run: Run) -> None:
    samples, scaler = one_run.samples, last(one_run.events).model.scaler

    of_training, of_test = (
        InputScaler.fit(samples.feature_names, rows.features)
        for rows in (samples.train, samples.test)
    )

    assert (scaler.mean == of_training.mean).all() and (scaler.std == of_training.std).all()
    assert not np.allclose(of_training.mean, of_test.mean)


def test_card_keeps_the_bins_by_which_drift_is_told(one_run: Run) -> None:
    samples, model = one_run.samples, last(one_run.events).model
    card = model.card

    assert tuple(map(bins_of, samples.train.features.T)) == card.feature_bins
    for one, values in zip(card.feature_bins, samples.train.features.T, strict=True):
        assert one.shares == pytest.approx(tuple(counts_of_values(values, one) / len(values)))
    held_out = samples.test.features[samples.test.has_outcome]
    scores = model.predictor.scores(held_out).astype(np.float64)
    assert list(card.score_bins) == list(TARGETS)
    for nth, one in enumerate(card.score_bins.values()):
        assert one == bins_of(scores[:, nth])


def test_card_says_what_the_model_rests_on(events: list[TrainingEvent]) -> None:
    card = json.loads((last(events).folder / "card.json").read_text())

    details = card["details"]
    assert details["data"]["n_trades"] == 60_000
    assert [cut["is_test"] for cut in details["cuts"]] == [False] * 2 + [True]
    assert (details["embargo_s"], details["embargo_is_shortened"]) == (1_800, False)
    assert {each["name"] for each in card["labelling_functions"]} > {"fast", "round_sizes"}
    assert [each["epoch"] for each in card["epochs"]] == list(range(1, len(card["epochs"]) + 1))
    assert {"train_loss", "validation_loss", "skill_by_head"} <= set(card["epochs"][0])
    assert details["settings"]["train"]["seed"] == 0
    assert "torch" in details["versions"]
    assert len(card["feature_names"]) == 64


def test_champion_scores_every_wallet(
    events: list[TrainingEvent], market_engine: FeatureEngine
) -> None:
    model = load_champion(last(events).folder.parents[1])
    matrix = as_read(market_engine, market_engine.matrix())

    scores = model.predict(matrix)

    assert model.summary == last(events).summary
    assert len(scores) == len(matrix.wallets)
    bot = scores[:, TARGETS.index("bot_probability")]
    assert (bot >= 0).all() and (bot <= 1).all()
    assert np.std(bot) > 0.05


def test_same_data_and_seed_make_the_same_model(
    events: list[TrainingEvent],
    market_engine: FeatureEngine,
    settings_of_run: Settings,
    tmp_path: Path,
) -> None:
    elsewhere = settings_of_run.model_copy(update={"out": tmp_path})

    again = last(list(train_model(market_engine, elsewhere, clock_ms=clock_ms)))

    assert again.summary == last(events).summary  # the version carries a hash of the weights


def drain(events: Iterator[TrainingEvent]) -> TrainedModel:
    return last(list(events))


@pytest.fixture
def capture_dataset(capture: Path, tmp_path: Path) -> Path:
    """The trades of the real five minutes, as the recorder would have written them."""
    lines = []
    for text in capture.read_text(encoding="utf-8").splitlines():
        frame: dict[str, Any] = json.loads(text)
        if frame["channel"] == "trades":
            trades = frame["data"] if isinstance(frame["data"], list) else [frame["data"]]
            lines += [json.dumps({"received_ns": 1, **trade}) for trade in trades]
    folder = tmp_path / "capture"
    folder.mkdir()
    (folder / "trades.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_five_real_minutes_are_refused_with_the_reason(
    capture_dataset: Path, settings: Settings
) -> None:
    with open_dataset(capture_dataset) as dataset:
        engine = FeatureEngine(dataset, settings.features, settings.fees)

        with pytest.raises(NotEnoughDataError, match="needs a recording of more than 150 minutes"):
            drain(train_model(engine, settings))


def test_five_real_minutes_train_by_force_and_earn_little(
    capture_dataset: Path, tmp_path: Path
) -> None:
    settings = Settings(out=tmp_path / "out", train=TrainSettings(train_cuts_frac=(0.6,)))
    with open_dataset(capture_dataset) as dataset:
        engine = FeatureEngine(dataset, settings.features, settings.fees)

        trained = drain(train_model(engine, settings, force=True))
        scores = trained.model.predict(as_read(engine, engine.matrix()))

    assert trained.summary.is_forced
    assert trained.model.card.details.embargo_is_shortened
    heads = {head.head: head for head in trained.summary.heads}
    assert not heads["sophistication_score"].has_earned_weight  # no five minutes fit in there
    assert heads["sophistication_score"].skill is None
    assert len(scores) == 528
