"""Profiles made while wallets trade: written whole, with what changed from one to the next."""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset
from model_fakes import make_card

from hypertrack.clock import SystemClock
from hypertrack.config import LiveSettings, Settings
from hypertrack.labels.targets import Thresholds
from hypertrack.live.board import ProfileChange
from hypertrack.live.profile_events import model_changed, profile_events, weight_lost
from hypertrack.live.rules import Event, Rules
from hypertrack.live.score_book import read_scores
from hypertrack.model import MODEL_NAME
from hypertrack.model.drift import bins_of
from hypertrack.model.inputs import InputScaler, feature_hash, input_names
from hypertrack.model.network import WalletNet
from hypertrack.model.version_files import take_weight
from hypertrack.model.versions import WalletModel, save_version
from hypertrack.pipeline.challenge import challenge
from hypertrack.pipeline.live_measuring import Measurer, Measuring
from hypertrack.pipeline.live_profiles import LiveProfiler
from hypertrack.records import Interval, LostWeight, replace
from hypertrack.store.profiles import ProfileFile


def rows(first: int, n: int, buyer: str = ALICE, seller: str = BOB) -> list[dict[str, Any]]:
    return [
        trade(START_MS + nth * 1_000, buyer=buyer, seller=seller, taker=buyer, trade_id=nth + 1)
        for nth in range(first, first + n)
    ]


@pytest.fixture
def measurer(tmp_path: Path) -> Iterator[Measurer]:
    """A measurer over ten trades of Alice and Bob, a second apart."""
    write_dataset(tmp_path / "data", trades=rows(0, 10))
    with closing(another(tmp_path)) as one:
        yield one


def another(tmp_path: Path) -> Measurer:
    """Return a measurer of the same dataset, as after a restart."""
    settings = Settings.model_validate(
        {"data": str(tmp_path / "data"), "out": str(tmp_path), "live": {"profiles_s": 0.001}}
    )
    return Measurer(settings, tmp_path / "profiles.parquet", START_MS)


def profiles(folder: Path) -> dict[str, tuple[int, int, float]]:
    """Return by wallet as_of_ms after the start, n_fills_since and tx_count."""
    found = ProfileFile(folder / "profiles.parquet")
    names = ("wallet", "as_of_ms", "n_fills_since", "tx_count")
    columns = (found.column(name).tolist() for name in names)
    return {
        wallet: (as_of_ms - START_MS, n_since, n)
        for wallet, as_of_ms, n_since, n in zip(*columns, strict=True)
    }


@pytest.mark.slow  # three rounds of all features
def test_each_profile_says_up_to_when_it_was_measured_and_what_came_since(
    tmp_path: Path, measurer: Measurer
) -> None:
    nobody: frozenset[str] = frozenset()
    assert measurer.round(nobody) == ([], [])
    # The watermark is a second before the last trade, which lies at 9 s: eight are before it.
    assert profiles(tmp_path) == {ALICE: (8_000, 0, 8), BOB: (8_000, 0, 8)}

    with (tmp_path / "data" / "trades.jsonl").open("a") as file:
        new = rows(10, 3, buyer=CAROL)
        file.writelines(json.dumps(one) + "\n" for one in new)
    measurer.round(nobody)

    # Up to 11 s: Bob sold to Alice at 8 and 9 s and to Carol at 10 s, too few to be measured again.
    assert profiles(tmp_path) == {
        ALICE: (8_000, 2, 8),
        BOB: (8_000, 3, 8),
        CAROL: (11_000, 0, 1),
    }
    assert (measurer.status.n_profiles, measurer.status.n_waiting) == (3, 0)
    assert measurer.status.as_of_ms == START_MS + 11_000

    (_, changes) = measurer.round(frozenset({BOB}))

    assert [change.wallet for change in changes] == [BOB]
    assert profiles(tmp_path)[BOB] == (11_000, 0, 11)


