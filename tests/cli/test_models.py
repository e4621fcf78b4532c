"""Versions on the command line: a good model, one that knows nothing, and a hostile file."""

import json
import math
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from model_fakes import finish, make_card
from typer.testing import CliRunner, Result

from hypertrack.cli.main import app
from hypertrack.config import (
    FeatureSettings,
    FeeSettings,
    Settings,
    SimulateSettings,
    TrainSettings,
)
from hypertrack.features.engine import FeatureEngine
from hypertrack.model.explanation import Explainer
from hypertrack.model.inputs import InputScaler, as_read, feature_hash, typical
from hypertrack.model.predictor import Predictor
from hypertrack.model.samples import Samples, build_samples, permuted
from hypertrack.model.training import train_network, training_rows
from hypertrack.model.version_files import champion_version
from hypertrack.model.versions import WalletModel, load_champion, save_version
from hypertrack.outputs.wording import signed
from hypertrack.pipeline.challenge import Challenger
from hypertrack.records import HOUR_MS, as_dict, replace
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market
from hypertrack.store.dataset import open_dataset

pytestmark = pytest.mark.slow

SETTINGS = TrainSettings(
    hidden=(32, 16), max_epochs=6, train_cuts_frac=(0.5,), min_train_rows=50, n_bootstrap=300
)
ENVIRONMENT = {
    "HYPERTRACK_TRAIN__TRAIN_CUTS_FRAC": "0.5",
    "HYPERTRACK_TRAIN__MIN_TRAIN_ROWS": "50",
    "HYPERTRACK_TRAIN__N_BOOTSTRAP": "300",
    "HYPERTRACK_CHALLENGE__BLOCK_H": "1",
}
"""The same for the commands; one cut to train on is measured in half the time of four."""


@dataclass(frozen=True)
class Place:
    """A dataset, and a folder with two versions of which the better one is in use."""

    data: Path
    out: Path
    good: str
    bad: str

    def __call__(self, *words: object) -> Result:
        """Run ``hypertrack models`` here."""
        return self.run("models", *words)

    def run(self, *words: object) -> Result:
        """Run a command here."""
        at = ["--data", str(self.data)]
        line = [*at, *map(str, words), "--out", str(self.out)]
        return CliRunner().invoke(app, line, env=ENVIRONMENT)


def train(samples: Samples, created_ms: int, *, is_forced: bool = False) -> WalletModel:
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    rows = [
        training_rows(scaler.transform(part.features), samples.targets(part), torch.device("cpu"))
        for part in (samples.train, samples.validation)
    ]
    network = finish(train_network(*rows, SETTINGS)).network
    usual = typical(samples.train.features)
    explainer = Explainer(Predictor(network, scaler, {}, {}), usual)
    card = replace(
        make_card(network, created_ms, is_forced=is_forced),
        feature_names=samples.feature_names,
        feature_hash=feature_hash(samples.feature_names),
        typical=tuple(None if math.isnan(value) else value for value in usual.tolist()),
        importance=explainer.importance(samples.test.features),
    )
    card = replace(card, details=replace(card.details, thresholds=as_dict(samples.thresholds)))
    return WalletModel(network, scaler, card)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("versions")
    simulate = SimulateSettings(hours=8, wallets=600, coins=6, seed=3)
    for _ in write_dataset(Market(settings_for(simulate, 60_000)), folder / "data", 60_000):
        pass
    with open_dataset(folder / "data") as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        samples = build_samples(engine, SETTINGS)
    good, bad, forced = (
        train(samples, 1_767_600_000_000),
        train(permuted(samples), 1_767_700_000_000),
        train(samples, 1_767_800_000_000, is_forced=True),
    )
    for model in (bad, forced, good):  # the last one saved is in use
        save_version(folder / "out", model)
    return Place(folder / "data", folder / "out", good.summary.version, bad.summary.version)


@pytest.fixture
def place(trained: Place, tmp_path: Path) -> Place:
    """A copy of the versions that a test may change."""
    shutil.copytree(trained.out, tmp_path / "out")
    return Place(trained.data, tmp_path / "out", trained.good, trained.bad)


def test_comparison_is_of_the_same_rows_with_an_interval(place: Place) -> None:
    result = place("compare", place.bad, "champion", "--json")

    found = json.loads(result.stdout)
    assert (found["version_a"], found["version_b"]) == (place.bad, place.good)
    low, value, high = (found["overall"][end] for end in ("low", "value", "high"))
    assert low < value < high < 0
    for head in found["heads"]:
        gained = head["skill_a"] - head["skill_b"]
        assert head["difference"]["value"] == pytest.approx(gained)


def test_folder_without_a_model_says_how_to_get_one(place: Place, tmp_path: Path) -> None:
    empty = Place(place.data, tmp_path / "nothing", "", "")

    listed, shown = empty("list"), empty("show")

    assert (listed.exit_code, shown.exit_code) == (0, 1)
    assert "train one with `hypertrack train`" in listed.stderr
    assert "train one with `hypertrack train`" in shown.stderr


def test_report_of_any_version_can_be_drawn_again(place: Place, tmp_path: Path) -> None:
    result = place("show", place.bad, "--report", tmp_path / "page.html")

    assert result.exit_code == 0
    assert place.bad in (tmp_path / "page.html").read_text()


def score(place: Place, *hours: float) -> list[int]:
    """Score wallets as live does, so many hours after the beginning; return how many rows."""
    settings = Settings(data=place.data, out=place.out)
    challenger, champion = Challenger(settings), load_champion(place.out)
    with open_dataset(place.data) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        ticks = [engine.start_ms + round(hour * HOUR_MS) for hour in hours]
        read = [as_read(engine, engine.matrix(until_ms=tick)) for tick in ticks]
        written = [challenger.score(matrix, champion) for matrix in read]
    challenger.close()
    return written


