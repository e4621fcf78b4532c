"""Trades before a replay, asked for: what the answer proves, and what it does not."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from clock_fakes import ManualClock
from fakes import START_MS

from hypertrack.config import RecordSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.rows import Row
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.background import Background
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.streams import Streams
from hypertrack.recording.trade_filling import TradeFiller
from hypertrack.records import CoverageCause, Feed, RawJson
from hypertrack.store.files.ledger import Ledger, read_ledger
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

BTC = Subscription(Feed.TRADES, "BTC")
LAST = (START_MS, 1)
"""The last trade stored before the disconnect."""
REPLAYED_MS = START_MS + 60_000
"""The oldest trade of the replay after it."""


def row(trade_id: int, time_ms: int) -> Row:
    return Row("BTC", time_ms, trade_id, RawJson(b"{}"))


class Answer(InfoClient):
    """A venue that answers what it is told to, after something else has happened."""

    def __init__(self, rows: list[Row] | None, meanwhile: Callable[[], None]):
        """Open no connection."""
        self._rows = rows
        self._meanwhile = meanwhile

    def recent_trades(self, coin: str) -> list[Row]:
        self._meanwhile()
        if self._rows is None:
            raise VenueError(f"nothing of {coin}")
        return self._rows


class Bench:
    """A stream that was lost behind `LAST` and has come back with a replay from `REPLAYED_MS`."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.clock = ManualClock()
        self.writer = LineWriter(folder, RecordSettings(), self.clock)
        self.book = CoverageBook(Ledger(folder), self.clock)
        session = Session(folder=folder, mode="rotate")
        streams = Streams(session, self.book, self.writer, CandleBook(5_000), self.clock)
        intake = streams.intake_of(SocketPlan(url="", subscriptions=(BTC,)))
        self.stream = intake.streams[Feed.TRADES, "BTC"]
        self.time = intake.time
        self.time.see(START_MS - 1_000)
        self.come_back(START_MS - 1_000)
        self.stream.new_of([row(LAST[1], LAST[0])])
        self.time.see(LAST[0])
        self.stream.coverage.lose(CoverageCause.ERROR)
        self.time.see(REPLAYED_MS)
        self.come_back(REPLAYED_MS)
        self.stream.coverage.warn(LAST[0], REPLAYED_MS)

    def come_back(self, oldest_ms: int) -> None:
        self.stream.acknowledge()
        self.stream.coverage.begin_rows(oldest_ms, oldest_ms)

    def lose_again(self) -> None:
        self.time.see(REPLAYED_MS + 10_000)
        self.stream.coverage.lose(CoverageCause.CLOSED)

    def fill(self, *rows: Row, is_answered: bool = True, meanwhile: str = "") -> None:
        """Ask, and take the answer at once; ``meanwhile`` names what happens before it."""
        happens = getattr(self, meanwhile) if meanwhile else lambda: None
        stop = threading.Event()
        background = Background(stop)
        info = Answer(list(rows) if is_answered else None, happens)
        filler = TradeFiller(info, self.clock, background, self.writer)
        filler.ask(self.stream, LAST, REPLAYED_MS)
        background.add(stop.set)
        background.run()

    def gaps(self) -> list[tuple[str, int, int, int | None]]:
        """Return what is known to be missing, times from `START_MS` on."""
        self.book.stop()
        return [
            (line.status, line.start_ms - START_MS, line.end_ms - START_MS, line.missed)
            for line in read_ledger(self.folder)
            if line.status != "observed"
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_answer_that_holds_the_last_trade_closes_the_gap(bench: Bench) -> None:
    bench.fill(row(2, START_MS + 30_000), row(1, START_MS))

    assert bench.gaps() == [("disconnected", 0, 60_000, 0)]


def test_answer_that_begins_before_the_last_trade_closes_the_gap(bench: Bench) -> None:
    bench.fill(row(2, START_MS + 30_000), row(7, START_MS - 1))

    assert bench.gaps() == [("disconnected", 0, 60_000, 0)]


def test_answer_that_begins_in_the_block_of_the_last_trade_without_it_does_not(
    bench: Bench,
) -> None:
    bench.fill(row(2, START_MS + 30_000), row(7, START_MS))

    assert bench.gaps() == [("gap", 0, 0, None)]


def test_answer_that_reaches_a_part_of_the_way_makes_the_gap_smaller(bench: Bench) -> None:
    bench.fill(row(2, START_MS + 30_000), row(3, START_MS + 40_000))

    assert bench.gaps() == [("gap", 0, 30_000, None)]


def test_no_answer_leaves_the_gap_as_it_was(bench: Bench) -> None:
    bench.fill(is_answered=False)

    assert bench.gaps() == [("gap", 0, 60_000, None)]


def test_answer_after_another_loss_closes_neither(bench: Bench) -> None:
    bench.fill(row(2, START_MS + 30_000), row(1, START_MS), meanwhile="lose_again")

    assert bench.gaps() == [
        ("disconnected", 0, 60_000, None),
        ("disconnected", 70_000, 70_000, None),
    ]
