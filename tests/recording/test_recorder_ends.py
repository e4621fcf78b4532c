"""Recorders that end badly: a full disk, a kill, a bug; what they wrote is whole."""

import json
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from disk_fakes import file_size_limit
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import START_MS
from recorder_fakes import coverage_of, lines, plan_for, record_until, settings_for, trade_ids

from hypertrack.errors import DatasetError
from hypertrack.records import RecordingStatus
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.files.manifest import read_manifest
from hypertrack.store.files.session import open_session

SOURCE = HandSource(blocks(5_000, step_ms=20), coins=(coin(),), extra_ms=10**9)

KILLED = textwrap.dedent("""
    import os, sys, threading, time
    from pathlib import Path
    from recorder_fakes import plan_for, settings_for
    from hypertrack.recording import recorder
    from hypertrack.store.files.session import open_session

    recorder.CHECKPOINT_INTERVAL_S = 0.05
    settings = settings_for(sys.argv[1], write_interval_s=0.02)
    with open_session(Path(sys.argv[2])) as session:
        one = recorder.Recorder(settings, plan_for(settings), session)
        threading.Thread(target=one.run, daemon=True).start()
        ledger = Path(sys.argv[2]) / "coverage.jsonl"
        while not ledger.exists() or sys.argv[3] not in ledger.read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), 9)
""")


def test_full_disk_ends_the_recording_with_whole_lines(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        settings = settings_for(exchange.url, write_interval_s=0.01)
        plan = plan_for(settings)
        with (
            file_size_limit(100_000),
            pytest.raises(DatasetError, match="free some space and record on with --append"),
        ):
            record_until(lambda _: False, tmp_path, settings, plan)

    text = (tmp_path / "trades.jsonl").read_bytes()
    assert 50_000 < len(text) <= 100_000
    assert trade_ids(tmp_path) == list(range(1, text.count(b"\n") + 1))
    assert lines(tmp_path, "coverage")


@pytest.mark.slow
def test_killed_recorder_leaves_what_it_had_and_can_be_continued(tmp_path: Path) -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        code = subprocess.run(
            [sys.executable, "-c", KILLED, exchange.url, str(tmp_path), str(START_MS + 100_000)],
            check=False,
            timeout=60,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": "tests:."},
        ).returncode

    assert code == -9
    assert trade_ids(tmp_path) == list(range(1, 5_001))
    assert coverage_of(tmp_path, "trades:BTC") == [
        ("observed", START_MS + 20, START_MS + 100_000, None, None)
    ]
    manifest = read_manifest(tmp_path / "manifest.json")
    assert manifest is not None
    assert not manifest.is_complete
    with open_session(tmp_path, "append") as session:
        assert json.loads(session.last_trades[-1])["tid"] == 5_000
        assert session.end_ms_by_stream == {"trades:BTC": START_MS + 100_000}


def test_bug_in_a_thread_is_raised_where_it_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("hypertrack.recording.listening.Listener.run", break_down)
    with running_exchange(SOURCE, AT_ONCE) as exchange, pytest.raises(ZeroDivisionError):
        record_until(lambda _: False, tmp_path, settings_for(exchange.url))

    assert (tmp_path / "manifest.json").exists()


def test_deleted_folder_ends_the_recording_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    pace = AT_ONCE.model_copy(update={"speed": 1})
    with running_exchange(SOURCE, pace) as exchange:
        settings = settings_for(exchange.url)
        started_s = time.monotonic()

        def delete(status: RecordingStatus) -> bool:
            if status.n_rows:
                shutil.rmtree(folder, ignore_errors=True)
            return False

        with pytest.raises(DatasetError, match="was deleted or moved away while it was recorded"):
            record_until(delete, folder, settings)

    assert time.monotonic() - started_s < 10.0
