"""Every stage as a user types it, files in a folder; the demo, and what records, as processes."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from hypertrack.cli.demo_display import next_commands
from hypertrack.cli.main import app
from hypertrack.pipeline.demo import DemoResult
from hypertrack.pipeline.profiles import Profiles
from hypertrack.store.dataset import open_dataset
from hypertrack.store.profiles import ProfileFile

TIMEOUT_S = 120

QUICKEST = ("--quick", "--hours", "8", "--wallets", "300", "--seed", "3")
"""The least of a demo that has every stage."""


def hypertrack(folder: Path, *words: object, is_ok: bool = True) -> Result:
    """Run a command in ``folder``; it must succeed unless said otherwise."""
    with chdir(folder):
        done = CliRunner().invoke(app, [*map(str, words)])
    assert (done.exit_code == 0) == is_ok, done.output
    return done


@contextmanager
def simulating(folder: Path, *words: object) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run ``hypertrack simulate``; give its URL and the process."""
    command = [sys.executable, "-m", "hypertrack", "simulate", "--json", "--port", "0"]
    with subprocess.Popen(
        [*command, *map(str, words)], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.terminate()


@contextmanager
def recording(folder: Path, *words: object) -> Iterator[subprocess.Popen[str]]:
    """Run ``hypertrack record``, stopped as by Ctrl-C at the end; it must end with 0."""
    with subprocess.Popen(
        [sys.executable, "-m", "hypertrack", "record", *map(str, words)],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=TIMEOUT_S)
            assert process.returncode == 0, err
        finally:
            process.kill()


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def replayed(capture: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the mainnet capture, recorded over a socket at 60 times its speed."""
    folder = tmp_path_factory.mktemp("replayed")
    with (
        simulating(folder, "--replay", capture, "--speed", 60) as (url, exchange),
        recording(folder, "--url", url, "--trades", "--l2book"),
    ):
        assert exchange.stdout is not None
        assert json.loads(exchange.stdout.readline())["event"] == "finished"
    return folder


@pytest.mark.slow
def test_replayed_capture_is_recorded_whole(replayed: Path, capture: Path) -> None:
    captured = {
        (trade["time"], trade["coin"], trade["tid"]): trade
        for frame in lines(capture)
        if frame["channel"] == "trades"
        for trade in frame["data"]
    }

    recorded = lines(replayed / "recorded_data" / "trades.jsonl")

    assert len(captured) == len(recorded) == 1_869
    for line in recorded:
        line.pop("received_ns")
        assert line == captured[line["time"], line["coin"], line["tid"]]
    assert not (replayed / "recorded_data" / "quarantine.jsonl").exists()


@pytest.mark.slow
def test_replayed_capture_has_every_maker_and_taker_right(replayed: Path, capture: Path) -> None:
    expected = set()
    for frame in lines(capture):
        for trade in frame["data"] if frame["channel"] == "trades" else ():
            buyer, seller = trade["users"]
            taker, maker = (buyer, seller) if trade["side"] == "B" else (seller, buyer)
            expected.add((trade["time"], trade["tid"], taker, maker))

    with open_dataset(replayed / "recorded_data") as dataset:
        found = dataset.connection.execute("""
            SELECT time_ms, trade_id,
                CASE WHEN is_buy THEN b.wallet ELSE s.wallet END,
                CASE WHEN is_buy THEN s.wallet ELSE b.wallet END
            FROM trades
            JOIN wallets AS b ON b.wallet_id = buyer_id
            JOIN wallets AS s ON s.wallet_id = seller_id
        """).fetchall()
        n_wallets = dataset.summary().n_wallets

    assert set(found) == expected
    assert n_wallets == 528


@pytest.mark.slow
def test_training_on_five_minutes_is_refused_with_the_reason(replayed: Path) -> None:
    refused = hypertrack(replayed, "train", is_ok=False)

    assert refused.exit_code == 1
    assert "record about" in refused.stderr
    assert not (replayed / "wallet_model.pt").exists()


@pytest.mark.slow
def test_forced_training_and_all_that_follows(
    replayed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTRACK_TRAIN__TRAIN_CUTS_FRAC", "0.6")  # one is quicker than four
    at = ["--data", replayed / "recorded_data"]

    trained = hypertrack(tmp_path, *at, "train", "--force", "--report", "pages/run.html")
    hypertrack(tmp_path, *at, "classify")
    hypertrack(tmp_path, *at, "report")
    hypertrack(tmp_path, *at, "dashboard")

    profiles = Profiles(ProfileFile(tmp_path / "wallet_profiles.parquet"))
    wallets = list(profiles.wallets(np.arange(528)))
    model = profiles.header.model
    assert len(wallets) == profiles.header.n_wallets == 528
    assert all(profile.scores is not None for profile in wallets)
    assert model is not None
    assert model.is_forced
    assert not any(head.has_earned_weight for head in model.heads)
    assert "FORCED" in (tmp_path / "final_report.txt").read_text(encoding="utf-8")
    assert "wrote pages/run.html" in trained.stderr
    report = (tmp_path / "pages" / "run.html").read_text(encoding="utf-8")
    assert "Trained with <code>--force</code>" in report
    assert any(profile.reasons for profile in wallets)
    hypertrack(tmp_path, *at, "models", "show", "--report", "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == report
    assert "528" in (tmp_path / "wallet_dashboard.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_rules_work_without_a_model(replayed: Path, tmp_path: Path) -> None:
    at = ["--data", replayed / "recorded_data"]

    missing = hypertrack(tmp_path, *at, "report", is_ok=False)
    hypertrack(tmp_path, *at, "report", "--no-model", "--format", "json")

    assert missing.exit_code == 1
    assert "hypertrack train" in missing.stderr
    wallets = json.loads((tmp_path / "final_report.json").read_text(encoding="utf-8"))
    assert "528" in json.dumps(wallets["data"])


@pytest.mark.slow
def test_demo_tells_the_whole_story(tmp_path: Path) -> None:
    no_way = "http://127.0.0.1:9"  # nothing of it leaves this machine, nor goes through a proxy
    environment = {**os.environ, "BROWSER": "none", "http_proxy": no_way, "ALL_PROXY": no_way}

    done = subprocess.run(
        [sys.executable, "-m", "hypertrack", "demo", "--json", "--open", *QUICKEST],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=10 * TIMEOUT_S,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    demo = tmp_path / "demo"
    assert "wallet_dashboard.html" in done.stderr  # where to look, since no browser is here
    assert (demo / "wallet_dashboard.html").stat().st_size > 100_000
    assert (demo / "wallet_model.pt").exists()
    assert not list(demo.glob("archives-*"))
    for page in ("training_report.html", "final_report.txt", "backtest.html"):
        assert "simulated" in (demo / page).read_text(encoding="utf-8")
    assert result["n_wallets"] > 100
    assert result["n_asked"] == 5
    assert result["n_recorded"] > 1_000
    assert result["truth"]["n_wallets"] == result["n_wallets"]
    assert len(result["verdicts"]) == 8
    assert any(judged["true_edge_bps"] is not None for judged in result["verdicts"])
    assert result["backtest"]["sentences"]
    assert coverage_is_whole(demo / "recorded_data")
    next_commands_work(tmp_path, msgspec.convert(result, DemoResult))


def next_commands_work(folder: Path, result: DemoResult) -> None:
    """Type what the demo printed, from where it ran."""
    (why, wallet, categories) = next_commands(result)
    best = result.verdicts[0].wallet
    for command, expected in ((why, best), (wallet, best), (categories, "precision")):
        program, *words = shlex.split(command)
        assert program == "hypertrack"
        assert expected in hypertrack(folder, *words).stdout


def coverage_is_whole(data: Path) -> bool:
    """Return whether the ledger says that nothing was missed: not where archives end either."""
    query = """
        SELECT count(*) FILTER (status = 'observed') > 0,
            count(*) FILTER (
                status <> 'observed' AND (missed IS DISTINCT FROM 0 OR end_ms > start_ms)
            )
        FROM read_json($file, format = 'newline_delimited')
    """
    with duckdb.connect() as connection:
        found = connection.execute(query, {"file": str(data / "coverage.jsonl")}).fetchall()
    return found == [(True, 0)]
