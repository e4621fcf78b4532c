"""The diff command: files of profiles, folders that hold some, and recordings."""

import json
from pathlib import Path

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset
from kept_profiles import Kept, write_kept
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.records import Verdict

A, B, C = (f"0x{letter * 40}" for letter in "abc")
WHALE = {"tx_count": 9.0, "max_value": 60_000.0, "total_value": 600_000.0}
run = CliRunner().invoke


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with two files of profiles, the second in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    edge = {"edge_low_bps": 1.0, "edge_bps": 2.0, "edge_high_bps": 3.0}
    moved = {"edge_low_bps": 3.5, "edge_bps": 4.0, "edge_high_bps": 5.0}
    write_kept(
        tmp_path / "monday.parquet",
        Kept(A, verdict=Verdict.WATCH, skill=edge),
        Kept(B, verdict=Verdict.AVOID),
    )
    (tmp_path / "tuesday").mkdir()
    write_kept(
        tmp_path / "tuesday" / "wallet_profiles.parquet",
        Kept(A, WHALE, verdict=Verdict.COPY, skill=moved),
        Kept(C, verdict=Verdict.AVOID),
    )


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_terminal_shows_what_became_of_whom_within_the_width(columns: str) -> None:
    done = run(app, ["diff", "monday.parquet", "tuesday"], env={"COLUMNS": columns})

    words = " ".join(done.stdout.split())
    assert done.exit_code == 0
    assert words.startswith("2 wallets before, 2 after: 1 in both, 1 entered, 1 left")
    assert "1 became COPY, 0 ceased to be" in words
    assert "WATCH → COPY" in words
    assert all(address in done.stdout for address in (A, B, C))  # whole, at any width
    assert max(map(len, done.stdout.splitlines())) <= int(columns)


def test_json_holds_every_wallet_that_differs() -> None:
    done = run(app, ["diff", "monday.parquet", "tuesday", "--top", "0", "--json"])

    told = json.loads(done.stdout)
    assert (told["schema"], told["n_both"], told["n_entered"], told["n_left"]) == (
        "hypertrack.diff",
        1,
        1,
        1,
    )
    assert [each["wallet"] for each in told["wallets"]] == [A, C, B]
    assert told["wallets"][0]["moved"][0]["after"] == 4.0
    assert done.stderr == ""


def test_page_is_written_where_asked() -> None:
    done = run(app, ["diff", "monday.parquet", "tuesday", "--report", "pages/diff.html"])

    assert done.exit_code == 0
    assert A in Path("pages/diff.html").read_text(encoding="utf-8")
    assert "wrote pages/diff.html" in done.stderr


def test_same_profiles_do_not_differ() -> None:
    done = run(app, ["diff", "monday.parquet", "monday.parquet"])

    assert "2 in both, 0 entered, 0 left" in done.stdout
    assert "0x" not in done.stdout


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["monday.parquet", "nowhere"], "nowhere"),
        (["monday.parquet", "notes.txt"], "notes.txt"),
        (["monday.parquet", "tuesday", "--report", "tuesday"], "must end in .html"),
        (["monday.parquet"], "Missing argument 'after'"),
    ],
)
def test_what_cannot_be_compared_is_one_line(flags: list[str], says: str) -> None:
    Path("notes.txt").write_text("no profiles")

    done = run(app, ["diff", *flags])

    assert done.exit_code in {1, 2}
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow  # profiles two recordings
def test_recordings_are_profiled_and_compared(tmp_path: Path) -> None:
    for name, seller in (("first", BOB), ("second", CAROL)):
        trades = [
            trade(START_MS + n * 1_000, buyer=ALICE, seller=seller, taker=ALICE) for n in range(5)
        ]
        write_dataset(tmp_path / name, trades=trades)

    done = run(app, ["diff", "first", "second", "--json"])

    told = json.loads(done.stdout)
    assert {each["wallet"]: each["presence"] for each in told["wallets"]} == {
        BOB: "left",
        CAROL: "entered",
    }
    assert told["before"]["place"] == "first"
    assert not (tmp_path / "wallet_profiles.parquet").exists()  # nothing is left behind
