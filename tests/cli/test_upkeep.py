"""Commands that look after datasets, on hand-made ones."""

import json
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, candle, observed, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.store.files.manifest import Manifest, write_manifest
from hypertrack.store.files.session import open_session

FLAT = (100.0, 100.0, 100.0, 100.0)

run = CliRunner().invoke


@pytest.fixture
def lacking(tmp_path: Path) -> str:
    """A recording of two minutes, of which the venue counts 4 trades and 3 are there."""
    times = [START_MS, START_MS + 30_000, START_MS + MINUTE_MS]
    write_dataset(
        tmp_path,
        trades=[trade(time_ms, buyer=ALICE, seller=BOB, taker=BOB) for time_ms in times],
        candles=[
            candle(START_MS + nth * MINUTE_MS, prices=FLAT, volume=2.0, count=2) for nth in (0, 1)
        ],
        coverage=[observed("trades:BTC", START_MS, START_MS + 2 * MINUTE_MS)],
    )
    return str(tmp_path)


def test_verify_shows_each_coin_and_what_is_missing(lacking: str) -> None:
    result = run(app, ["verify", "--data", lacking], env={"COLUMNS": "80"})

    assert result.exit_code == 0
    assert "BTC 75.000 % 75.000 % 4 1 2 1 1 0" in " ".join(result.stdout.split())
    assert "1 minutes, 1 of them without a gap in the ledger" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 80


def test_verify_names_a_coin_by_its_question(tmp_path: Path) -> None:
    coin = "#118440"
    write_dataset(
        tmp_path,
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, coin=coin)],
        candles=[candle(START_MS, prices=FLAT, coin=coin)],
        coverage=[observed(f"trades:{coin}", START_MS, START_MS + MINUTE_MS)],
    )
    write_manifest(tmp_path, Manifest(aliases={coin: "Rain on Monday?: \x1b[2JYes"}))

    shown = run(app, ["verify", "--data", str(tmp_path)])
    told = run(app, ["verify", "--data", str(tmp_path), "--json"])

    assert "#118440 is Rain on Monday?: \ufffd[2JYes" in shown.stdout
    assert json.loads(told.stdout)["coins"][0]["alias"].startswith("Rain on Monday?")


def test_verify_for_machines_is_one_object(lacking: str) -> None:
    result = run(app, ["verify", "--data", lacking, "--json"])

    found = json.loads(result.stdout)
    assert found["completeness"] == 0.75
    assert found["incomplete_minutes"][0]["start_ms"] == START_MS + MINUTE_MS


@pytest.mark.parametrize(("least", "exit_code"), [("0.75", 0), ("0.751", 1), ("1.1", 2)])
def test_verify_ends_with_one_below_the_completeness_asked_for(
    lacking: str, least: str, exit_code: int
) -> None:
    result = run(app, ["verify", "--data", lacking, "--min-completeness", least])

    assert result.exit_code == exit_code
    if exit_code == 1:
        assert result.stderr == (
            f"error: completeness 0.750000 of {lacking} is below 0.751: 1 minutes lack trades, "
            "1 of them without a gap in the ledger\n"
        )


def test_verify_says_which_share_of_the_minutes_nobody_judged(tmp_path: Path) -> None:
    times = [START_MS + nth * 30_000 for nth in range(6)]
    data = write_dataset(
        tmp_path,
        trades=[trade(time_ms, buyer=ALICE, seller=BOB, taker=BOB) for time_ms in times],
        candles=[candle(START_MS, prices=FLAT, volume=2.0, count=2)],
        coverage=[observed("trades:BTC", START_MS, START_MS + 3 * MINUTE_MS)],
    )

    result = run(app, ["verify", "--data", str(data)], env={"COLUMNS": "200"})

    assert (
        "100.000 % of the judged trades, 100.000 % of their value; 66.7 % of the" in result.stdout
    )


def test_verify_tells_of_a_clock_that_is_years_away_in_words(tmp_path: Path) -> None:
    lines = [
        {**trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB), "received_ns": received_ms * 10**6}
        for received_ms in (START_MS + 324 * DAY_MS,)
    ]
    data = write_dataset(tmp_path, trades=lines)

    result = run(app, ["verify", "--data", str(data)], env={"COLUMNS": "200"})

    assert "324 days after their time: a replayed or simulated venue, or a clock" in result.stdout


def test_verify_without_candles_proves_nothing(tmp_path: Path) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)]
    data = str(write_dataset(tmp_path, trades=trades))

    result = run(app, ["verify", "--data", data, "--min-completeness", "0"])

    assert result.exit_code == 1
    assert "no minute of" in result.stderr


@pytest.fixture
def two_hours(tmp_path: Path) -> str:
    times = [START_MS, START_MS + HOUR_MS]
    trades = [trade(time_ms, buyer=ALICE, seller=BOB, taker=BOB) for time_ms in times]
    return str(write_dataset(tmp_path, trades=trades))


def test_seal_says_what_it_sealed_and_the_sizes(two_hours: str) -> None:
    result = run(app, ["seal", "--data", two_hours], env={"COLUMNS": "80"})

    assert result.exit_code == 0
    assert "trades 1 1 1 0.0 0.0" in " ".join(result.stdout.split())
    assert (Path(two_hours) / "sealed" / "trades" / "2026-01-05T08.parquet").exists()


def test_seal_for_machines_is_one_object(two_hours: str) -> None:
    (done,) = json.loads(run(app, ["seal", "--data", two_hours, "--json"]).stdout)["feeds"]

    assert (done["feed"], done["n_hours"], done["n_sealed"], done["n_open"]) == ("trades", 1, 1, 1)
    assert done["bytes_before"] > 0


def test_seal_leaves_a_folder_alone_that_is_being_recorded_to(two_hours: str) -> None:
    with open_session(Path(two_hours), "append"):
        result = run(app, ["seal", "--data", two_hours])

    assert result.exit_code == 1
    assert "is being recorded to" in result.stderr
    assert not (Path(two_hours) / "sealed").exists()


def test_seal_of_nothing_is_an_error(tmp_path: Path) -> None:
    result = run(app, ["seal", "--data", str(tmp_path / "none")])

    assert result.exit_code == 1
    assert not (tmp_path / "none").exists()
