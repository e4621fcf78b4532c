"""No command loads a library before it needs it: a no comes at once."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, observed, trade, write_dataset

pytestmark = pytest.mark.slow  # what is loaded, only a process of its own can tell

HEAVY = ("torch", "sklearn", "scipy", "ibis", "duckdb", "pyarrow", "numpy", "aiohttp", "jinja2")

PROGRAM = f"""
import json, sys
from hypertrack.cli.main import app
for words in json.loads(sys.argv[1]):
    try:
        app(words)
    except SystemExit as end:
        loaded = [name for name in {HEAVY} if name in sys.modules]
        print(end.code, *loaded)
"""

NO_DATA = [
    *(["train"], ["classify"], ["classify", "--no-model"], ["report"], ["dashboard"]),
    *(["wallet", ALICE], ["features"], ["features", "--describe"], ["verify"], ["seal"]),
    ["backtest"],
    ["features", "--check-leakage"],
    ["import", "nowhere"],
    ["report", "--profiles", "nowhere.parquet"],
]
NO_MODEL = [["models", "show"], ["models", "compare", "a", "b"], ["models", "promote", "a"]]
WRONG = [
    ["simulate", "--write", "made", "--trades", "0"],
    ["simulate", "--replay", "nowhere"],
    ["features", "--describe", "--out", "a"],
    ["features", "--since", "2026-01-02", "--until", "2026-01-01"],
    ["train", "--seed", "one"],
]


def ends(folder: Path, *commands: list[str]) -> list[str]:
    """Run commands in one process; of each its exit code, and what is loaded by then."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(commands)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_nothing_is_loaded_to_say_no(tmp_path: Path) -> None:
    said = ends(tmp_path, *NO_DATA, *NO_MODEL, *WRONG)

    assert said == ["1"] * len([*NO_DATA, *NO_MODEL]) + ["2"] * len(WRONG)


def test_nothing_is_loaded_to_list_models(tmp_path: Path) -> None:
    assert ends(tmp_path, ["models", "list"]) == ["0"]


def test_no_model_is_said_before_anything_is_measured(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)])

    assert ends(tmp_path, ["classify", "--data", "data"]) == ["1"]


def test_too_few_wallets_are_counted_before_the_features_are_loaded(tmp_path: Path) -> None:
    write_dataset(
        tmp_path / "data",
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)],
        coverage=[observed("trades:BTC", START_MS, START_MS + 1)],
    )

    _, *loaded = ends(tmp_path, ["train", "--data", "data"])[0].split()

    assert "duckdb" in loaded
    assert not {"torch", "sklearn", "ibis"} & set(loaded)


def test_too_short_a_recording_is_refused_before_torch_is_loaded(tmp_path: Path) -> None:
    wallets = [f"0x{number:040x}" for number in range(60)]
    write_dataset(
        tmp_path / "data",
        trades=[
            trade(START_MS + number, buyer=wallet, seller=BOB, taker=BOB)
            for number, wallet in enumerate(wallets)
        ],
        coverage=[observed("trades:BTC", START_MS, START_MS + 60)],
    )

    code, *loaded = ends(tmp_path, ["train", "--data", "data"])[0].split()

    assert code == "1"
    assert not {"torch", "sklearn"} & set(loaded)
