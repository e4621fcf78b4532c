"""Two sockets that receive the same trades: one may die, and nothing is lost or stored twice."""

from pathlib import Path

import pytest
from clock_fakes import ManualClock
from exchange_fakes import AT_ONCE, HandSource, blocks, coin, trade
from fakes import START_MS
from recorder_fakes import coverage_of, lines, plan_for, record_until, settings_for, trade_ids

from hypertrack.config import RecordSettings, Settings
from hypertrack.feeds.frames import parse_frame
from hypertrack.feeds.rows import Row, Rows
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.redundant import Lack, RedundantCoverage
from hypertrack.recording.streams import Streams
from hypertrack.records import CoverageCause, Feed, RawJson, RecordingStatus, encode_json
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.files.ledger import Ledger
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

BTC = Subscription(Feed.TRADES, "BTC")

N_TRADES = 400
END_MS = START_MS + N_TRADES * 100
SOURCE = HandSource(blocks(N_TRADES), coins=(coin(),))
"""A trade each 100 ms: far more than a replay while a socket is refused for 20 s."""


def has_reached_the_end(status: RecordingStatus) -> bool:
    return status.exchange_time_ms == END_MS and status.feeds[0].n_rows >= N_TRADES


def redundant(url: str, **record: object) -> Settings:
    return settings_for(url, redundant=True, **record)


@pytest.mark.parametrize("break_by", ["drop", "close", "stall"])
def test_one_of_two_sockets_may_die(tmp_path: Path, break_by: str) -> None:
    faults = Faults(
        break_after_frames=100, break_sockets=1, break_by=break_by, refuse_s=20.0
    )  # frames are counted over both
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        settings = redundant(exchange.url, ping_interval_s=0.1, pong_timeout_s=1.0)
        report = record_until(has_reached_the_end, tmp_path, settings)

    assert sorted(trade_ids(tmp_path)) == list(range(1, N_TRADES + 1))
    assert report.n_gaps_by_cause == {}
    assert [line[:1] for line in coverage_of(tmp_path, "trades:BTC")] == [("observed",)]


def test_the_socket_that_died_takes_its_part_again(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=100, break_sockets=1)
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        report = record_until(
            lambda s: has_reached_the_end(s) and s.n_sockets_open == 2,
            tmp_path,
            redundant(exchange.url),
        )

    assert (report.status.n_sockets, report.status.n_reconnects) == (2, 1)
    assert sorted(trade_ids(tmp_path)) == list(range(1, N_TRADES + 1))


def test_loss_of_both_sockets_is_a_gap_as_ever(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=100, miss_trades=80)
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        report = record_until(
            # What was missed is asked for, and the recording must not end before the answer.
            lambda s: s.exchange_time_ms == END_MS and s.feeds[0].n_gaps > 0,
            tmp_path,
            redundant(exchange.url),
        )

    ids = sorted(trade_ids(tmp_path))
    assert ids == [*range(1, 51), *range(101, N_TRADES + 1)]
    assert [line[0] for line in coverage_of(tmp_path, "trades:BTC")] == [
        "observed",
        "gap",
        "observed",
    ]
    assert report.n_gaps_by_cause == {"error": 1}


def test_one_socket_may_be_far_behind_the_other(tmp_path: Path) -> None:
    streams = streams_of(tmp_path)
    first, second = (
        streams.intake_of(SocketPlan(url="", subscriptions=(BTC,), twin=0)).streams[
            Feed.TRADES, "BTC"
        ]
        for _ in range(2)
    )
    rows = [Row("BTC", START_MS + nth, nth, RawJson(b"{}")) for nth in range(10_000)]

    assert len(first.new_of(rows)) == 10_000
    assert second.new_of(rows) == []


def streams_of(folder: Path) -> Streams:
    clock = ManualClock()
    book = CoverageBook(Ledger(folder), clock)
    writer = LineWriter(folder, RecordSettings(), clock)
    session = Session(folder=folder, mode="rotate")
    return Streams(session, book, writer, CandleBook(5_000), clock)


def test_plan_gives_each_socket_with_trades_a_twin() -> None:
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        plan = plan_for(redundant(exchange.url, feeds=("trades", "candles", "blocks")))

    market, twin, explorer = plan.sockets
    assert [s.feed.value for s in market.subscriptions] == ["trades", "candles"]
    assert [s.feed.value for s in twin.subscriptions] == ["trades"]
    assert market.twin == twin.twin == 0
    assert explorer.twin is None


