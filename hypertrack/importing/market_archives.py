"""Readers of the venue's market archives: contexts of all coins by day, books of a coin by hour.

Source: ``asset_ctxs/YYYYMMDD.csv.lz4`` and ``market_data/YYYYMMDD/H/l2Book/COIN.lz4`` (protocol,
section 7); times are UTC.
"""

from collections.abc import Mapping, Sequence

from hypertrack.feeds.rows import Row, read_book, recorded_row
from hypertrack.importing.line_reader import ForeignLineError, encoded_line, recorded_line
from hypertrack.importing.node_times import time_ns
from hypertrack.importing.sink import Sink
from hypertrack.records import Feed, RawJson, Record, is_ahead, json_decoder

NS_PER_MS = 1_000_000

FIELDS: Mapping[str, str] = {
    "funding": "funding",
    "open_interest": "openInterest",
    "prev_day_px": "prevDayPx",
    "day_ntl_vlm": "dayNtlVlm",
    "premium": "premium",
    "oracle_px": "oraclePx",
    "mark_px": "markPx",
    "mid_px": "midPx",
}
"""Columns, and what a socket calls them."""

IMPACT = ("impact_bid_px", "impact_ask_px")
UNKNOWN = frozenset({"", "null", "none", "nan"})
"""How a number is spelled that is not known, in any case."""


class _Message(Record, frozen=True):
    channel: str
    data: RawJson


class _BookLine(Record, frozen=True):
    time: str
    raw: _Message


_book_line = json_decoder(_BookLine)


class ContextReader:
    """Reads the rows of ``asset_ctxs`` into contexts as a socket sends them.

    Args:
        now_ms: No row is of later.
    """

    block_number = None

    def __init__(self, sink: Sink, now_ms: int):
        self.streams: set[str] = set()
        self._sink = sink
        self._now_ms = now_ms
        self._columns: list[str] = []

    def read(self, line: bytes) -> int | None:
        """Take a row; the header, which may stand there again, says which column is which."""
        values = line.decode().split(",")
        if values[:2] == ["time", "coin"]:
            self._columns = values
            return None
        if len(values) != len(self._columns):
            raise ForeignLineError(f"{len(values)} columns, where {len(self._columns)} are named")
        told = dict(zip(self._columns, values, strict=True))
        received_ns = time_ns(told["time"])
        time_ms = received_ns // NS_PER_MS
        _require_past(time_ms, self._now_ms)
        ctx = {name: _known(told.get(column)) for column, name in FIELDS.items()}
        bid, ask = (_known(told.get(column)) for column in IMPACT)
        context = {
            "received_ns": received_ns,
            "exchange_time_ms": time_ms,
            "coin": told["coin"],
            "ctx": {**ctx, "impactPxs": None if bid is None or ask is None else (bid, ask)},
        }
        row = encoded_line(context)
        coin = recorded_row(Feed.CONTEXTS, row.rstrip()).coin
        self.streams.add(f"{Feed.CONTEXTS}:{coin}")
        self._sink.add(Feed.CONTEXTS, row)
        return time_ms

    def finish(self) -> None:
        """Nothing waits."""


class BookReader:
    """Reads ``market_data``: books, each behind the time at which it was received.

    Args:
        now_ms: No book is of later.
    """

    block_number = None

    def __init__(self, sink: Sink, now_ms: int):
        self.streams: set[str] = set()
        self._sink = sink
        self._now_ms = now_ms

    def read(self, line: bytes) -> int:
        """Take a book."""
        told = _book_line.decode(line)
        if told.raw.channel != "l2Book":
            raise ForeignLineError(f"a frame of {told.raw.channel[:40]}, and no book")
        received_ns = time_ns(told.time)
        found = read_book(told.raw.data)
        if found.flaw is not None:
            raise ForeignLineError(found.flaw.reason)
        book = _only(found.rows)
        _require_past(book.exchange_time_ms, min(received_ns // NS_PER_MS, self._now_ms))
        self.streams.add(f"{Feed.L2BOOK}:{book.coin}")
        self._sink.add(Feed.L2BOOK, recorded_line(book.raw, received_ns))
        return book.exchange_time_ms

    def finish(self) -> None:
        """Nothing waits."""


def _only(books: Sequence[Row]) -> Row:
    if len(books) != 1:
        raise ForeignLineError(f"{len(books)} books, where there is one a line")
    return books[0]


def _known(text: str | None) -> str | None:
    return None if text is None or text.strip().lower() in UNKNOWN else text


def _require_past(time_ms: int, now_ms: int) -> None:
    if is_ahead(time_ms, now_ms):
        raise ForeignLineError(f"time {time_ms} is ahead of its receipt")
