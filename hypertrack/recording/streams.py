"""Setting up the streams of a session, with what it continues."""

from collections.abc import Mapping

from hypertrack.clock import Clock
from hypertrack.feeds.rows import recorded_candle, recorded_trade
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import REMEMBERED_OF_TWINS, StreamMemory
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.intake import Intake, Recover, StreamIntake
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.redundant import Coverage, RedundantCoverage
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.records import Feed
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

RECOVERED_FEEDS = frozenset({Feed.TRADES, Feed.CANDLES})
"""Something tells whether a disconnect lost any: the replay, the venue's own candles."""


class Streams:
    """Makes the intake of each socket; a session that continues another knows what it stored.

    Args:
        recover: Asks for trades that a replay does not reach.
    """

    def __init__(
        self,
        session: Session,
        book: CoverageBook,
        writer: LineWriter,
        candles: CandleBook,
        clock: Clock,
        recover: Recover | None = None,
    ):
        self._recover = recover
        self._book = book
        self._writer = writer
        self._candles = candles
        self._clock = clock
        self._memory_by_coin = _remembered(session)
        self._candles_by_coin = _stored_candles(session)
        self._end_ms_by_stream = session.end_ms_by_stream or {}
        self._time_by_twin: dict[int, ExchangeTime] = {}
        self._meters: dict[Intake, Mapping[Feed, FeedMeter]] = {}
        self._twins: dict[Subscription, tuple[RedundantCoverage, StreamMemory]] = {}

    def intake_of(self, socket: SocketPlan) -> Intake:
        """Return the intake of a socket, with its streams and their meters."""
        shared = self._book.time if socket.twin is None else self._time_of(socket.twin)
        time = ExchangeTime(shared)
        meters = {subscription.feed: FeedMeter() for subscription in socket.subscriptions}
        streams = {
            (subscription.feed, subscription.coin): self._twin(subscription, shared, meters)
            if socket.twin is not None and subscription.feed is Feed.TRADES
            else self._stream(subscription, time, meters)
            for subscription in socket.subscriptions
        }
        intake = Intake(streams, time, self._book, self._writer, self._candles, self._clock)
        self._meters[intake] = meters
        return intake

    def added_to(
        self, intake: Intake, subscription: Subscription, twin: int | None
    ) -> StreamIntake | None:
        """Return one more stream of a socket; None where that carries nothing of the feed.

        Args:
            twin: Of the socket, where another one receives its trades too.
        """
        meters = self._meters[intake]
        if subscription.feed not in meters:
            return None
        if twin is not None and subscription.feed is Feed.TRADES:
            return self._twin(subscription, self._time_of(twin), meters)
        return self._stream(subscription, intake.time, meters)

    def _time_of(self, twin: int) -> ExchangeTime:
        """Return the newest time that either socket of a pair saw."""
        return self._time_by_twin.setdefault(twin, ExchangeTime(self._book.time))

    def _stream(
        self, subscription: Subscription, time: ExchangeTime, meters: Mapping[Feed, FeedMeter]
    ) -> StreamIntake:
        memory = self._memory(subscription)
        coverage = self._coverage(subscription, time, memory)
        return self._intake(subscription, coverage, meters, memory)

    def _twin(
        self,
        subscription: Subscription,
        time: ExchangeTime,
        meters: Mapping[Feed, FeedMeter],
    ) -> StreamIntake:
        """Return a stream that shares its memory and its coverage with that of another socket.

        Args:
            time: Of both sockets.
        """
        other = self._twins.get(subscription)
        if other is None:
            memory = self._memory(subscription)
            memory.limit = REMEMBERED_OF_TWINS
            coverage = RedundantCoverage(self._coverage(subscription, time, memory))
            self._twins[subscription] = coverage, memory
        else:
            coverage, memory = other[0].beside(), other[1]
        return self._intake(subscription, coverage, meters, memory)

    def _intake(
        self,
        subscription: Subscription,
        coverage: Coverage,
        meters: Mapping[Feed, FeedMeter],
        memory: StreamMemory,
    ) -> StreamIntake:
        recover = self._recover if subscription.feed is Feed.TRADES else None
        meter = meters[subscription.feed]
        return StreamIntake(subscription, coverage, meter, memory, recover=recover)

    def _memory(self, subscription: Subscription) -> StreamMemory:
        is_known = subscription.feed is Feed.TRADES
        known = self._memory_by_coin.get(subscription.coin) if is_known else None
        return known or StreamMemory()

    def _coverage(
        self, subscription: Subscription, time: ExchangeTime, memory: StreamMemory
    ) -> StreamCoverage:
        last_ms = None if memory.last is None else memory.last[0]
        resumed_ms = self._end_ms_by_stream.get(subscription.stream, last_ms)
        if subscription.feed is Feed.CANDLES and resumed_ms is not None:
            stored = self._candles_by_coin.get(subscription.coin, {})
            self._candles.resume(subscription.coin, resumed_ms, stored)
        return self._book.stream(
            subscription.stream,
            time,
            is_recovered=subscription.feed in RECOVERED_FEEDS,
            resumed_ms=resumed_ms,
        )


def _remembered(session: Session) -> dict[str, StreamMemory]:
    memory_by_coin: dict[str, StreamMemory] = {}
    for line in session.last_trades:
        trade = recorded_trade(line)
        if trade is not None:
            memory = memory_by_coin.setdefault(trade.coin, StreamMemory())
            memory.add((trade.exchange_time_ms, trade.row_id))
    return memory_by_coin


def _stored_candles(session: Session) -> dict[str, dict[int, int]]:
    """Return the count of trades by start, of each coin's minutes that were stored last."""
    candles_by_coin: dict[str, dict[int, int]] = {}
    for candle in filter(None, map(recorded_candle, session.last_candles)):
        by_start = candles_by_coin.setdefault(candle.coin, {})
        by_start[candle.exchange_time_ms] = int(candle.row_id)
    return candles_by_coin