class Pair:
    """Both parts of one stream's coverage with the times of their sockets, and its ledger."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.book = CoverageBook(Ledger(folder), ManualClock())
        both = ExchangeTime(self.book.time)
        self.times = ExchangeTime(both), ExchangeTime(both)
        stream = self.book.stream("trades:BTC", both, is_recovered=True)
        self.stream = stream
        self.one = RedundantCoverage(stream)
        self.other = self.one.beside()
        for part, time in zip((self.one, self.other), self.times, strict=True):
            time.see(1_000)
            part.acknowledge()
            part.claim()
            part.begin_rows(1_000, 1_000)

    def see(self, part: int, time_ms: int) -> None:
        self.times[part].see(time_ms)
        (self.one, self.other)[part].bring([(time_ms, 1)])

    def lines(self) -> list[tuple[str, int, int, str | None]]:
        for part in (self.one, self.other):
            part.settle()
        self.book.stop()
        found = lines(self.folder, "coverage")
        return [(line["status"], line["start_ms"], line["end_ms"], line["cause"]) for line in found]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def test_stream_is_observed_until_the_last_of_two_is_lost(pair: Pair) -> None:
    pair.see(0, 2_000)
    pair.one.lose(CoverageCause.ERROR)
    pair.see(1, 3_000)
    pair.other.lose(CoverageCause.CLOSED)

    pair.see(0, 9_000)
    pair.one.acknowledge()
    assert pair.one.claim()
    pair.one.begin_rows(8_000, 9_000)
    pair.one.open_gap(3_000, 8_000)

    assert pair.lines() == [
        ("observed", 1_000, 3_000, "closed"),
        ("gap", 3_000, 8_000, "closed"),
        ("observed", 8_000, 9_000, "stop"),
    ]


def come_back_with_a_gap(pair: Pair) -> None:
    """Let the second socket die at 3,000 and come back with a replay from 8,000 on."""
    pair.see(1, 3_000)
    pair.other.lose(CoverageCause.ERROR)
    pair.see(1, 9_000)
    pair.other.acknowledge()
    assert not pair.other.claim()
    pair.other.begin_rows(8_000, 9_000)
    pair.other.lack(Lack(3_000, 8_000, frozenset({(8_000, 1), (9_000, 1)})))


def test_survivor_that_is_late_may_still_bring_what_the_replay_lacks(pair: Pair) -> None:
    come_back_with_a_gap(pair)
    pair.see(0, 9_000)

    assert pair.lines() == [("observed", 1_000, 9_000, "stop")]


@pytest.mark.parametrize("brought_ms", [1_000, 5_000])
def test_survivor_that_fell_silent_hides_nothing(pair: Pair, brought_ms: int) -> None:
    pair.see(0, brought_ms)
    come_back_with_a_gap(pair)
    pair.one.lose(CoverageCause.SILENCE)

    start_ms = max(3_000, brought_ms)
    assert pair.lines() == [
        ("observed", 1_000, start_ms, "silence"),
        ("gap", start_ms, 8_000, "silence"),
        ("observed", 8_000, 9_000, "stop"),
    ]


def test_gap_of_a_survivor_ends_later_by_as_much_as_rows_come_late(pair: Pair) -> None:
    pair.stream.time.count(700)
    come_back_with_a_gap(pair)
    pair.one.lose(CoverageCause.SILENCE)

    assert ("gap", 3_000, 8_700, "silence") in pair.lines()


def test_replay_of_the_second_socket_does_not_prove_that_nothing_was_missed(
    tmp_path: Path,
) -> None:
    clock = ManualClock()
    book = CoverageBook(Ledger(tmp_path), clock)
    writer = LineWriter(tmp_path, RecordSettings(), clock)  # not started
    asked: list[object] = []
    session = Session(folder=tmp_path, mode="rotate")
    ask = lambda *about: asked.append(about)  # noqa: E731
    streams = Streams(session, book, writer, CandleBook(5_000), clock, ask)
    socket = SocketPlan(url="", subscriptions=(Subscription(Feed.TRADES, "BTC"),), twin=0)
    intakes = [streams.intake_of(socket) for _ in range(2)]
    parts = [intake.streams[Feed.TRADES, "BTC"] for intake in intakes]

    def both_take(first_id: int, last_id: int) -> None:
        trades = [trade(START_MS + nth, nth) for nth in range(first_id, last_id + 1)]
        text = encode_json({"channel": "trades", "data": trades})
        for intake, part in zip(intakes, parts, strict=True):
            part.coverage.acknowledge()
            frame = parse_frame(text)
            assert isinstance(frame, Rows)
            intake.take(frame, text, clock.wall_ns())

    both_take(1, 3)
    for part in parts:
        part.coverage.lose(CoverageCause.ERROR)
    both_take(90, 99)
    book.stop()

    assert len(asked) == 1  # for 4 to 89, which the second replay did not bring either
    missed = [line for line in lines(tmp_path, "coverage") if line["status"] == "disconnected"]
    assert [line["missed"] for line in missed] == [None]


def test_coin_is_refused_once_by_both(pair: Pair) -> None:
    pair.one.refuse()
    pair.other.refuse()

    assert [line[0] for line in pair.lines()] == ["refused"]
