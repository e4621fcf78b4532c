"""Commands that look after datasets, on hand-made ones."""

import json
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, candle, observed, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.records import MINUTE_MS

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


def test_verify_without_candles_proves_nothing(tmp_path: Path) -> None:
    trades = [trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)]
    data = str(write_dataset(tmp_path, trades=trades))

    result = run(app, ["verify", "--data", data, "--min-completeness", "0"])

    assert result.exit_code == 1
    assert "no minute of" in result.stderr
