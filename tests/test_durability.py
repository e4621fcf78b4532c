"""What would survive a power cut: what was synced, and in which order it reached the disk."""

import threading
from pathlib import Path
from typing import Any

import pytest
from archive_fakes import block, both_fills, write_lines
from clock_fakes import ManualClock
from disk_fakes import logged_disk
from fakes import START_MS, write_dataset
from import_fakes import imported

from hypertrack.config import RecordSettings
from hypertrack.importing import sink
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.records import CoverageCause, Feed
from hypertrack.store.files.ledger import Ledger
from hypertrack.store.files.session import mend_last_line
from hypertrack.store.files.writing import LineWriter

LINE = b'{"n":1}\n'


class RecordingClock(ManualClock):
    """A clock that brings a line each time the writer waits, until the time is up."""

    def __init__(self, until_s: float):
        super().__init__()
        self.writer: LineWriter | None = None
        self.is_over = threading.Event()
        self._until_s = until_s

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        assert self.writer is not None
        if self.now_s < self._until_s:
            self.writer.offer(Feed.TRADES, LINE)
            return super().wait(stop, seconds)
        self.is_over.set()
        return stop.wait(5)


def test_what_is_written_is_synced_within_the_flush_interval(tmp_path: Path) -> None:
    clock = RecordingClock(until_s=60)
    settings = RecordSettings(write_interval_s=1, flush_interval_s=5)
    writer = clock.writer = LineWriter(tmp_path, settings, clock)
    synced: list[tuple[float, int]] = []

    with logged_disk(tmp_path) as disk:
        disk.on_event = lambda event: (
            synced.append((clock.now_s, disk.synced_bytes["trades.jsonl"] // len(LINE)))
            if event == "sync trades.jsonl"
            else None
        )
        writer.start()
        assert clock.is_over.wait(5)

        # A line comes each second and is written at its end: after second n there are n lines.
        assert synced == [(float(n), n) for n in range(5, 61, 5)]
        writer.close()

    assert disk.synced_bytes["trades.jsonl"] == (tmp_path / "trades.jsonl").stat().st_size


def test_sync_that_was_waited_for_has_reached_the_disk(tmp_path: Path) -> None:
    rarely = RecordSettings(write_interval_s=0.005, flush_interval_s=600)
    writer = LineWriter(tmp_path, rarely, ManualClock())

    with logged_disk(tmp_path) as disk:
        writer.start()
        writer.offer(Feed.TRADES, LINE)
        writer.offer(Feed.BBO, LINE * 2)

        assert writer.sync(patience_s=5)
        assert disk.synced_bytes == {"trades.jsonl": len(LINE), "bbo.jsonl": 2 * len(LINE)}
        writer.close()


def test_last_lines_are_synced_before_the_writer_is_closed(tmp_path: Path) -> None:
    rarely = RecordSettings(write_interval_s=600, flush_interval_s=600)
    stop_at_once = LineWriter(tmp_path, rarely, ManualClock())

    with logged_disk(tmp_path) as disk:
        stop_at_once.offer(Feed.TRADES, LINE)
        stop_at_once.start()
        stop_at_once.close()

    assert disk.events[-1] == "sync trades.jsonl"
    assert disk.synced_bytes == {"trades.jsonl": len(LINE)}


def test_file_is_synced_before_it_is_let_go_of(tmp_path: Path) -> None:
    often_written = RecordSettings(write_interval_s=0.001, flush_interval_s=600)
    writer = LineWriter(tmp_path, often_written, ManualClock())
    path = tmp_path / "trades.jsonl"

    with logged_disk(tmp_path) as disk:
        written = threading.Event()
        disk.on_event = lambda event: written.set() if event == "write trades.jsonl" else None
        writer.start()
        writer.offer(Feed.TRADES, LINE)
        assert written.wait(5)
        with writer.paused(Feed.TRADES):
            assert disk.synced_bytes["trades.jsonl"] == path.stat().st_size == len(LINE)
        writer.close()


def test_warning_has_reached_the_disk_before_the_trades_behind_it_are_written(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    book = CoverageBook(Ledger(tmp_path), clock)
    socket = ExchangeTime(book.time)
    stream = book.stream("trades:BTC", socket, is_recovered=True)
    settings = RecordSettings(write_interval_s=1, flush_interval_s=600)
    writer = LineWriter(tmp_path, settings, clock, before_write=book.tell)
    socket.see(10_000)
    stream.acknowledge()
    stream.begin_rows(10_000, 10_000)
    stream.lose(CoverageCause.ERROR)
    socket.see(90_000)
    stream.acknowledge()
    stream.warn(10_000, 80_000)

    with logged_disk(tmp_path) as disk:
        writer.offer(Feed.TRADES, LINE)
        writer.start()
        writer.close()

    assert disk.events == [
        "write coverage.jsonl",
        "sync coverage.jsonl",
        "write trades.jsonl",
        "sync trades.jsonl",
    ]


def test_ledger_is_synced_before_it_is_closed(tmp_path: Path) -> None:
    book = CoverageBook(ledger := Ledger(tmp_path), ManualClock())
    book.miss([Feed.TRADES], START_MS, CoverageCause.UNREADABLE)

    with logged_disk(tmp_path) as disk:
        book.stop()
        ledger.close()

    assert disk.events == ["write coverage.jsonl", "sync coverage.jsonl"]
    assert disk.synced_bytes["coverage.jsonl"] == (tmp_path / "coverage.jsonl").stat().st_size


def test_torn_line_is_kept_on_the_disk_before_it_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "trades.jsonl"
    path.write_bytes(LINE + b'{"n":')

    with logged_disk(tmp_path) as disk:
        sizes: dict[str, int] = {}
        disk.on_event = lambda event: sizes.update({event: path.stat().st_size})
        mend_last_line(path, tmp_path / "quarantine.jsonl")

    assert list(sizes) == ["sync quarantine.jsonl", "sync trades.jsonl"]
    assert sizes["sync quarantine.jsonl"] == len(LINE) + 5  # nothing was cut off yet
    assert disk.synced_bytes["trades.jsonl"] == len(LINE)


@pytest.mark.parametrize("buffered_bytes", [1, 1 << 24], ids=["line by line", "all at once"])
def test_import_is_claimed_once_all_of_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, buffered_bytes: int
) -> None:
    monkeypatch.setattr(sink, "BUFFERED_BYTES", buffered_bytes)
    source = write_lines(tmp_path / "b", [block(both_fills())])
    data = write_dataset(tmp_path / "data")

    with logged_disk(data) as disk:
        written: dict[str, Any] = {}
        disk.on_event = lambda event: (
            written.update(disk.synced_bytes) if event == "rename coverage.jsonl" else None
        )
        imported(data, source)

    sizes = {name: (data / name).stat().st_size for name in ("trades.jsonl", "fills.jsonl")}
    assert {name: written.get(name) for name in sizes} == sizes
    assert disk.renamed_unsynced == []
    assert disk.events[disk.events.index("rename coverage.jsonl") + 1] == "sync ."
