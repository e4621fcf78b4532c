"""A stream starves where candles count more trades than came; minutes are numbers."""

from pathlib import Path

import pytest
from clock_fakes import ManualClock

from hypertrack.feeds.rows import Row
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import Candle
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import COUNTED_MINUTES
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.intake import StreamIntake
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.starvation import PATIENCE_S, StarvationWatch
from hypertrack.records import MINUTE_MS, CoverageCause, Feed, RawJson
from hypertrack.store.files.ledger import Ledger


def candle(minute: int, n_trades: int) -> Candle:
    return Candle(Row("BTC", minute * MINUTE_MS, n_trades, RawJson(b"{}")), 0)


class Bench:
    """A stream of trades observed since half a minute before minute 10, and its watch."""

    def __init__(self, folder: Path):
        book = CoverageBook(Ledger(folder), ManualClock())
        time = ExchangeTime(book.time)
        coverage = book.stream("trades:BTC", time, is_recovered=True)
        self.stream = StreamIntake(Subscription(Feed.TRADES, "BTC"), coverage, FeedMeter())
        self.watch = StarvationWatch({"BTC": self.stream})
        self.start_ms = 10 * MINUTE_MS - 30_000
        time.see(self.start_ms)
        coverage.acknowledge()
        coverage.begin_rows(self.start_ms, self.start_ms)

    def store(self, minute: int, n_trades: int) -> None:
        for nth in range(n_trades):
            self.stream.memory.add((minute * MINUTE_MS + nth, nth))

    def short(self, now_s: float = PATIENCE_S, lateness_s: float = 0.0) -> list[tuple[int, int]]:
        """Return the minutes found short, and since when their stream may lack trades."""
        return [
            (one.start_ms // MINUTE_MS, since_ms)
            for one, since_ms in self.watch.due(now_s, lateness_s)
        ]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_candle_with_more_trades_than_came_is_found_three_seconds_later(bench: Bench) -> None:
    bench.store(10, 3)
    bench.watch.see([candle(10, 4)], 0.0)

    assert bench.short(2.9) == []
    assert bench.short(3.0) == [(10, bench.start_ms)]


def test_trades_that_come_in_time_are_not_missing(bench: Bench) -> None:
    bench.watch.see([candle(10, 2)], 0.0)
    bench.store(10, 2)

    assert bench.short() == []


def test_venue_whose_trades_come_late_is_given_that_much_more_time(bench: Bench) -> None:
    bench.watch.see([candle(10, 1)], 0.0)

    assert bench.short(7.9, lateness_s=5.0) == []
    assert bench.short(8.0, lateness_s=5.0) == [(10, bench.start_ms)]


def test_trades_may_lack_since_the_last_minute_that_was_whole(bench: Bench) -> None:
    bench.store(10, 5)
    bench.watch.see_closed([candle(10, 5)])
    bench.watch.see([candle(11, 1)], 0.0)

    assert bench.short() == [(11, 11 * MINUTE_MS)]


def test_minute_in_which_the_stream_began_is_judged_by_what_was_added(bench: Bench) -> None:
    """Five of seven trades came before: not stored, and not missing."""
    bench.store(9, 2)
    bench.watch.see([candle(9, 7)._replace(n_stored=2)], 0.0)
    bench.watch.see([candle(9, 8)._replace(n_stored=2)], 1.0)

    assert bench.short(3.0) == []
    assert bench.short(4.0) == [(9, bench.start_ms)]


def test_minute_of_the_beginning_is_not_judged_where_nothing_tells_what_came_before(
    bench: Bench,
) -> None:
    bench.watch.see([candle(9, 7)], 0.0)

    assert bench.short() == []


def test_stream_whose_loss_is_known_is_not_judged(bench: Bench) -> None:
    bench.stream.coverage.lose(CoverageCause.ERROR)
    bench.watch.see([candle(10, 7)], 0.0)

    assert bench.short() == []


def test_minute_whose_trades_are_no_longer_counted_is_not_judged(bench: Bench) -> None:
    """A venue played a thousand times faster passes an hour within the three seconds."""
    bench.store(10, 4)
    bench.watch.see([candle(10, 4)], 0.0)
    for minute in range(11, 11 + COUNTED_MINUTES):
        bench.store(minute, 1)

    assert bench.short() == []
