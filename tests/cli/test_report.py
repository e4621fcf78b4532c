"""The report command: which wallets, in which order, in which file."""

import csv
import json
from pathlib import Path

import pytest
from kept_profiles import Kept, write_kept
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.records import Verdict

A, B, C = (f"0x{letter * 40}" for letter in "abc")
run = CliRunner().invoke


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The flags of three judged wallets, the most active first, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    file = write_kept(
        tmp_path / "kept.parquet",
        Kept(A, {"tx_count": 9, "total_value": 1.0}, None, Verdict.AVOID, {"edge_bps": -9.0}, 1.5),
        Kept(B, {"tx_count": 8, "total_value": 3.0}, None, Verdict.WATCH, {"edge_bps": 2.0}),
        Kept(C, {"tx_count": 7, "total_value": 2.0}, None, Verdict.COPY, {"edge_bps": 1.0}, 7.5),
    )
    return ["--profiles", str(file)]


def wallets() -> list[str]:
    with Path("final_report.csv").open(newline="") as file:
        return [row["wallet"] for row in csv.DictReader(file)]


@pytest.mark.parametrize(
    ("flags", "shown"),
    [
        ([], [A, B, C]),  # the most active first
        (["--top", "2"], [C, B]),  # by verdict
        (["--top", "2", "--by", "total_value"], [B, C]),
        (["--top", "1", "--by", "edge_bps"], [B]),
        (["--top", "3", "--by", "profit_usd"], [C, A]),  # of B it is not known
    ],
)
def test_first_wallets_are_those_asked_for(
    kept: list[str], flags: list[str], shown: list[str]
) -> None:
    done = run(app, ["report", "--format", "csv", *flags, *kept])

    assert done.exit_code == 0, done.stderr
    assert wallets() == shown


def test_watchlist_shows_its_wallets_and_names_those_not_seen(kept: list[str]) -> None:
    unseen = f"0x{'d' * 40}"
    Path("watchlist.txt").write_text(f"# mine\n{C}\n{unseen}\n{A}  # lost\n")

    run(app, ["report", "--format", "json", "--watchlist", "watchlist.txt", *kept])

    told = json.loads(Path("final_report.json").read_text(encoding="utf-8"))
    assert [each["wallet"] for each in told["profiles"]] == [A, C]
    assert told["left_out"] == [{"n_wallets": 1, "reason": "not on the watchlist"}]
    assert told["not_seen"] == [unseen]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--by", "edge_bps"], "give --top N too"),
        (["--top", "3", "--by", "edge"], "did you mean edge_bps?"),
        (["--top", "3", "--by", "risk_score"], "no risk_score: train first"),
        (["--watchlist", "nowhere"], "no file at nowhere"),
        (["--top", "0"], "--top"),
    ],
)
def test_wrong_choice_is_one_line_and_writes_nothing(
    kept: list[str], flags: list[str], says: str
) -> None:
    done = run(app, ["report", *flags, *kept])

    assert done.exit_code in {1, 2}
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert not Path("final_report.txt").exists()


def test_name_that_ranks_nothing_is_refused_before_the_work() -> None:
    """There is no dataset either, which would be missed first where work came first."""
    done = run(app, ["report", "--top", "3", "--by", "tx_cuont", "--data", "nowhere"])

    assert done.exit_code == 2
    assert "did you mean tx_count?" in done.stderr
