"""The categories command, and what a truth adds to a classification."""

import json
from pathlib import Path

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.pipeline.profiles import Profiles
from hypertrack.store.columns import write_columns
from hypertrack.store.files.manifest import Manifest, write_manifest
from hypertrack.store.profiles import ProfileFile

pytestmark = pytest.mark.slow  # wallets are classified, three times in all

TRADES = [
    trade(
        START_MS + i * 60_000,
        buyer=ALICE if i % 2 else BOB,
        seller=BOB if i % 2 else ALICE,
        taker=ALICE,
    )
    for i in range(60)
]


def run(*words: object) -> str:
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 0, result.output
    return result.stdout


def refused(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(word) for word in words])
    return result.exit_code, result.stderr


@pytest.fixture(scope="module")
def classified(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a simulated recording of two wallets, their truth, and what is said of them."""
    folder = tmp_path_factory.mktemp("classified")
    write_dataset(folder / "recorded_data", trades=TRADES)
    write_manifest(folder / "recorded_data", Manifest(notice="simulated: by a test"))
    write_columns(
        folder / "truth.parquet",
        {
            "wallet": [ALICE, BOB, CAROL],
            "kind": ["retail", "scalper_bot", "retail"],
            "owner": [ALICE, BOB, CAROL],
            "follows": ["", "", ""],
            "is_bot": [True, True, False],
            "edge_bps": np.zeros(3),
            "net_edge_bps": np.zeros(3),
        },
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("classify", "--no-model", "--quiet", "--truth", "truth.parquet")
    return folder


@pytest.fixture
def folder(classified: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, to stand in."""
    monkeypatch.chdir(classified)
    return classified


def test_both_editions_are_listed(folder: Path) -> None:
    rules = json.loads(run("categories", "--json"))
    original = json.loads(run("categories", "--edition", "original", "--json"))

    names, before = ([rule["name"] for rule in listed] for listed in (rules, original))
    assert len(before) == 30
    assert set(names) - set(before) == {
        "Market Maker",
        "TWAP User",
        "Copier",
        "One of a Group",
        "Liquidated",
    }


def test_rules_that_the_recording_cannot_answer_are_told_with_the_reason(folder: Path) -> None:
    listed = run("categories")

    assert "not testable here: HODLer: needs more than 50 days, has 0.04" in listed
    assert "not testable here: Bot: needs a model, has none" in listed
    assert "not testable here: Scalper" not in listed


def test_one_rule_is_explained(folder: Path) -> None:
    told = " ".join(run("categories", "--explain", "scalper").split())

    assert "in and out of the same coin within minutes?" in told
    assert "tx_per_day > 50 and reversal_15m_share >= 0.3 and round_trip_s < 900" in told
    assert "2 wallets hold it" in told


def test_rule_that_does_not_exist_names_those_that_are_near(folder: Path) -> None:
    code, said = refused("categories", "--explain", "whale fish")
    _code, near = refused("categories", "--explain", "trader")

    assert code == 2
    assert "no category is called 'whale fish': known are Bot, Possible Bot, Scalper" in said
    assert near.rstrip().endswith("Possibly Influential Trader")
    assert "Whale" not in near


def test_truth_shows_how_often_categories_are_right(folder: Path) -> None:
    measured = json.loads(run("categories", "--truth", "truth.parquet", "--json"))

    scalper = {each["category"]: each for each in measured}["Scalper"]
    assert (scalper["n_assigned"], scalper["n_true"], scalper["precision"]) == (2, 1, 0.5)
    assert "Dormant" not in {each["category"] for each in measured}  # not testable


def test_classifying_with_a_truth_marks_what_is_at_chance(folder: Path) -> None:
    profile = Profiles(ProfileFile(folder / "wallet_profiles.parquet")).find(ALICE)

    assert profile is not None
    (scalper,) = (each for each in profile.categories if each.name == "Scalper")
    assert scalper.caveat == "at chance: 50% of them truly are, 50% of all"
    assert scalper.caveat in " ".join(run("wallet", "--no-model", ALICE).split())


def test_original_edition_is_what_it_was(folder: Path, tmp_path: Path) -> None:
    run("classify", "--no-model", "--quiet", "--edition", "original", "--out", tmp_path)

    profile = Profiles(ProfileFile(tmp_path / "wallet_profiles.parquet")).find(ALICE)
    assert profile is not None
    # Sizes never differ: entropy 0 at some 1,464 trades a day; no minute rose.
    assert [(each.name, each.confidence) for each in profile.categories] == [
        ("Scalper", 1.0),
        ("Possible Contrarian Trader", 0.6),
    ]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--truth", "nowhere.parquet"], "no truth at nowhere.parquet"),
        (["--truth", "truth.txt"], "a truth file ends in .parquet or .csv"),
        (["--truth", "truth.parquet", "--explain", "Bot"], "choose one"),
    ],
)
def test_what_cannot_be_meant_is_one_line(folder: Path, words: list[str], reason: str) -> None:
    code, said = refused("categories", *words)

    assert code == 2
    assert reason in said
    assert said.count("\n") == 1


def test_dataset_that_is_not_there_is_no_place_to_show_rules_of(folder: Path) -> None:
    code, said = refused("categories", "--data", folder / "wrong")

    assert (code, said.count("\n")) == (1, 1)
    assert "wrong" in said


def test_truth_is_refused_for_wallets_that_are_real(folder: Path, tmp_path: Path) -> None:
    write_dataset(tmp_path / "real", trades=TRADES)

    code, said = refused(
        "classify", "--no-model", "--truth", "truth.parquet", "--data", tmp_path / "real"
    )

    assert code == 2
    assert "--truth is for simulated recordings" in said
