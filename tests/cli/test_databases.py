"""Every command on a dataset in a database, as a user types it."""

import json
import os
from pathlib import Path

import pytest
from database_fakes import good_trade, lines_of, write_lines, write_session
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import ALICE
from postgres_fakes import PASSWORD, QUOTED_PASSWORD, PostgresServer
from typer.testing import CliRunner, Result

from hypertrack.cli.main import app
from hypertrack.config import DatabaseUrl
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.files.locks import lock_file

SOURCE = HandSource(blocks(200, step_ms=1_000), coins=(coin(),), extra_ms=10**9)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def text(url: DatabaseUrl, request: pytest.FixtureRequest) -> str:
    """The URL as a user would give it, password and all."""
    if url.dialect == "sqlite":
        return "sqlite:///dataset.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(url.schema)


def run(*words: str, exit_code: int = 0) -> Result:
    result = CliRunner().invoke(app, words, env={"COLUMNS": "80"})
    assert result.exit_code == exit_code, result.output
    for secret in (PASSWORD, QUOTED_PASSWORD):
        assert secret not in result.output
    return result


def recorded(text: str) -> Result:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        words = ("--trades", "--candles", "--coins", "BTC", "--duration", "1s")
        return run("record", "--url", exchange.url, "--data", text, *words)


@pytest.mark.slow
def test_every_reader_takes_a_database(text: str, here: Path) -> None:
    result = recorded(text)
    shown = text.replace(QUOTED_PASSWORD, "***")
    assert f"lines in {shown}; its table sessions holds the report" in result.stderr
    assert sorted(path.name for path in here.glob("*spool*")) == []

    assert "complete   100.000 %" in run("verify", "--data", text).stdout
    run("features", "--data", text, "--out", "features.csv")
    assert (here / "features.csv").read_text().count("\n") == 3
    run("classify", "--data", text, "--no-model")
    written = (here / "wallet_profiles.parquet").stat().st_mtime_ns
    run("report", "--data", text, "--no-model")
    run("dashboard", "--data", text, "--no-model")
    assert (here / "wallet_profiles.parquet").stat().st_mtime_ns == written  # still fresh
    report = (here / "final_report.txt").read_text()
    assert "trades    200 in 1 coins" in report
    assert "not from Hyperliquid's own network" in report
    assert "200 transactions" in run("wallet", ALICE, "--data", text, "--no-model").stdout
    assert "training needs" in run("train", "--data", text, exit_code=1).stderr

    recorded(text)
    run("report", "--data", text, "--no-model")
    assert (here / "wallet_profiles.parquet").stat().st_mtime_ns > written


@pytest.mark.slow
def test_dataset_goes_into_a_database_and_back(text: str, url: DatabaseUrl, here: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        words = ("--trades", "--candles", "--coins", "BTC", "--duration", "1s")
        run("record", "--url", exchange.url, "--data", "folder", *words)

    run("import", "folder", "--data", text)
    again = run("import", "folder", "--data", text, "--append", "--json")
    left_out = json.loads(again.stdout)["report"]["left_out"]
    assert {one["reason"] for one in left_out} == {"imported before"}
    assert "200" in run("import", text, "--data", "back", "--dry-run").stdout
    run("import", text, "--data", "back")

    for name in ("trades", "candles"):
        lines = (here / "folder" / f"{name}.jsonl").read_bytes().splitlines()
        assert lines_of(url, name) == lines
        assert (here / "back" / f"{name}.jsonl").read_bytes().splitlines() == lines


def test_dataset_is_not_imported_into_itself(sqlite_url: DatabaseUrl) -> None:
    text = str(sqlite_url)

    result = run("import", text, "--data", text, exit_code=2)

    assert "is the dataset to import into" in result.stderr


def test_seal_says_that_it_is_for_folders() -> None:
    result = run("seal", "--data", "sqlite:///a.db", exit_code=2)

    assert "seal is for folders" in result.stderr
    assert "hypertrack import sqlite:///a.db --data FOLDER" in result.stderr


@pytest.mark.parametrize(
    "command", ["verify", "classify --no-model", "features", "report --no-model"]
)
def test_server_that_cannot_be_reached_is_one_line(command: str) -> None:
    words = [*command.split(), "--data", "postgresql://me:s3cret@127.0.0.1:1/d"]

    result = CliRunner().invoke(app, words)

    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "error: postgresql://me:***@127.0.0.1:1/d: " in result.stderr
    assert "is the server running? check host and port" in result.stderr


def test_recording_does_not_begin_without_its_database() -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        words = ("--trades", "--coins", "BTC", "--data", "postgresql://me@127.0.0.1:1/d")
        result = run("record", "--url", exchange.url, *words, exit_code=1)

    assert "Connection refused" in result.stderr
    assert not Path("hypertrack_spool").exists()


def test_reader_is_told_of_lines_that_wait_for_the_database(
    sqlite_url: DatabaseUrl, caplog: pytest.LogCaptureFixture
) -> None:
    write_session(sqlite_url, Path("hypertrack_spool"), {"trades": [good_trade(1)]})
    waiting = Path("hypertrack_spool", sqlite_url.slug)
    waiting.mkdir(parents=True)
    write_lines(waiting, {"trades": [good_trade(2)] * 10_000})

    run("features", "--data", str(sqlite_url), "--out", "features.csv")
    assert f"MB recorded for {sqlite_url} wait in {waiting} and are not read" in caplog.text

    caplog.clear()
    lock = lock_file(waiting / "recorder.lock", "it")
    run("features", "--data", str(sqlite_url), "--out", "features.csv")
    os.close(lock)
    assert caplog.text == ""
