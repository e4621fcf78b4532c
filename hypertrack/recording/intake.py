"""Rows to lines: what of a socket's frames is written, and what it says about coverage."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from hypertrack.clock import Clock
from hypertrack.feeds.rows import Row, Rows, Unreadable
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import Candle, CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import Identity, StreamMemory
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.line_format import join_lines
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.redundant import Coverage, RedundantCoverage
from hypertrack.recording.replay import Identities, decide_replay
from hypertrack.records import CoverageCause, Feed, RawJson, Record
from hypertrack.store.files.session import quarantine_line
from hypertrack.store.files.writing import QUARANTINE, LineWriter

TIMED_FEEDS = frozenset({Feed.TRADES, Feed.BBO, Feed.L2BOOK})
"""Feeds whose rows are as old as they say; a candle's time is its minute's start."""


class Shortage(NamedTuple):
    """A minute of which the venue counted more trades than came."""

    start_ms: int
    n_counted: int


@dataclass(slots=True)
class StreamIntake:
    """One stream of a socket; touched by its thread alone, but for its memory and meter."""

    subscription: Subscription
    coverage: Coverage
    meter: FeedMeter
    memory: StreamMemory = field(default_factory=StreamMemory)
    n_frames: int = 0
    """Since the connection began."""
    shortage: Shortage | None = None
    """The minute in which it was last found to starve."""
    last_frame_s: float = 0.0
    last_exchange_ms: int = 0
    shed_since_ms: int | None = None
    recover: "Recover | None" = None
    """Asks for the trades between the last one stored and the oldest one of a replay."""
    n_shed: int = 0
    """In the present stretch of frames that the writer did not take."""

    def proven(self) -> set[Identity]:
        """Return the trades of the minute that was short, once it is whole."""
        short = self.shortage
        n_stored = None if short is None else self.memory.n_in_minute(short.start_ms)
        if short is None or n_stored is None or n_stored < short.n_counted:
            return set()
        return self.memory.of_minute(short.start_ms)

    def new_of(self, rows: Iterable[Row]) -> list[RawJson]:
        """Return the objects that are not known yet, and remember them."""
        add = self.memory.add
        with self.memory.lock:
            return [raw for _, time_ms, row_id, raw in rows if add((time_ms, row_id))]


Recover = Callable[[StreamIntake, Identity, Identities, int], None]


class Arrival(Record, frozen=True):
    """The rows of one coin in a frame."""

    coin: str
    rows: list[Row]
    oldest_ms: int
    newest_ms: int
    received_ns: int


class Intake:
    """The rows of one socket; used by the thread that reads it."""

    def __init__(
        self,
        streams: dict[tuple[Feed, str], StreamIntake],
        time: ExchangeTime,
        book: CoverageBook,
        writer: LineWriter,
        candles: CandleBook,
        clock: Clock,
    ):
        self.streams = streams
        self.time = time
        self.n_quarantined = 0
        self._book = book
        self._writer = writer
        self._candles = candles
        self._clock = clock
        self._venue = book.venue
        self._keep: Mapping[Feed, Callable[[StreamIntake, list[Row], int], None]] = {
            Feed.TRADES: self._keep_new,
            Feed.BLOCKS: self._keep_new,
            Feed.TRANSACTIONS: self._keep_new,
            Feed.BBO: self._keep_or_shed,
            Feed.L2BOOK: self._keep_or_shed,
            Feed.CANDLES: self._keep_closed,
        }

    def take(self, frame: Rows, data: bytes, received_ns: int) -> None:
        """Take the rows of a frame; ``data`` is kept where some could not be read."""
        arrivals = self._possible(frame, received_ns)
        for arrival in arrivals:
            stream = self.streams.get((frame.feed, arrival.coin))
            if stream is None:
                flaw = Unreadable(f"{arrival.coin} was not subscribed to", frame.feed)
                self.quarantine(flaw, data, received_ns)
                continue
            self._take_stream(stream, arrival)
        if arrivals and not self._writer.is_over:
            # Only now: what the ledger says was observed has at least been queued.
            reached_ms = self._venue.reached(_newest_ms(arrivals))
            if reached_ms is not None:
                self.time.see(reached_ms)
        if frame.flaw is not None:
            self.quarantine(frame.flaw, data, received_ns)

    def _take_stream(self, stream: StreamIntake, arrival: Arrival) -> None:
        """Take the rows of one stream; its first ones also tell what was lost before them."""
        coverage, feed, rows = stream.coverage, stream.subscription.feed, arrival.rows
        is_first = coverage.is_awaiting_rows
        decide = self._decision(stream, rows) if is_first and feed is Feed.TRADES else None
        self._note(stream, arrival)
        self._keep[feed](stream, rows, arrival.received_ns)
        if is_first:  # what the ledger says of it has been queued by now
            coverage.begin_rows(arrival.oldest_ms, arrival.newest_ms)
        if decide is not None:
            decide()
        if isinstance(coverage, RedundantCoverage):
            coverage.bring((row.exchange_time_ms, row.row_id) for row in rows)

    def _decision(self, stream: StreamIntake, replay: list[Row]) -> Callable[[], None]:
        recover = None if stream.recover is None else partial(stream.recover, stream)
        return decide_replay(stream.coverage, stream.memory, replay, recover)

    def _possible(self, frame: Rows, received_ns: int) -> list[Arrival]:
        """Return the rows whose time can be; keep the others apart, each by itself."""
        arrivals, is_plausible = _by_coin(frame.rows, received_ns), self._venue.is_plausible
        if not arrivals or is_plausible(_newest_ms(arrivals), received_ns):
            return arrivals
        possible = []
        for row in frame.rows:
            if is_plausible(row.exchange_time_ms, received_ns):
                possible.append(row)
                continue
            reason = f"time {row.exchange_time_ms} lies ahead of the venue's clock"
            flaw = Unreadable(reason, frame.feed, row.coin, 1)
            self.quarantine(flaw, bytes(row.raw), received_ns)
            self._venue.note(row.exchange_time_ms, received_ns)
        return _by_coin(possible, received_ns)

    def quarantine(self, flaw: Unreadable, data: bytes, received_ns: int) -> None:
        """Keep a frame that could not be read, and say so in the coverage."""
        self.n_quarantined += 1
        self._writer.offer(QUARANTINE, quarantine_line(data, flaw.reason, received_ns))
        if flaw.n_rows == 0:
            return
        newest_ms = self.time.newest_ms
        stream = self.streams.get((flaw.feed, flaw.coin)) if flaw.feed and flaw.coin else None
        if stream is not None:
            at_ms = self._book.now(newest_ms).exchange_ms
            stream.coverage.interrupt(at_ms, at_ms, CoverageCause.UNREADABLE, flaw.n_rows)
            return
        feeds = {flaw.feed} if flaw.feed else {feed for feed, _ in self.streams}
        self._book.miss(sorted(feeds), newest_ms, CoverageCause.UNREADABLE)

    def _note(self, stream: StreamIntake, arrival: Arrival) -> None:
        newest_ms, received_ns = arrival.newest_ms, arrival.received_ns
        stream.n_frames += 1
        stream.last_frame_s = self._clock.monotonic_s()
        stream.last_exchange_ms = newest_ms
        stream.meter.see(received_ns)
        is_live = not stream.coverage.is_awaiting_rows
        if not is_live or stream.subscription.feed is Feed.CANDLES:  # theirs is the minute's start
            return
        stream.meter.lag(received_ns // 1_000_000 - newest_ms)
        if stream.subscription.feed in TIMED_FEEDS:
            self._venue.note(newest_ms, received_ns)
            self.time.count(self._late_ms(stream, arrival))

    def _late_ms(self, stream: StreamIntake, arrival: Arrival) -> int:
        """Return how far behind the newest time the oldest row is that came only now."""
        reached_ms, start_ms = self.time.newest_ms, stream.coverage.start_ms
        if reached_ms is None or arrival.oldest_ms >= reached_ms or start_ms is None:
            return 0
        late = (
            reached_ms - row.exchange_time_ms
            for row in arrival.rows
            if start_ms <= row.exchange_time_ms < reached_ms  # older is a replay's history
            and not stream.memory.knows_any([(row.exchange_time_ms, row.row_id)])
        )
        return max(late, default=0)

    def _keep_new(self, stream: StreamIntake, rows: list[Row], received_ns: int) -> None:
        new = stream.new_of(rows)
        stream.meter.n_duplicates += len(rows) - len(new)
        feed, coin = stream.subscription.feed, stream.subscription.coin
        chain = None if feed is Feed.TRADES else coin
        if new and self._writer.offer(feed, join_lines(new, received_ns, chain)):
            stream.meter.n_rows += len(new)

    def _keep_or_shed(self, stream: StreamIntake, rows: list[Row], received_ns: int) -> None:
        lines = join_lines([row.raw for row in rows], received_ns)
        if not self._writer.offer(stream.subscription.feed, lines):
            stream.meter.n_shed += 1
            stream.n_shed += 1
            if stream.shed_since_ms is None:
                stream.shed_since_ms = stream.last_exchange_ms
            return
        stream.meter.n_rows += len(rows)
        if stream.shed_since_ms is not None:
            self.end_shedding(stream)

    def end_shedding(self, stream: StreamIntake) -> None:
        """Write down a stretch of frames that the writer did not take, if there is one."""
        since_ms, n_shed = stream.shed_since_ms, stream.n_shed
        if since_ms is not None:
            stream.coverage.interrupt(
                since_ms, stream.last_exchange_ms, CoverageCause.OVERFLOW, n_shed
            )
        stream.shed_since_ms, stream.n_shed = None, 0

    def _keep_closed(self, stream: StreamIntake, rows: list[Row], received_ns: int) -> None:
        trades = self.streams.get((Feed.TRADES, stream.subscription.coin))
        if trades is not None and isinstance(trades.coverage, RedundantCoverage):
            trades = None  # what the other socket brings is not in step with this one's candles
        for row in rows:
            n_stored = None if trades is None else trades.memory.n_in_minute(row.exchange_time_ms)
            closed = self._candles.take(Candle(row, received_ns, n_stored))
            stream.meter.n_rows += write_candles(self._writer, closed)


def _by_coin(rows: list[Row], received_ns: int) -> list[Arrival]:
    """Return the rows of each coin; at the venue a frame is of one, and most have one row."""
    if len(rows) == 1:
        coin, time_ms, _, _ = rows[0]
        return [Arrival(coin, rows, time_ms, time_ms, received_ns)]
    arrivals, coins = [], {row.coin for row in rows}
    for coin in coins:
        own = rows if len(coins) == 1 else [row for row in rows if row.coin == coin]
        times_ms = [row.exchange_time_ms for row in own]
        arrivals.append(Arrival(coin, own, min(times_ms), max(times_ms), received_ns))
    return arrivals


def _newest_ms(arrivals: list[Arrival]) -> int:
    """Return the newest time of a frame, which has rows."""
    if len(arrivals) == 1:
        return arrivals[0].newest_ms
    return max(arrival.newest_ms for arrival in arrivals)


def write_candles(writer: LineWriter, candles: list[Candle]) -> int:
    """Queue closed candles and return their number."""
    for candle in candles:
        writer.offer(Feed.CANDLES, join_lines([candle.row.raw], candle.received_ns))
    return len(candles)