def test_challenger_is_scored_beside_the_champion_and_compared_by_what_came(place: Place) -> None:
    named = place("challenge", place.bad)
    written = score(place, 3.1, 3.2, 6.9)

    result = place("compare", "--live", "--json")

    assert named.exit_code == 0, named.stderr
    assert written[0] > 300 and written[1] < written[0] / 10  # who was not there before
    found = json.loads(result.stdout)
    assert (found["challenge"]["champion"], found["challenge"]["challenger"]) == (
        place.good,
        place.bad,
    )
    # of the last tick the outcome is not over: an hour, after the embargo and the block
    assert found["n_waiting"] == written[2]
    n_masked = sum(found["n_masked"].values())
    assert found["n_rows"] + n_masked == written[0] + written[1]
    assert 0 < found["n_masked"]["too few executions"] < written[0]
    assert found["overall"] is None and found["challenge"]["decision"] == "open"
    heads = {head["head"]: head for head in found["heads"]}
    assert heads["bot_probability"]["champion_skill"] > heads["bot_probability"]["challenger_skill"]
    assert found["drift"] is None  # of so few rows, and of a card without bins
    assert found["signals"]["n_signals"] == 0  # nobody was told of any
    # a second look changes nothing
    assert json.loads(place("compare", "--live", "--json").stdout) == found


def test_challenge_needs_another_version_of_the_same_features(place: Place) -> None:
    itself, unknown = place("challenge", "champion"), place("challenge", "nobody")
    both, neither = place("challenge", place.bad, "--off"), place("challenge")

    assert "is the champion itself" in itself.stderr
    assert "one version named nobody is needed" in unknown.stderr
    assert (both.exit_code, neither.exit_code) == (2, 2)
    assert place("compare", "--live").exit_code == 1


def test_challenge_ends_when_it_is_told_off(place: Place) -> None:
    place("challenge", place.bad)
    ended = place("challenge", "--off")

    assert f"{place.bad} ended" in ended.stderr
    assert "no challenge was under way" in place("challenge", "--off").stderr


def test_worse_version_is_promoted_by_force_alone(place: Place) -> None:
    refused = place("promote", place.bad)
    after_refusal = champion_version(place.out)
    forced = place("promote", place.bad, "--force")

    assert refused.exit_code == 1
    assert f"{place.bad} is worse than the champion {place.good} by " in refused.stderr
    assert "95 % CI" in refused.stderr and "--force" in refused.stderr
    assert after_refusal == place.good
    assert forced.exit_code == 0
    assert champion_version(place.out) == place.bad


def test_version_trained_by_force_does_not_replace_one_that_was_not(place: Place) -> None:
    result = place("promote", "20260107")

    assert result.exit_code == 1
    assert "was trained by force on too little data" in result.stderr


def test_promotion_without_data_to_compare_on_is_refused(place: Place, tmp_path: Path) -> None:
    elsewhere = Place(tmp_path / "nothing", place.out, place.good, place.bad)

    result = elsewhere("promote", place.bad)

    assert result.exit_code == 1
    assert str(tmp_path / "nothing") in result.stderr
    assert champion_version(place.out) == place.good


def test_other_features_are_refused_with_both_lists(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTRACK_FEATURES__GROUPS", "base")

    for result in (place("compare", place.bad, place.good), place.run("classify")):
        assert result.exit_code == 1
        assert "reads 64 features (tx_count, " in result.stderr
        assert "here are 41 (tx_count, " in result.stderr


def test_torn_version_is_listed_as_such_beside_the_others(place: Place) -> None:
    file = place.out / "models" / place.bad / "wallet_model.pt"
    file.write_bytes(file.read_bytes()[:5_000])

    listed, shown = place("list"), place("show", place.bad)

    rows = [" ".join(line.split()) for line in listed.stdout.splitlines()[1:]]
    assert listed.exit_code == 0
    assert len(rows) == 3
    assert f"{place.bad} unreadable" in rows
    assert any(row.startswith(f"* {place.good}") for row in rows)
    assert shown.exit_code == 1
    assert "is torn or no model of ours" in shown.stderr


@pytest.mark.parametrize("command", ["classify", "report", "dashboard"])
def test_hostile_checkpoint_does_not_run(place: Place, tmp_path: Path, command: str) -> None:
    trap = tmp_path / "was-here"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (trap,))

    (place.out / "wallet_model.pt").write_bytes(pickle.dumps(Trap()))

    result = place.run(command)

    assert result.exit_code == 1
    assert "is torn or no model of ours" in result.stderr
    assert not trap.exists()
    pickle.loads(pickle.dumps(Trap()))  # what would have happened
    assert trap.exists()


def test_wallets_are_explained_unless_there_is_no_model(place: Place) -> None:
    place.run("report", "--format", "json")
    with_model = json.loads((place.out / "final_report.json").read_text(encoding="utf-8"))
    busiest = with_model["profiles"][0]
    shown = place.run("wallet", busiest["wallet"])
    without = place.run("wallet", busiest["wallet"], "--no-model", "--json")

    reasons = busiest["reasons"]["bot_probability"]
    assert len(reasons) == 5
    assert {"tx_count", "median_gap_s"} <= set(with_model["units"])
    assert signed(reasons[0]["contribution"]) in shown.stdout
    assert reasons[0]["feature"] in shown.stdout
    assert json.loads(without.stdout)["reasons"] == {}
