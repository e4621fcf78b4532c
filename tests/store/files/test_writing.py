"""Lines reach the disk whole, in order, and bounded; what cannot be written is said."""

import json
import os
import threading
from pathlib import Path

import pytest
from disk_fakes import file_size_limit

from hypertrack.clock import SystemClock
from hypertrack.config import RecordSettings
from hypertrack.errors import DatasetError
from hypertrack.journal import write_lines
from hypertrack.records import Feed
from hypertrack.store.files.writing import QUARANTINE, LineWriter

QUICK = RecordSettings(write_interval_s=0.005, flush_interval_s=0.01)
NEVER = RecordSettings(write_interval_s=60, max_queued_frames=4)
"""The disk does not follow: nothing leaves the queue."""


def writer(folder: Path, settings: RecordSettings = QUICK) -> LineWriter:
    made = LineWriter(folder, settings, SystemClock())
    made.start()
    return made


def test_lines_of_a_feed_keep_their_order_and_feeds_their_files(tmp_path: Path) -> None:
    lines = writer(tmp_path)
    for n in range(1_000):
        lines.offer(Feed.TRADES, b'{"n":%d}\n' % n)
    lines.offer(Feed.BBO, b"{}\n")
    lines.offer(QUARANTINE, b'{"reason":""}\n')
    lines.close()

    numbers = [
        json.loads(line)["n"] for line in (tmp_path / "trades.jsonl").read_bytes().splitlines()
    ]
    assert numbers == list(range(1_000))
    assert (tmp_path / "bbo.jsonl").read_bytes() == b"{}\n"
    assert (tmp_path / "quarantine.jsonl").exists()
    assert not (tmp_path / "l2book.jsonl").exists()


def test_lines_are_on_disk_without_closing(tmp_path: Path) -> None:
    lines = writer(tmp_path)
    lines.offer(Feed.TRADES, b"{}\n")
    path = tmp_path / "trades.jsonl"
    while not path.exists() or path.stat().st_size < 3:
        pass

    assert path.read_bytes() == b"{}\n"
    lines.close()


def test_existing_lines_are_appended_to(tmp_path: Path) -> None:
    (tmp_path / "trades.jsonl").write_bytes(b'{"n":1}\n')

    lines = writer(tmp_path)
    lines.offer(Feed.TRADES, b'{"n":2}\n')
    lines.close()

    assert (tmp_path / "trades.jsonl").read_bytes() == b'{"n":1}\n{"n":2}\n'


def test_books_are_shed_first_then_quotes_and_trades_never(tmp_path: Path) -> None:
    lines = LineWriter(tmp_path, NEVER, SystemClock())  # not started

    taken: dict[Feed, list[bool]] = {Feed.L2BOOK: [], Feed.BBO: [], Feed.TRADES: []}
    for _ in range(8):
        for feed, answers in taken.items():
            if feed is not Feed.TRADES or lines.n_queued < 8:
                answers.append(lines.offer(feed, b"{}\n"))

    # queued: 3, then 6 (no room for books at 4, none for quotes at 6), then trades alone to 8
    assert taken[Feed.L2BOOK] == [True, True] + [False] * 6
    assert taken[Feed.BBO] == [True, True] + [False] * 6
    assert all(taken[Feed.TRADES])
    assert lines.n_queued == 8


def test_trades_wait_for_room(tmp_path: Path) -> None:
    settings = RecordSettings(write_interval_s=0.01, max_queued_frames=1)
    lines = LineWriter(tmp_path, settings, SystemClock())
    for _ in range(2):
        lines.offer(Feed.TRADES, b"{}\n")
    waiting = threading.Thread(target=lines.offer, args=(Feed.TRADES, b"{}\n"))
    waiting.start()
    assert lines.n_queued == 2

    lines.start()
    waiting.join(5)
    lines.close()

    assert (tmp_path / "trades.jsonl").read_bytes() == b"{}\n" * 3


def test_full_disk_stops_the_writer_and_leaves_whole_lines(tmp_path: Path) -> None:
    lines = writer(tmp_path)
    with file_size_limit(1_000):
        for _ in range(200):
            lines.offer(Feed.TRADES, b'{"coin":"BTC"}\n')
        lines.failed.wait(5)

        assert not lines.offer(Feed.TRADES, b"{}\n")
        with pytest.raises(DatasetError, match=r"could not be written \(File too large\)"):
            lines.close()

    text = (tmp_path / "trades.jsonl").read_bytes()
    assert text
    assert set(text.splitlines(keepends=True)) == {b'{"coin":"BTC"}\n'}


def test_part_of_a_line_that_fitted_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old\n")
    descriptor = os.open(path, os.O_RDWR)
    with file_size_limit(10), pytest.raises(OSError, match="File too large"):
        write_lines(descriptor, b"one\ntwo\n", 4)
    os.close(descriptor)

    assert path.read_bytes() == b"old\none\n"


def test_sync_waits_for_what_was_queued_before_it(tmp_path: Path) -> None:
    rarely = RecordSettings(write_interval_s=0.005, flush_interval_s=600)
    lines = writer(tmp_path, rarely)
    lines.offer(Feed.TRADES, b"{}\n")

    assert lines.sync(patience_s=5)
    assert (tmp_path / "trades.jsonl").read_bytes() == b"{}\n"
    assert lines.sync(patience_s=0)  # nothing has come since
    lines.close()


def test_sync_gives_up_where_the_disk_does_not_follow(tmp_path: Path) -> None:
    lines = LineWriter(tmp_path, NEVER, SystemClock())  # not started
    lines.offer(Feed.TRADES, b"{}\n")

    assert not lines.sync(patience_s=0.01)
