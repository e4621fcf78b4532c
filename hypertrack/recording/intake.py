"""Rows to lines: what of a socket's frames is written, and what it says about coverage."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial

from hypertrack.clock import Clock
from hypertrack.feeds.rows import Row, Rows, Unreadable
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import Candle, CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import Identity, StreamMemory
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.line_format import join_lines
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.redundant import Coverage
from hypertrack.records import CoverageCause, Feed, RawJson
from hypertrack.store.files.session import quarantine_line
from hypertrack.store.files.writing import QUARANTINE, LineWriter


@dataclass(slots=True)
class StreamIntake:
    """One stream of a socket; touched by its thread alone, but for its memory and meter."""

    subscription: Subscription
    coverage: Coverage
    meter: FeedMeter
    memory: StreamMemory = field(default_factory=StreamMemory)
    n_frames: int = 0
    """Since the connection began."""
    last_stored: Identity | None = None
    """When it was acknowledged."""
    last_frame_s: float = 0.0
    last_exchange_ms: int = 0
    shed_since_ms: int | None = None
    recover: "Recover | None" = None
    """Asks for the trades between the last one stored and the oldest one of a replay."""
    n_shed: int = 0
    """In the present stretch of frames that the writer did not take."""

    def acknowledge(self) -> None:
        """Begin to observe, behind the last row that is stored."""
        self.last_stored = self.memory.last
        self.coverage.acknowledge()

    def new_of(self, rows: Iterable[Row]) -> list[RawJson]:
        """Return the objects that are not known yet, and remember them."""
        add = self.memory.add
        with self.memory.lock:
            return [row.raw for row in rows if add((row.exchange_time_ms, row.row_id))]


Recover = Callable[[StreamIntake, Identity, int], None]


class Intake:
    """The rows of one socket; used by the thread that reads it."""

    def __init__(
        self,
        streams: Mapping[tuple[Feed, str], StreamIntake],
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
        coins = {row.coin for row in frame.rows}
        for coin in coins:
            stream = self.streams.get((frame.feed, coin))
            if stream is None:
                flaw = Unreadable(f"{coin} was not subscribed to", frame.feed)
                self.quarantine(flaw, data, received_ns)
                continue
            is_alone = len(coins) == 1  # as at the venue, whose trades frames are of one coin
            rows = frame.rows if is_alone else [row for row in frame.rows if row.coin == coin]
            is_first = stream.coverage.is_awaiting_rows
            decide = _decision(stream, rows) if is_first and frame.feed is Feed.TRADES else None
            self._note(stream, rows, received_ns)
            self._keep[frame.feed](stream, rows, received_ns)
            if is_first:  # what the ledger says of it has been queued by now
                times_ms = [row.exchange_time_ms for row in rows]
                stream.coverage.begin_rows(min(times_ms), max(times_ms))
            if decide is not None:
                decide()
        if frame.rows and not self._writer.is_over:
            # Only now: what the ledger says was observed has at least been queued.
            self.time.see(max(row.exchange_time_ms for row in frame.rows))
        if frame.flaw is not None:
            self.quarantine(frame.flaw, data, received_ns)

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

    def _note(self, stream: StreamIntake, rows: list[Row], received_ns: int) -> None:
        newest_ms = max(row.exchange_time_ms for row in rows)
        stream.n_frames += 1
        stream.last_frame_s = self._clock.monotonic_s()
        stream.last_exchange_ms = newest_ms
        stream.meter.see(received_ns)
        is_live = not stream.coverage.is_awaiting_rows
        if is_live and stream.subscription.feed is not Feed.CANDLES:  # theirs is the minute's start
            stream.meter.lag(received_ns // 1_000_000 - newest_ms)

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
        for row in rows:
            stream.meter.n_rows += write_candles(
                self._writer, self._candles.take(Candle(row, received_ns))
            )


def write_candles(writer: LineWriter, candles: list[Candle]) -> int:
    """Queue closed candles and return their number."""
    for candle in candles:
        writer.offer(Feed.CANDLES, join_lines([candle.row.raw], candle.received_ns))
    return len(candles)


def _decision(stream: StreamIntake, replay: list[Row]) -> Callable[[], None]:
    """Decide from the replay whether trades are missing since the last one stored before it.

    Returns:
        What the coverage is to be told once the replay is queued. Where something may be missing
        it is warned at once: the ledger has to say so before the replay is stored.

    Source: protocol, section 2.1, "Gap consequence".
    """
    coverage, last = stream.coverage, stream.last_stored
    if coverage.is_in_doubt:
        return lambda: None  # the other socket's replay is being decided upon
    oldest_ms = min(row.exchange_time_ms for row in replay)
    if last is None:
        coverage.warn(None, oldest_ms)
        return coverage.leave_gap
    identities = {(row.exchange_time_ms, row.row_id) for row in replay}
    if last in identities or oldest_ms < last[0]:
        return coverage.close_gap
    coverage.warn(last[0], oldest_ms)
    if stream.recover is not None and coverage.loss is not None:
        return partial(stream.recover, stream, last, oldest_ms)
    return partial(coverage.open_gap, last[0], oldest_ms)