def train(out: Path, seed: int) -> str:
    """Promote a model that nobody trained; return its version."""
    names = input_names(Settings().features.groups)
    scaler = InputScaler(names, np.zeros(len(names)), np.ones(len(names)))
    torch.manual_seed(seed)
    network = WalletNet(scaler.n_inputs, hidden=(8, 4), dropout_frac=0.0)
    card = replace(
        make_card(network, START_MS + seed),
        feature_names=names,
        feature_hash=feature_hash(names),
        typical=(0.0,) * len(names),
    )
    save_version(out, WalletModel(network, scaler, card))
    return card.summary.version


@pytest.mark.slow  # torch, and three rounds of all features
def test_other_model_is_taken_at_the_next_round_and_one_that_does_not_load_never(
    tmp_path: Path, measurer: Measurer, caplog: pytest.LogCaptureFixture
) -> None:
    first = train(tmp_path, 1)
    measurer.round(frozenset())
    before = ProfileFile(tmp_path / "profiles.parquet").column("risk_score").tolist()
    second = train(tmp_path, 2)

    ((event,), changes) = measurer.round(frozenset())

    assert (event.name, event.fields) == ("model.changed", {"model": second, "before": first})
    assert changes == []  # scores of two models are not compared
    now = ProfileFile(tmp_path / "profiles.parquet")
    assert now.header.model is not None
    assert now.header.model.version == measurer.status.model == second
    assert now.column("risk_score").tolist() != before

    (tmp_path / MODEL_NAME).write_bytes(b"no model")
    assert measurer.round(frozenset()) == ([], [])
    assert measurer.round(frozenset()) == ([], [])

    assert measurer.status.model == second
    assert caplog.text.count("the model is not taken") == 1


