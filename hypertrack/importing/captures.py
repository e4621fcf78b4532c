"""Reader of raw captures, ``{"received_wall_ns","channel","data"}`` a line, as if recorded."""

from collections.abc import Callable, Mapping

from hypertrack.importing.line_reader import recorded_line
from hypertrack.importing.sink import Sink
from hypertrack.records import Feed, RawJson, Record, json_decoder

CANDLE_INTERVAL = "1m"
"""What a dataset keeps; every other candle can be made of these."""


class Frame(Record, frozen=True):
    """A line of a capture."""

    received_wall_ns: int
    channel: str
    data: RawJson = RawJson(b"")


class CapturedTrade(Record, frozen=True):
    """What is read of a trade."""

    coin: str
    time: int
    tid: int


class CapturedQuote(Record, frozen=True):
    """What is read of a book or of a best bid and offer."""

    coin: str
    time: int


class CapturedCandle(Record, frozen=True):
    """What is read of a candle: coin, interval, start."""

    s: str
    i: str
    t: int


_frame_decoder = json_decoder(Frame)
_items_decoder = json_decoder(list[RawJson])
_trade_decoder = json_decoder(CapturedTrade)
_quote_decoder = json_decoder(CapturedQuote)
_candle_decoder = json_decoder(CapturedCandle)


class CaptureReader:
    """Reads a capture; a repeated trade is written once, a candle when the next one has begun."""

    def __init__(self, sink: Sink):
        self.streams: set[str] = set()
        self._sink = sink
        self._open_candles: dict[str, tuple[int, bytes]] = {}
        self._handlers: Mapping[str, Callable[[RawJson, int], None]] = {
            "trades": self._read_trades,
            "bbo": lambda data, at: self._read_quote(Feed.BBO, data, at),
            "l2Book": lambda data, at: self._read_quote(Feed.L2BOOK, data, at),
            "candle": self._read_candle,
        }

    def read(self, line: bytes) -> int:
        """Take a frame and return its time of receipt, which stands for exchange time.

        The times of trades do not: a subscription begins with trades of long before it. Frames
        that a dataset has no place for are counted.
        """
        frame = _frame_decoder.decode(line)
        handle = self._handlers.get(frame.channel)
        if handle is None or not bytes(frame.data):
            self._sink.counts["other frames"] += 1
        else:
            handle(frame.data, frame.received_wall_ns)
        return frame.received_wall_ns // 1_000_000

    def finish(self) -> None:
        """Leave out the candles that were not over."""
        self._open_candles.clear()

    def _read_trades(self, data: RawJson, received_ns: int) -> None:
        raws = _items_decoder.decode(data)
        trades = [_trade_decoder.decode(raw) for raw in raws]
        for raw, trade in zip(raws, trades, strict=True):
            if self._sink.is_new_trade(trade.coin, trade.time, trade.tid):
                self._add(Feed.TRADES, trade.coin, recorded_line(raw, received_ns))

    def _read_quote(self, feed: Feed, data: RawJson, received_ns: int) -> None:
        quote = _quote_decoder.decode(data)
        self._add(feed, quote.coin, recorded_line(data, received_ns))

    def _read_candle(self, data: RawJson, received_ns: int) -> None:
        candle = _candle_decoder.decode(data)
        if candle.i != CANDLE_INTERVAL:
            self._sink.counts["other frames"] += 1
            return
        start_ms, line = self._open_candles.get(candle.s, (candle.t, b""))
        if candle.t > start_ms:
            self._add(Feed.CANDLES, candle.s, line)
        if candle.t >= start_ms:
            self._open_candles[candle.s] = (candle.t, recorded_line(data, received_ns))

    def _add(self, feed: Feed, coin: str, line: bytes) -> None:
        self.streams.add(f"{feed}:{coin}")
        self._sink.add(feed, line)
