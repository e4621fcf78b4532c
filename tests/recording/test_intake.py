"""Rows to lines: what is remembered, shed and kept apart, without any socket."""

import json
from pathlib import Path

import pytest
from clock_fakes import ManualClock
from fakes import ALICE, BOB, START_MS

from hypertrack.config import RecordSettings
from hypertrack.feeds.frames import parse_frame
from hypertrack.feeds.rows import Rows, Unreadable
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import REMEMBERED, StreamMemory
from hypertrack.recording.intake import Intake, StreamIntake
from hypertrack.recording.line_format import join_lines
from hypertrack.recording.meters import FeedMeter, quantile
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.streams import Streams
from hypertrack.records import CoverageCause, Feed, RawJson
from hypertrack.store.files.ledger import Ledger, read_ledger
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter


class Bench:
    """An intake of one socket whose disk follows only once the writer is started."""

    def __init__(self, folder: Path, max_queued: int = 100):
        self.folder = folder
        self.clock = ManualClock()
        settings = RecordSettings(write_interval_s=0.005, max_queued_frames=max_queued)
        self.writer = LineWriter(folder, settings, self.clock)
        self.book = CoverageBook(Ledger(folder), self.clock)
        candles = CandleBook(5_000)
        session = Session(folder=folder, mode="rotate")
        feeds = (Feed.TRADES, Feed.BBO, Feed.L2BOOK)
        subscriptions = tuple(Subscription(feed, coin) for feed in feeds for coin in ("BTC", "ETH"))
        streams = Streams(session, self.book, self.writer, candles, self.clock)
        self.intake: Intake = streams.intake_of(SocketPlan(url="", subscriptions=subscriptions))
        for stream in self.intake.streams.values():
            stream.coverage.acknowledge()

    def take(self, channel: str, data: object) -> None:
        text = json.dumps({"channel": channel, "data": data}).encode()
        frame = parse_frame(text)
        if isinstance(frame, Rows):
            self.intake.take(frame, text, self.clock.wall_ns())
        elif isinstance(frame, Unreadable):
            self.intake.quarantine(frame, text, self.clock.wall_ns())

    def written(self, name: str) -> list[dict[str, object]]:
        self.book.stop()
        self.writer.start()
        self.writer.close()
        return [
            json.loads(line)
            for line in (self.folder / f"{name}.jsonl").read_text().split("\n")[:-1]
        ]


def trade(trade_id: int, time_ms: int = START_MS, coin: str = "BTC") -> dict[str, object]:
    return {
        **{"coin": coin, "side": "B", "px": "1.50", "sz": "1.0", "time": time_ms},
        **{"tid": trade_id, "users": [ALICE, BOB]},
    }


def quote(time_ms: int, coin: str = "BTC") -> dict[str, object]:
    return {"coin": coin, "time": time_ms, "bbo": [None, None]}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_trade_is_known_by_time_coin_and_id(bench: Bench) -> None:
    bench.take("trades", [trade(1), trade(2)])
    bench.take("trades", [trade(1), trade(1, START_MS + 70)])
    bench.take("trades", [trade(1, coin="ETH")])

    rows = [(line["coin"], line["time"], line["tid"]) for line in bench.written("trades")]
    assert rows == [
        ("BTC", START_MS, 1),
        ("BTC", START_MS, 2),
        ("BTC", START_MS + 70, 1),
        ("ETH", START_MS, 1),
    ]
    assert bench.intake.streams[Feed.TRADES, "BTC"].meter.n_duplicates == 1


def test_quotes_that_repeat_are_kept(bench: Bench) -> None:
    bench.take("bbo", quote(START_MS))
    bench.take("bbo", quote(START_MS))

    assert len(bench.written("bbo")) == 2


def test_books_the_disk_has_no_room_for_are_counted_as_a_gap(tmp_path: Path) -> None:
    bench = Bench(tmp_path, max_queued=2)
    for nth in range(5):
        bench.take("l2Book", {"coin": "BTC", "time": START_MS + nth * 1_000, "levels": [[], []]})
    for stream in bench.intake.streams.values():
        bench.intake.end_shedding(stream)

    assert len(bench.written("l2book")) == 2
    assert bench.intake.streams[Feed.L2BOOK, "BTC"].meter.n_shed == 3
    gaps = [line for line in read_ledger(tmp_path) if line.status == "gap"]
    assert [(g.stream, g.start_ms, g.end_ms, g.cause, g.missed) for g in gaps] == [
        ("l2book:BTC", START_MS + 2_000, START_MS + 4_000, "overflow", 3)
    ]


def test_frame_in_which_one_trade_is_broken_is_kept_whole_beside_the_others(bench: Bench) -> None:
    bench.take("trades", [trade(1), {"coin": "BTC"}, trade(3)])

    assert [line["tid"] for line in bench.written("trades")] == [1, 3]
    (kept,) = (bench.folder / "quarantine.jsonl").read_text().splitlines()
    frame = json.loads(json.loads(kept)["frame"])
    assert frame["data"][1] == {"coin": "BTC"}
    marks = [line for line in read_ledger(bench.folder) if line.cause == "unreadable"]
    assert ("gap", 1) in [(mark.status, mark.missed) for mark in marks]