@pytest.mark.slow  # a process of its own, which loads what it needs
def test_nothing_is_left_on_the_disk_of_a_process_that_was_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(tmp_path / "data", trades=rows(0, 10))
    settings = Settings(data=tmp_path / "data", out=tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", None)

    with closing(Measuring(settings, tmp_path / "data" / "live", SystemClock())) as measuring:
        measuring.tell(None)  # type: ignore[arg-type] # nobody is told before it was started
        until_s = time.monotonic() + 60
        while not any(scratch.glob("*/*/*/*")) and time.monotonic() < until_s:
            time.sleep(0.05)
        assert any(scratch.glob("*/*/*/*"))

    assert not any(scratch.glob("*/*"))


@pytest.mark.slow  # torch, and two rounds of all features
def test_model_told_before_a_restart_is_not_told_again(tmp_path: Path, measurer: Measurer) -> None:
    version = train(tmp_path, 1)
    lost = LostWeight(at_ms=START_MS, skill=Interval(-0.02, -0.03, -0.01), n_blocks=40)
    take_weight(tmp_path, version, lost)

    before, _ = measurer.round(frozenset())
    with closing(another(tmp_path)) as restarted:
        after, _ = restarted.round(frozenset())

    # the newest trade is 9 s after the start, and live waits a second for those that come late
    assert [(one.name, one.time_ms) for one in before] == [
        ("model.changed", START_MS + 8_000),
        ("model.lost_weight", START_MS + 8_000),
    ]
    assert after == []


CHANGE = ProfileChange(
    wallet=ALICE,
    as_of_ms=START_MS,
    entered={"Possible Bot": False, "Whale": True},
    left={"Scalper": True},
    scores={"bot_probability": (0.4, 0.9), "risk_score": (0.6, 0.7)},
)


def events() -> list[Event]:
    return list(profile_events(CHANGE, {"wallet": ALICE}, LiveSettings(), {"risk_score"}))


def test_change_of_a_profile_is_an_event_for_each_category_and_each_level_crossed() -> None:
    found = [(one.name, one.fields.get("category"), one.fields.get("level")) for one in events()]

    assert found == [
        ("category.entered", ("Possible Bot",), None),
        ("category.entered", ("Whale",), None),
        ("category.left", ("Scalper",), None),
        ("score.crossed", None, 0.5),
        ("score.crossed", None, 0.8),
    ]
    crossed = events()[3]
    assert (crossed.fields["direction"], crossed.fields["is_proven"]) == ("up", False)
    assert crossed.text.endswith(
        "went up through 0.5: 0.90, was 0.40; unproven, its score has earned no weight"
    )
    assert len({one.id for one in events()}) == 5


@pytest.mark.parametrize(("unproven", "n_told"), [(False, 1), (True, 2)])
def test_what_has_not_earned_weight_is_told_only_where_a_rule_says_so(
    unproven: bool, n_told: int
) -> None:
    rule = {"name": "in", "on": "category.entered", "unproven": unproven, "to": ["bot"]}
    given = {"alerts": [rule], "sinks": [{"name": "bot", "kind": "file", "url": "told.jsonl"}]}
    rules = Rules(Settings.model_validate(given).alerts)

    assert len([alert for event in events() for alert in rules.alerts(event)]) == n_told


def test_other_model_is_an_event_that_names_both() -> None:
    event = model_changed(None, "2026-11-20T10-00-00Z-ab12cd", START_MS)

    assert event.fields == {"model": "2026-11-20T10-00-00Z-ab12cd", "before": "none"}


def model_of(settings: Settings, seed: int) -> WalletModel:
    """Return an untrained model that reads the features in force."""
    names = input_names(settings.features.groups)
    values = np.random.default_rng(seed).normal(3, 2, (50, len(names)))
    scaler = InputScaler.fit(names, values)
    torch.manual_seed(seed)
    network = WalletNet(scaler.n_inputs, hidden=(4,), dropout_frac=0.3)
    card = make_card(network, 1_767_600_000_000 + seed)
    thresholds = dict.fromkeys(Thresholds.__struct_fields__) | {"profit_hurdle_bps": 5.0}
    told = {
        "feature_names": names,
        "feature_hash": feature_hash(names),
        "typical": (0.0,) * len(names),
        "feature_bins": tuple(map(bins_of, values.T)),
        "details": replace(card.details, thresholds=thresholds),
    }
    return WalletModel(network, scaler, replace(card, **told))


@pytest.mark.slow  # two rounds of all features
def test_challenger_scores_who_is_measured_once_an_hour(tmp_path: Path, measurer: Measurer) -> None:
    settings = Settings(data=tmp_path / "data", out=tmp_path)
    models = [model_of(settings, seed) for seed in (1, 2)]
    for one in models:  # the last one saved is in use
        save_version(tmp_path, one)
    named = challenge(settings, models[0].summary.version)

    measurer.round(frozenset())
    measurer.round(frozenset({ALICE, BOB}))

    scored = list(read_scores(tmp_path / "data" / "live" / "scores.jsonl", named))
    assert [(row.wallet, row.scored_ms - START_MS) for row in scored] == [
        (ALICE, 7_999),
        (BOB, 7_999),
    ]
    assert {(row.champion, row.challenger) for row in scored} == {
        (models[1].summary.version, models[0].summary.version)
    }
    assert all(row.scores["champion"] != row.scores["challenger"] for row in scored)
    assert all(row.is_agreed is not None for row in scored)
    names = models[1].card.feature_names
    assert [row.features[names.index("tx_count")] for row in scored] == ["9", "9"]  # eight a second
    assert all(len(row.features) == len(names) for row in scored)
    assert ProfileFile(tmp_path / "profiles.parquet").header.model is not None


def test_model_that_lost_its_weight_is_taken_as_such_and_told_once(tmp_path: Path) -> None:
    version = train(tmp_path, 1)
    with closing(LiveProfiler(Settings(data=tmp_path / "data", out=tmp_path))) as profiler:
        assert [profiler.look(), profiler.look()] == [True, False]
        lost = LostWeight(at_ms=START_MS, skill=Interval(-0.02, -0.03, -0.01), n_blocks=40)
        take_weight(tmp_path, version, lost)

        assert [profiler.look(), profiler.look()] == [True, False]
        assert (profiler.version, profiler.lost_weight) == (version, lost)
        assert not profiler.earned
    event = weight_lost(version, lost, START_MS + 5)
    assert (event.name, event.fields["skill_high"]) == ("model.lost_weight", -0.01)
    assert event.text == (
        f"{version} has lost its weight: live it is worse than the constant (skill -0.020, at most "
        "-0.010, over 40 blocks)"
    )
