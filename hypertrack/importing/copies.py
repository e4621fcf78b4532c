"""Reader of another dataset's lines, which are copied as they are."""

from hypertrack.importing.sink import Sink
from hypertrack.records import Feed, Record, json_decoder


class CopiedLine(Record, frozen=True):
    """What is read of a recorded line, whatever its feed."""

    received_ns: int
    coin: str | None = None
    s: str | None = None
    time: int | None = None
    t: int | None = None
    tid: int | None = None


class CopiedTrade(Record, frozen=True):
    """What is read of a recorded trade."""

    coin: str
    time: int
    tid: int


class CopiedFill(Record, frozen=True):
    """What tells the fills of a dataset apart."""

    user: str
    coin: str
    side: str
    time: int
    tid: int


_line_decoder = json_decoder(CopiedLine)
_trade_decoder = json_decoder(CopiedTrade)
_fill_decoder = json_decoder(CopiedFill)


class CopyReader:
    """Reads one feed of another dataset."""

    def __init__(self, sink: Sink, feed: Feed):
        self.streams: set[str] = set()
        self._sink = sink
        self._feed = feed
        self._has_coins = feed not in {Feed.BLOCKS, Feed.TRANSACTIONS}

    def read(self, line: bytes) -> int | None:
        """Take a line; a trade that was met before is left out."""
        if self._feed is Feed.TRADES:
            trade = _trade_decoder.decode(line)
            if self._sink.is_new_trade(trade.coin, trade.time, trade.tid):
                self._add(trade.coin, line)
            return trade.time
        copied = _line_decoder.decode(line)
        self._add(copied.coin or copied.s, line)
        return (copied.time or copied.t) if self._has_coins else None

    def finish(self) -> None:
        """Nothing waits."""

    def _add(self, coin: str | None, line: bytes) -> None:
        has_coin = self._has_coins and coin is not None
        self.streams.add(f"{self._feed}:{coin}" if has_coin else self._feed.value)
        self._sink.add(self._feed, line + b"\n")


class FillCopyReader:
    """Reads the fills of another dataset."""

    def __init__(self, sink: Sink):
        self.streams: set[str] = set()
        self._sink = sink

    def read(self, line: bytes) -> int:
        """Take a fill; one that was met before is left out."""
        fill = _fill_decoder.decode(line)
        if self._sink.is_new_fill((fill.user, fill.coin, fill.side, fill.time, fill.tid)):
            self._sink.add_fill(line + b"\n")
        return fill.time

    def finish(self) -> None:
        """Nothing waits."""
