"""What the machine does to a recorder: disks that fill or stall, clocks that jump, SIGTERM."""

import os
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from operator import attrgetter
from pathlib import Path

import pytest
from campaign_fakes import Note, outcome_of
from disk_fakes import stalled_disk
from exchange_fakes import AT_ONCE, HandSource, blocks, coin, quote
from fakes import START_MS
from recorder_fakes import coverage_of, lines, n_rows, record_until, settings_for, trade_ids

from hypertrack.clock import SystemClock
from hypertrack.records import Feed, FeedStatus, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

N_TRADES = 6_000
SOURCE = HandSource(blocks(N_TRADES, step_ms=20), coins=(coin(),))
END_MS = START_MS + N_TRADES * 20

DISK_THAT_FILLS = """
mount -t tmpfs -o size=600k none "$DATA" || exit 77
"$PYTHON" -m hypertrack record --data "$DATA" --url "$URL" --trades; first=$?
mount -o remount,size=64m "$DATA"
"$PYTHON" -m hypertrack record --data "$DATA" --url "$URL" --trades --append --duration 3s
echo "$first" "$?"
cp "$DATA"/*.jsonl "$OUT"
"""


def has_reached_the_end(status: RecordingStatus) -> bool:
    return status.exchange_time_ms == END_MS


@pytest.mark.slow
def test_full_disk_ends_the_recording_and_append_goes_on(tmp_path: Path, note: Note) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    out.mkdir()
    with running_exchange(SOURCE, AT_ONCE.model_copy(update={"speed": 20})) as exchange:
        where = {"PYTHON": sys.executable, "DATA": str(data), "OUT": str(out), "URL": exchange.url}
        done = subprocess.run(
            ["unshare", "-rm", "sh", "-c", DISK_THAT_FILLS],
            capture_output=True,
            text=True,
            env=os.environ | where,
            check=False,
        )
        sent = list(exchange.sent.trades())

    if done.returncode in (1, 77) and not done.stdout:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    assert "could not be written (No space left on device): what was recorded" in done.stderr
    assert done.stdout.split() == ["1", "0"]
    outcome = outcome_of("disk full, then room again", out, sent, 1)
    assert outcome.n_sent > N_TRADES / 2
    assert 0 < outcome.n_lost < outcome.n_sent
    note(outcome)


def test_stalled_disk_sheds_books_then_quotes_and_never_trades(tmp_path: Path, note: Note) -> None:
    """600 trades wait: the queue takes 400 frames before books go, 600 before quotes do."""
    quotes = [quote(START_MS + nth * 200, f"{nth + 1}.0", "9000.0") for nth in range(600)]
    events = sorted([*blocks(600, step_ms=200), *quotes], key=attrgetter("time_ms"))
    source = HandSource(events, coins=(coin(),))
    rules = VenueRules(book_ms=200)
    shed: list[tuple[int, int, int]] = []

    with running_exchange(source, AT_ONCE, rules=rules) as exchange, stalled_disk() as is_going:

        def is_over(status: RecordingStatus) -> bool:
            if not shed:
                is_going.clear()
            trades, bbo, books = (feed.n_shed for feed in by_feed(status))
            shed.append((trades, bbo, books))
            if bbo and books and status.n_queued == 800:  # trades alone wait from here on
                is_going.set()
            return status.exchange_time_ms == events[-1].time_ms and not status.n_queued

        settings = settings_for(exchange.url, "trades", "bbo", "l2book", max_queued_frames=400)
        report = record_until(is_over, tmp_path, settings)
        sent = list(exchange.sent.trades())

    trades, bbo, books = by_feed(report.status)
    assert trades.n_shed == 0
    assert next(bbo for _, bbo, books in shed if books) <= next(
        books for _, bbo, books in shed if bbo
    )
    for feed, name in ((bbo, "bbo"), (books, "l2book")):
        assert feed.n_shed > 50
        gaps = [line for line in coverage_of(tmp_path, f"{name}:BTC") if line[0] == "gap"]
        assert {gap[3] for gap in gaps} == {"overflow"}
        assert sum(gap[4] or 0 for gap in gaps) == feed.n_shed
        assert len(lines(tmp_path, name)) == feed.n_rows == feed.n_frames - feed.n_shed
    assert trade_ids(tmp_path) == list(range(1, 601))
    note(outcome_of("disk stalled, queue full", tmp_path, sent, bbo.n_shed + books.n_shed))


