"""Recording into databases over real sockets, while the database goes away and comes back."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest
from database_fakes import database_url, lines_of, rows, write_session
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import START_MS
from postgres_fakes import PostgresServer
from recorder_fakes import PATIENCE_S, plan_for, settings_for

from hypertrack.config import DatabaseUrl
from hypertrack.recording.recorder import Recorder
from hypertrack.records import RecordingReport
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.manifest import parse_manifest
from hypertrack.store.files.session import Session, SessionMode

N_TRADES = 5_000
SOURCE = HandSource(blocks(N_TRADES, step_ms=20), coins=(coin(),), extra_ms=10**9)
PACED = AT_ONCE.model_copy(update={"speed": 50.0})
"""All of them within two seconds."""

KILLED = textwrap.dedent("""
    import os, sys, threading, time
    from pathlib import Path
    from database_fakes import database_url
    from recorder_fakes import plan_for, settings_for
    from hypertrack.recording import recorder
    from hypertrack.store.database.database_session import open_database_session

    recorder.CHECKPOINT_INTERVAL_S = 0.05
    settings = settings_for(sys.argv[1], write_interval_s=0.02, flush_interval_s=0.05)
    with open_database_session(database_url(sys.argv[2]), "rotate", Path(sys.argv[3])) as session:
        print("opened", flush=True)
        sys.stdin.readline()
        one = recorder.Recorder(settings, plan_for(settings), session)
        threading.Thread(target=one.run, daemon=True).start()
        while one.status().n_rows < 5_000 or one.status().n_queued:
            time.sleep(0.01)
        time.sleep(0.3)
        os.kill(os.getpid(), 9)
""")


def record_into(
    url: DatabaseUrl,
    spool: Path,
    exchange_url: str,
    watch: Callable[[Recorder, Session], None],
    mode: SessionMode = "rotate",
) -> RecordingReport:
    """Record for as long as ``watch`` runs."""
    stop = threading.Event()
    settings = settings_for(exchange_url, write_interval_s=0.02, flush_interval_s=0.05)
    plan = plan_for(settings)
    with open_database_session(url, mode, spool) as session, ThreadPoolExecutor(1) as pool:
        recorder = Recorder(settings, plan, session, stop=stop)
        running = pool.submit(recorder.run, PATIENCE_S)
        try:
            watch(recorder, session)
        finally:
            stop.set()
        return running.result()


def until(recorder: Recorder, n_rows: int) -> None:
    while recorder.status().n_rows < n_rows:
        assert recorder.status().elapsed_s < PATIENCE_S, recorder.status()
        wait([], 0.01)


def stored_ids(url: DatabaseUrl) -> list[int]:
    return [json.loads(line)["tid"] for line in lines_of(url, "trades")]


def test_recording_stands_in_the_database_with_its_ledger_and_manifest(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        report = record_into(
            url, tmp_path / "spool", exchange.url, lambda recorder, _: until(recorder, N_TRADES)
        )

    assert stored_ids(url) == list(range(1, N_TRADES + 1))
    (line,) = map(json.loads, lines_of(url, "coverage"))
    assert (line["status"], line["end_ms"]) == ("observed", START_MS + N_TRADES * 20)
    ((text, words),) = rows(url, "SELECT manifest, report FROM sessions")
    manifest = parse_manifest(text.encode())
    assert manifest is not None
    assert manifest.is_complete
    assert manifest.report == report
    assert report.folder == str(url)
    assert f"Dataset: {url}\n" in words
    assert not (tmp_path / "spool").exists()


@pytest.mark.slow
def test_restart_of_the_database_in_mid_recording_loses_nothing(
    postgres: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    n_waiting = []

    def restart(recorder: Recorder, _: Session) -> None:
        until(recorder, 1_000)
        postgres.stop("immediate")
        until(recorder, 3_000)
        n_waiting.append(recorder.status().spooled_bytes)
        postgres.start()
        until(recorder, N_TRADES)

    with running_exchange(SOURCE, PACED) as exchange:
        record_into(postgres_url, tmp_path / "spool", exchange.url, restart)

    assert n_waiting[0] > 100_000
    assert stored_ids(postgres_url) == list(range(1, N_TRADES + 1))
    with open_dataset(postgres_url) as dataset:
        summary = dataset.summary()
    assert (summary.n_trades, summary.n_duplicate_trades, summary.gaps) == (N_TRADES, 0, ())
    assert summary.observed_frac == 1.0


@pytest.mark.slow
def test_recorder_killed_while_the_database_is_away_loses_nothing(
    postgres: PostgresServer, postgres_url: DatabaseUrl, tmp_path: Path
) -> None:
    url, spool = postgres.url(postgres_url.schema), tmp_path / "spool"
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        with subprocess.Popen(
            [sys.executable, "-c", KILLED, exchange.url, url, str(spool)],
            cwd=Path(__file__).parents[2],
            env=os.environ | {"PYTHONPATH": "tests:."},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as recorder:
            assert recorder.stdout is not None
            assert recorder.stdout.readline() == b"opened\n"
            try:
                postgres.stop()
                recorder.communicate(b"go\n", timeout=60)
            finally:
                postgres.start()
        assert recorder.returncode == -signal.SIGKILL
        assert rows(postgres_url, "SELECT count(*) FROM trades") == [(0,)]

        session = write_session(database_url(url), spool, {}, "append")

    assert stored_ids(postgres_url) == list(range(1, N_TRADES + 1))
    assert json.loads(session.last_trades[-1])["tid"] == N_TRADES
    assert session.end_ms_by_stream == {"trades:BTC": START_MS + N_TRADES * 20}
    assert not spool.exists()


@pytest.mark.slow
def test_continued_recording_stores_no_trade_twice(url: DatabaseUrl, tmp_path: Path) -> None:
    source = HandSource(blocks(100), open_ms=START_MS + 4_000, coins=(coin(),))
    for mode in ("rotate", "append"):
        with running_exchange(source, AT_ONCE) as exchange:

            def watch(recorder: Recorder, _: Session) -> None:
                while recorder.status().exchange_time_ms != START_MS + 10_000:
                    wait([], 0.01)

            record_into(url, tmp_path / "spool", exchange.url, watch, mode)  # type: ignore[arg-type]

    assert stored_ids(url) == list(range(11, 101))
    (one, two) = map(json.loads, lines_of(url, "coverage"))
    assert one["end_ms"] == START_MS + 10_000
    assert two["missed"] is None  # a venue that begins anew never holds the last trade stored