def test_frame_that_names_nothing_marks_every_feed_of_the_socket(bench: Bench) -> None:
    text = b'{"chan'
    frame = parse_frame(text)
    assert isinstance(frame, Unreadable)
    bench.intake.quarantine(frame, text, 1)
    bench.written("quarantine")

    marked = {line.stream for line in read_ledger(bench.folder)}
    assert marked == {"trades", "bbo", "l2book"}


def test_memory_forgets_the_oldest() -> None:
    memory = StreamMemory()
    for trade_id in range(REMEMBERED + 1):
        assert memory.add((START_MS, trade_id))

    assert not memory.add((START_MS, REMEMBERED))
    assert not memory.add((START_MS, 1))
    assert memory.add((START_MS, 0))


def test_last_of_a_memory_is_the_newest_by_time_then_by_arrival() -> None:
    memory = StreamMemory()
    for identity in ((5, 1), (7, 1), (7, 2), (6, 9)):
        memory.add(identity)

    assert memory.last == (7, 2)


def test_object_broken_into_lines_becomes_one_line() -> None:
    raws = [RawJson(b'{"a":1}'), RawJson(b'{\n "b": "x\\n",\r\n "c":2\n}')]

    text = join_lines(raws, 17, "core")

    assert text.count(b"\n") == 2
    assert [json.loads(line) for line in text.splitlines()] == [
        {"received_ns": 17, "chain": "core", "a": 1},
        {"received_ns": 17, "chain": "core", "b": "x\n", "c": 2},
    ]


def test_lag_is_measured_on_live_frames_of_a_venue_in_our_time() -> None:
    meter = FeedMeter()
    for lag_ms in (100, 300, 200, 10**10):
        meter.lag(lag_ms)

    assert sorted(meter.lags_ms()) == [100, 200, 300]
    assert quantile(meter.lags_ms(), 0.5) == 200
    assert quantile([], 0.5) is None


def test_meter_keeps_the_newest_lags() -> None:
    meter = FeedMeter()
    for lag_ms in range(2_000):
        meter.lag(lag_ms)

    assert sorted(meter.lags_ms()) == list(range(976, 2_000))


def test_replay_closes_a_gap_only_once_it_is_queued(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkpoint between the two, and a kill, would leave a ledger that claims too much."""
    stream = bench.intake.streams[Feed.TRADES, "BTC"]
    bench.take("trades", [trade(1)])
    stream.coverage.lose(CoverageCause.ERROR)
    stream.coverage.acknowledge()
    offer, was_decided = bench.writer.offer, []

    def offered(*words: object) -> bool:
        was_decided.append(stream.coverage.loss is None)
        return bool(offer(*words))  # type: ignore[arg-type]

    monkeypatch.setattr(bench.writer, "offer", offered)
    bench.take("trades", [trade(1), trade(2)])

    assert was_decided == [False]
    assert stream.coverage.loss is None


def lose_and_come_back(bench: Bench) -> StreamIntake:
    stream = bench.intake.streams[Feed.TRADES, "BTC"]
    stream.coverage.lose(CoverageCause.ERROR)
    stream.coverage.acknowledge()
    return stream


def test_replay_that_begins_in_the_block_of_the_last_trade_without_it_proves_nothing(
    bench: Bench,
) -> None:
    """Thirty trades of one block may be all that a replay holds: others of it may be missing."""
    bench.take("trades", [trade(1)])
    lose_and_come_back(bench)

    bench.take("trades", [trade(2), trade(3, START_MS + 70)])
    bench.written("trades")

    lines = [line for line in read_ledger(bench.folder) if line.stream == "trades:BTC"]
    gaps = [(line.start_ms, line.end_ms) for line in lines if line.status == "gap"]
    assert gaps == [(START_MS, START_MS)]


@pytest.mark.parametrize("is_stored_before", [True, False])
def test_ledger_says_that_trades_may_be_missing_before_the_replay_is_stored(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, is_stored_before: bool
) -> None:
    """A kill right after the replay was stored must leave the gap in the ledger."""
    bench.take("trades", [trade(9, coin="ETH")])
    bench.take("trades", [trade(1)] if is_stored_before else [])
    lose_and_come_back(bench)
    offer, ledger = bench.writer.offer, list[tuple[str, int, int]]()

    def offered(*words: object) -> bool:
        bench.book.tell()  # as the writer does before it writes anything
        lines = [line for line in read_ledger(bench.folder) if line.stream == "trades:BTC"]
        ledger.extend((line.status, line.start_ms, line.end_ms) for line in lines)
        return bool(offer(*words))  # type: ignore[arg-type]

    monkeypatch.setattr(bench.writer, "offer", offered)
    bench.take("trades", [trade(7, START_MS + 5_000)])

    assert ledger == [("disconnected", START_MS, START_MS + 5_000)]


def test_time_does_not_pass_for_frames_that_nothing_is_written_of(bench: Bench) -> None:
    """What the ledger calls observed would end after the last trade that was kept."""
    bench.take("trades", [trade(1)])
    bench.written("trades")  # the writer is over

    bench.take("trades", [trade(2, START_MS + 5_000)])

    assert bench.intake.time.newest_ms == START_MS