def by_feed(status: RecordingStatus) -> tuple[FeedStatus, FeedStatus, FeedStatus]:
    """Return trades, quotes and books."""
    of = {feed.feed: feed for feed in status.feeds}
    return of[Feed.TRADES], of[Feed.BBO], of[Feed.L2BOOK]


class JumpingClock(SystemClock):
    """The machine's clock, whose wall time somebody sets."""

    def __init__(self) -> None:
        self.jumped_s = 0

    def wall_ns(self) -> int:
        return super().wall_ns() + self.jumped_s * 1_000_000_000


def test_clock_that_jumps_loses_nothing(tmp_path: Path, note: Note) -> None:
    clock = JumpingClock()
    jumps_s = {500: 3_600, 1_500: -7_200, 2_500: 86_400, 4_000: -1}
    with running_exchange(SOURCE, AT_ONCE.model_copy(update={"speed": 60})) as exchange:

        def is_over(status: RecordingStatus) -> bool:
            clock.jumped_s = sum(
                jump for at, jump in jumps_s.items() if n_rows(status, Feed.TRADES) > at
            )
            return has_reached_the_end(status)

        report = record_until(is_over, tmp_path, settings_for(exchange.url), clock=clock)
        sent = list(exchange.sent.trades())

    assert report.status.n_reconnects == 2  # forwards, the machine may have slept
    causes = [line[3] for line in coverage_of(tmp_path, "trades:BTC") if line[0] != "observed"]
    assert causes == ["silence", "silence"]
    note(outcome_of("wall clock jumps", tmp_path, sent, len(jumps_s)))


def wait_for_words(process: "subprocess.Popen[bytes]", words: bytes) -> None:
    """Read what a process says until it says these words."""
    assert process.stderr is not None
    assert any(words in line for line in process.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("venue", ["refuses", "never answers"])
def test_sigterm_during_a_reconnect_ends_well_at_once(
    venue: str, tmp_path: Path, note: Note
) -> None:
    faults = Faults(break_after_frames=2_000, refuse_s=10**6)
    command = [sys.executable, "-m", "hypertrack", "record", "--trades", "--data", str(tmp_path)]
    with ExitStack() as venue_lives:
        exchange = venue_lives.enter_context(running_exchange(SOURCE, AT_ONCE, faults))
        process = subprocess.Popen([*command, "--url", exchange.url], stderr=subprocess.PIPE)
        wait_for_words(process, b"connecting again")
        sent = list(exchange.sent.trades())
        if venue == "never answers":
            venue_lives.pop_all().close()
            port = int(exchange.url.rpartition(":")[2])
            silent = venue_lives.enter_context(socket.create_server(("127.0.0.1", port)))
            venue_lives.enter_context(silent.accept()[0])  # the next attempt; it waits for a word
        started_s = time.monotonic()
        process.terminate()
        process.communicate(timeout=10)
        took_s = time.monotonic() - started_s

    assert process.returncode == 0
    assert took_s < 3.0  # promised are 2, on a machine that does nothing else
    last = coverage_of(tmp_path, "trades:BTC")[-1]
    assert (last[0], last[3]) == ("disconnected", "error")
    assert (tmp_path / "data_collection_report.txt").exists()
    assert trade_ids(tmp_path) == list(range(1, 2_001))
    note(outcome_of(f"SIGTERM while the venue {venue}", tmp_path, sent, 1))
