"""Reader of raw captures, ``{"received_wall_ns","channel","data"}`` a line, as if recorded."""

from collections.abc import Callable, Mapping

from hypertrack.feeds.rows import Row, Rows, read_bbo, read_book, read_candles, read_trades
from hypertrack.importing.archives import UserFillReader
from hypertrack.importing.line_reader import ForeignLineError, recorded_line
from hypertrack.importing.receipts import Receipts
from hypertrack.importing.sink import Sink
from hypertrack.records import Feed, RawJson, Record, checked_time_ms, json_decoder

CANDLE_INTERVAL = "1m"
"""What a dataset keeps; every other candle can be made of these."""

NS_PER_MS = 1_000_000


class Frame(Record, frozen=True):
    """A line of a capture."""

    received_wall_ns: int
    channel: str
    data: RawJson = RawJson(b"")


class Interval(Record, frozen=True):
    """How long a candle is."""

    i: str


_frame_decoder = json_decoder(Frame)
_interval_decoder = json_decoder(Interval)

READERS: Mapping[str, Callable[[RawJson], Rows]] = {
    "trades": read_trades,
    "bbo": read_bbo,
    "l2Book": read_book,
    "candle": read_candles,
}
"""The recorder's own readers of the channels that a dataset has a place for."""

USER_FILLS = "userFills"
"""A channel of one wallet, which its frames name: what it says is imported as an answer is."""


class CaptureReader:
    """Reads a capture; a repeated trade is written once, a candle when the next one has begun.

    Args:
        fills: Takes what is said of one wallet.
        receipts: What the clocks of this file are known to differ by.
    """

    block_number = None

    def __init__(self, sink: Sink, fills: UserFillReader, receipts: Receipts | None = None):
        self.streams: set[str] = set()
        self._fills = fills
        self._sink = sink
        self._receipts = receipts or Receipts()
        self._open_candles: dict[str, tuple[int, int, bytes]] = {}
        """Start, count of trades and line of the newest candle of each coin."""

    def read(self, line: bytes) -> int:
        """Take a frame and return its time of receipt, which stands for exchange time.

        The times of trades do not: a subscription begins with trades of long before it. Frames
        that a dataset has no place for are counted. Objects that the recorder would not take are
        quarantined with the whole line, and those beside them are kept.
        """
        frame = _frame_decoder.decode(line)
        received_ms = checked_time_ms(frame.received_wall_ns // NS_PER_MS)
        if frame.channel == USER_FILLS and bytes(frame.data):
            self._take_fills(frame)
            return received_ms
        read = READERS.get(frame.channel)
        if read is None or not bytes(frame.data):
            self._sink.counts["other frames"] += 1
            self._sink.other_channels[frame.channel] += 1
            return received_ms
        found = read(frame.data)
        rows = [row for row in found.rows if not self._is_ahead(row, frame.received_wall_ns)]
        for row in rows:
            self._take(found.feed, row, frame.received_wall_ns)
        reason = None if found.flaw is None else found.flaw.reason
        if len(rows) < len(found.rows):
            reason = reason or "time ahead of its receipt"
        if reason is not None and not rows:
            raise ForeignLineError(reason)
        if reason is not None:
            self._sink.quarantine(line, reason)
        return received_ms

    def finish(self) -> None:
        """Leave out the candles that were not over, and count them."""
        self._sink.counts["open candles"] += len(self._open_candles)
        self._open_candles.clear()

    def _is_ahead(self, row: Row, received_ns: int) -> bool:
        return self._receipts.is_ahead(row.exchange_time_ms, received_ns)

    def _take_fills(self, frame: Frame) -> None:
        received_ns = frame.received_wall_ns
        self._fills.take(
            bytes(frame.data),
            received_ns,
            lambda time_ms: self._receipts.check(time_ms, received_ns),
        )

    def _take(self, feed: Feed, row: Row, received_ns: int) -> None:
        line = recorded_line(row.raw, received_ns)
        if feed is Feed.CANDLES:
            self._take_candle(row, line)
        elif feed is not Feed.TRADES or self._sink.is_new_trade(
            row.coin, row.exchange_time_ms, int(row.row_id)
        ):
            self._add(feed, row.coin, line)

    def _take_candle(self, row: Row, line: bytes) -> None:
        """Keep the newest candle of a coin until it is over; of its states the one of more trades.

        A state of an older minute, which comes late, is written at once: readers choose.
        """
        if _interval_decoder.decode(row.raw).i != CANDLE_INTERVAL:
            self._sink.counts["other frames"] += 1
            self._sink.other_channels["candle"] += 1
            return
        start_ms, n_trades = row.exchange_time_ms, int(row.row_id)
        newest = self._open_candles.get(row.coin)
        if newest is None or start_ms > newest[0]:
            if newest is not None:
                self._add(Feed.CANDLES, row.coin, newest[2])
            self._open_candles[row.coin] = (start_ms, n_trades, line)
        elif start_ms < newest[0]:
            self._add(Feed.CANDLES, row.coin, line)
        elif n_trades >= newest[1]:
            self._open_candles[row.coin] = (start_ms, n_trades, line)

    def _add(self, feed: Feed, coin: str, line: bytes) -> None:
        self.streams.add(f"{feed}:{coin}")
        self._sink.add(feed, line)
