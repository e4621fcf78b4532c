"""The verdict on the terminal: first what the recording can say at all."""

import json
from pathlib import Path
from typing import Any

import pytest
from backtest_fakes import WALLETS, market
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    account_state,
    evm_transaction,
    fill_of,
    trade,
    write_dataset,
)
from typer.testing import CliRunner

from hypertrack.cli.main import app

TRADES = [
    trade(START_MS + nth * 60_000, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0 + nth % 3)
    for nth in range(40)
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the flags of a recording of two wallets, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "data", trades=TRADES)
    return ["--data", str(tmp_path / "data")]


def test_first_line_is_about_the_recording(data: list[str]) -> None:
    result = CliRunner().invoke(app, ["verdict", *data])

    assert result.exit_code == 0
    assert result.stdout.startswith("no wallet can be told from luck in 0.7 h")
    assert result.stdout.count("NOT ENOUGH DATA") == 2


def test_json_holds_the_sentence_and_every_number(data: list[str]) -> None:
    result = CliRunner().invoke(app, ["verdict", "--top", "1", "--json", *data])

    said = json.loads(result.stdout)
    assert said["headline"].startswith("no wallet can be told from luck")
    assert said["skill"]["n_wallets"] == 2
    assert len(said["wallets"]) == 1
    assert said["wallets"][0]["skill"]["verdict"] == "NOT ENOUGH DATA"
    assert "edge_bps" in said["wallets"][0]["skill"]["numbers"]


def test_why_shows_what_decided(data: list[str]) -> None:
    result = CliRunner().invoke(app, ["verdict", "--why", ALICE.upper().replace("X", "x"), *data])

    assert result.exit_code == 0
    assert "NOT ENOUGH DATA: " in result.stdout
    assert "30 needed" in result.stdout


def test_way_to_the_reasons_asks_for_the_same_estimator(data: list[str]) -> None:
    result = CliRunner().invoke(app, ["verdict", "--estimator", "persistence", *data])

    assert "edges are expected by persistence" in result.stdout
    assert result.stderr.strip().endswith("--estimator persistence")


def test_wallet_shows_its_verdict_too(data: list[str]) -> None:
    result = CliRunner().invoke(app, ["wallet", "--no-model", ALICE, *data])

    assert "worth copying?" in result.stdout
    assert "NOT ENOUGH DATA: " in result.stdout


def test_profiles_that_are_fresh_are_not_judged_again(data: list[str]) -> None:
    run = CliRunner()
    run.invoke(app, ["classify", "--no-model", *data])
    before = Path("wallet_profiles.parquet").stat().st_mtime_ns

    result = run.invoke(app, ["verdict", "--profiles", "wallet_profiles.parquet"])

    assert result.stdout.startswith("no wallet can be told from luck")
    assert Path("wallet_profiles.parquet").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says"),
    [
        (["--why", "0x12"], 1, "begins with 0x12"),
        (["--why", "0xyz"], 2, "40 hexadecimal digits"),
        (["--estimator", "prior", "--profiles", "old.parquet"], 2, "choose one of them"),
        (["--why", CAROL], 1, "is not among the 2 seen"),
        (["--top", "0"], 2, "top"),
    ],
)
def test_what_cannot_be_shown_is_said_in_one_line(
    data: list[str], arguments: list[str], exit_code: int, says: str
) -> None:
    result = CliRunner().invoke(app, ["verdict", *arguments, *data])

    assert result.exit_code == exit_code
    assert says in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_data_that_is_not_there_is_an_error_beside_old_profiles(data: list[str]) -> None:
    run = CliRunner()
    run.invoke(app, ["classify", "--no-model", *data])

    result = run.invoke(app, ["verdict", "--data", "nowhere"])

    assert result.exit_code == 1


@pytest.mark.slow  # a market is judged and followed
def test_basket_says_how_independent_its_wallets_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_dataset(tmp_path / "data", trades=market(n_hours=3, foresight=0.9))

    result = CliRunner().invoke(app, ["verdict", "--basket", "2", "--json", "--data", str(folder)])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["wallets"][0]["wallet"] == WALLETS[0]  # who foresees comes first
    assert found["wallets"][0]["nearest"] == found["wallets"][1]["wallet"]
    assert 1.0 <= found["n_effective"] <= 2.0
    assert found["says"].startswith(f"2 wallets, as good as {found['n_effective']:.1f} independent")


@pytest.mark.parametrize(
    ("more", "exit_code", "says"),
    [
        (["--why", ALICE], 2, "choose one of them"),
        (["--profiles", "wallet_profiles.parquet"], 2, "leave out --profiles"),
        ([], 1, "a basket needs wallets with an expected edge above 0, found none"),
    ],
)
def test_basket_that_cannot_be_made_is_refused(
    data: list[str], more: list[str], exit_code: int, says: str
) -> None:
    result = CliRunner().invoke(app, ["verdict", "--basket", "3", *more, *data])

    assert result.exit_code == exit_code
    assert says in result.stderr


@pytest.mark.slow  # from the lines to the profiles
@pytest.mark.parametrize("words", [("verdict",), ("wallet", ALICE, "--no-model")])
def test_fills_of_single_wallets_are_no_market_and_it_is_said_what_to_do(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "data", fills=[fill_of(TRADES[0], ALICE)])

    result = CliRunner().invoke(app, [*words, "--data", str(tmp_path / "data")])

    assert result.exit_code == 1
    assert "no trade of the market is recorded in" in result.stderr
    assert "`hypertrack record --append`" in result.stderr


@pytest.mark.slow  # from the lines to the profiles
@pytest.mark.parametrize(
    "lines",
    [
        {"fills": [fill_of(TRADES[0], ALICE)]},
        {"account_states": [account_state(START_MS, ALICE)]},
        {"transactions": [evm_transaction(START_MS, ALICE, BOB, value_wei=10**18)]},
    ],
    ids=lambda lines: next(iter(lines)),
)
def test_recording_in_which_nobody_traded_is_classified(
    lines: dict[str, list[dict[str, Any]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_dataset(tmp_path / "data", **lines)

    result = CliRunner().invoke(app, ["classify", "--no-model", "--data", str(tmp_path / "data")])

    assert result.exit_code == 0, result.output
