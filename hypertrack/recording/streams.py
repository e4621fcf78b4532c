"""Setting up the streams of a session, with what it continues."""

from collections.abc import Mapping

from hypertrack.clock import Clock
from hypertrack.feeds.rows import recorded_trade
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import StreamMemory
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.intake import Intake, StreamIntake
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.plan import SocketPlan
from hypertrack.records import Feed
from hypertrack.store.session import Session
from hypertrack.store.writing import LineWriter

RECOVERED_FEEDS = frozenset({Feed.TRADES, Feed.CANDLES})
"""Something tells whether a disconnect lost any: the replay, the venue's own candles."""


class Streams:
    """Makes the intake of each socket; a session that continues another knows what it stored."""

    def __init__(
        self,
        session: Session,
        book: CoverageBook,
        writer: LineWriter,
        candles: CandleBook,
        clock: Clock,
    ):
        self._book = book
        self._writer = writer
        self._candles = candles
        self._clock = clock
        self._memory_by_coin = _remembered(session)
        self._end_ms_by_stream = session.end_ms_by_stream or {}

    def intake_of(self, socket: SocketPlan) -> Intake:
        """Return the intake of a socket, with its streams and their meters."""
        time = ExchangeTime(self._book.time)
        meters = {subscription.feed: FeedMeter() for subscription in socket.subscriptions}
        streams = {
            (subscription.feed, subscription.coin): self._stream(subscription, time, meters)
            for subscription in socket.subscriptions
        }
        return Intake(streams, time, self._book, self._writer, self._candles, self._clock)

    def _stream(
        self, subscription: Subscription, time: ExchangeTime, meters: Mapping[Feed, FeedMeter]
    ) -> StreamIntake:
        feed = subscription.feed
        memory = self._memory_by_coin.get(subscription.coin) if feed is Feed.TRADES else None
        last_ms = memory.last[0] if memory is not None and memory.last is not None else None
        coverage = self._book.stream(
            subscription.stream,
            time,
            is_recovered=feed in RECOVERED_FEEDS,
            resumed_ms=self._end_ms_by_stream.get(subscription.stream, last_ms),
        )
        return StreamIntake(subscription, coverage, meters[feed], memory or StreamMemory())


def _remembered(session: Session) -> dict[str, StreamMemory]:
    memory_by_coin: dict[str, StreamMemory] = {}
    for line in session.last_trades:
        trade = recorded_trade(line)
        if trade is not None:
            memory = memory_by_coin.setdefault(trade.coin, StreamMemory())
            memory.add((trade.exchange_time_ms, trade.row_id))
    return memory_by_coin
