"""Live as a process beside the one that records: killed, in want of settings, out of disk."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from disk_fakes import file_size_limit
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from kill_fakes import killed, wait_for

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, HypertrackError
from hypertrack.live.chain import breaks
from hypertrack.pipeline.live_process import LiveProcess

pytestmark = pytest.mark.slow  # processes of their own, which load what they need


def row(nth: int) -> dict[str, Any]:
    return trade(START_MS + nth * 5_000, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=nth + 1)


def prepare() -> None:
    """Do what a new process is to do first: here nothing."""


@contextmanager
def beside(
    folder: Path,
    lines: list[bytes],
    on_line: Callable[[bytes], None] | None = None,
    **settings: object,
) -> Iterator[tuple[LiveProcess, threading.Event]]:
    write_dataset(folder / "data", trades=[row(nth) for nth in range(3)])
    given = {
        "data": str(folder / "data"),
        "out": str(folder),
        "live": {"poll_s": 0.05, "window_h": 0},
    }
    stop = threading.Event()
    process = LiveProcess(
        Settings.model_validate(given | settings),
        on_line or lines.append,
        prepare,
        stop,
        restart_s=(0.05,),
    )
    try:
        yield process, stop
    finally:
        process.end()


def test_killed_under_fire_it_misses_no_signal_and_says_none_twice(tmp_path: Path) -> None:
    said, replayed = killed(tmp_path, n_kills=2, per_second=100)

    assert said == replayed
    assert len({one["id"] for one in said}) == len(said) > 20
    assert list(breaks(tmp_path / "data" / "live" / "signals.jsonl")) == []
    assert (tmp_path / "data" / "live" / "checkpoint.bin").exists()


def test_wrong_settings_end_it_and_who_records(tmp_path: Path) -> None:
    sink = {"name": "bot", "kind": "webhook"}
    with beside(tmp_path, [], sinks=[sink]) as (process, stop):
        process.start()
        wait_for(stop.is_set)

    assert isinstance(process.failure, ConfigError)
    assert "sink bot has no address" in str(process.failure)
    assert process.n_deaths == 0


def test_reader_of_signals_who_is_gone_ends_it_and_who_records(tmp_path: Path) -> None:
    def refuse(_: bytes) -> None:
        raise BrokenPipeError

    with beside(tmp_path, [], refuse, follow={"leaders": [ALICE]}) as (process, stop):
        process.start()
        wait_for(lambda: process.status)
        with (tmp_path / "data" / "trades.jsonl").open("a") as file:
            file.writelines(json.dumps(row(nth)) + "\n" for nth in range(3, 9))
        wait_for(stop.is_set)

    assert isinstance(process.failure, BrokenPipeError)
    assert process.n_deaths == 0
    assert process.status is not None
    assert process.status.n_signals >= 1  # it ended well, and said where it stood


def test_full_disk_ends_it_and_who_records(tmp_path: Path) -> None:
    with beside(tmp_path, []) as (process, stop), file_size_limit(200):  # no status is so short
        process.start()
        wait_for(stop.is_set)

    assert isinstance(process.failure, HypertrackError)
    assert process.failure.exit_code == 1
    assert "is full: make room" in str(process.failure)
