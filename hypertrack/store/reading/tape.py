"""The tape of a folder that another process may be writing: its trades in order of receipt."""

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from heapq import merge
from itertools import groupby
from pathlib import Path

import duckdb

from hypertrack.records import (
    ZERO_HASH,
    Feed,
    JsonError,
    Record,
    Side,
    TapeTrade,
    are_amounts,
    checked_time_ms,
    checked_wallet,
    decode_json,
    is_ahead,
    json_decoder,
    usual_skew_ms,
)
from hypertrack.store.files.tail import newest_trades
from hypertrack.store.reading.open_lines import OpenLines
from hypertrack.store.sql import parquet

log = logging.getLogger(__name__)

BATCH_ROWS = 20_000

SEALED_ROWS = """
SELECT received_ns, coin, side, px, sz, time, hash, tid, users FROM {relation}
WHERE time >= $since_ms
ORDER BY coalesce(received_ns, time * 1000000), coin, time, tid
"""

BUYER_TAKES = "B"

SKEW_ROWS = 100

MIN_FOR_SKEW = 10
"""One bad row is not a skew."""

UNREADABLE = (JsonError, ValueError, RecursionError)
"""What lines raise that no reader takes."""


class _Line(Record, frozen=True, gc=False):
    coin: str
    side: str
    px: str | float
    sz: str | float
    time: int
    tid: int
    users: tuple[str, str]
    hash: str = ""
    received_ns: int | None = None


class _Times(Record, frozen=True):
    time: int
    received_ns: int | None = None


class _Skew:
    """How far the clock of receipt usually lies behind the venue's, from the last rows."""

    def __init__(self) -> None:
        self._last: deque[int] = deque(maxlen=SKEW_ROWS)
        self._n_seen = 0
        self._usual_ms = 0

    def is_ahead(self, time_ms: int, received_ms: int) -> bool:
        """Return whether a row's time lies beyond its receipt by more than the clocks explain."""
        self._last.append(time_ms - received_ms)
        self._n_seen += 1
        if self._n_seen == MIN_FOR_SKEW or self._n_seen % SKEW_ROWS == 0:
            self._usual_ms = usual_skew_ms(self._last)
        return is_ahead(time_ms, received_ms, self._usual_ms)


class Tape:
    """Reads the trades of a folder, and then those that are added to it.

    Trades come in the order of their receipt; those of one moment by coin, time and id, so that
    whoever reads the finished dataset later sees the very same order. Sealing an hour meanwhile
    changes nothing: the old open file stays readable until its last line was read.

    Attributes:
        n_unread: Lines that no reader takes: torn, or beyond the bounds of their kind.
    """

    def __init__(self, folder: Path, since_ms: int = 0):
        self._lines = OpenLines(folder, Feed.TRADES)
        self._since_ms = since_ms
        self._decoder = json_decoder(_Line)
        self._skew = _Skew()
        self._waiting: list[TapeTrade] = []
        self.n_unread = 0

    def history(self) -> Iterator[list[TapeTrade]]:
        """Yield what is there, in batches; to be read to its end before `poll`.

        Sealed hours are sorted by DuckDB, which spills to disk what memory does not hold.
        """
        files = self._lines.begin()
        unsealed = _in_order(self._added())
        with duckdb.connect(":memory:") as connection:
            if files.sealed:
                rows = connection.execute(
                    SEALED_ROWS.format(relation=parquet(files.sealed)),
                    {"since_ms": self._since_ms},
                )
                yield from _merged(self._sealed_batches(rows), unsealed)
            elif unsealed:
                yield unsealed

    def poll(self) -> list[TapeTrade]:
        """Return what was added since the last call, perhaps nothing.

        The trades of the newest moment wait for the next call, since more of the same frame may be
        on their way to the file.
        """
        found = self._waiting + self._added()
        if found and len(found) > len(self._waiting):
            newest_ns = found[-1].received_ns
            self._waiting = [trade for trade in found if trade.received_ns == newest_ns]
            return _in_order(trade for trade in found if trade.received_ns != newest_ns)
        self._waiting = []
        return _in_order(found)

    def close(self) -> None:
        """Close the open file."""
        self._lines.close()

    def _added(self) -> list[TapeTrade]:
        """Return the trades of the lines that were added to the open file."""
        trades = (self._trade(line) for line in self._lines.added())
        return [one for one in trades if one is not None and one.time_ms >= self._since_ms]

    def _sealed_batches(self, rows: duckdb.DuckDBPyConnection) -> Iterator[TapeTrade]:
        names = [column[0] for column in rows.description or ()]
        while batch := rows.fetchmany(BATCH_ROWS):
            for row in batch:
                try:
                    yield _checked(_Line(**dict(zip(names, row, strict=True))), self._skew)
                except (ValueError, TypeError):
                    self.n_unread += 1

    def _trade(self, line: bytes) -> TapeTrade | None:
        try:
            return _checked(self._decoder.decode(line), self._skew)
        except UNREADABLE:
            self.n_unread += 1
            return None


def newest_trade_ms(folder: Path) -> int:
    """Return the newest time of a trade of a folder, -1 where there is none.

    Lines that no reader takes tell no time.
    """
    skew, newest_ms = _Skew(), -1
    for line in newest_trades(folder):
        with suppress(*UNREADABLE):
            time_ms, _ = _checked_times(decode_json(line, _Times), skew)
            newest_ms = max(time_ms, newest_ms)
    return newest_ms


def _checked_times(line: "_Line | _Times", skew: _Skew) -> tuple[int, int]:
    """Return when a trade happened, ms, and when it was received, ns."""
    time_ms = checked_time_ms(line.time)
    received_ns = time_ms * 1_000_000 if line.received_ns is None else line.received_ns
    if skew.is_ahead(time_ms, checked_time_ms(received_ns // 1_000_000)):
        raise ValueError("time ahead of its receipt")
    return time_ms, received_ns


def _checked(line: _Line, skew: _Skew) -> TapeTrade:
    buyer, seller = map(checked_wallet, line.users)
    if not are_amounts(line.px, line.sz) or line.side not in ("A", "B"):
        raise ValueError("no trade")
    time_ms, received_ns = _checked_times(line, skew)
    return TapeTrade(
        received_ns=received_ns,
        coin=line.coin,
        side=Side.BUY if line.side == BUYER_TAKES else Side.SELL,
        price=str(line.px),
        size=str(line.sz),
        time_ms=time_ms,
        trade_id=line.tid,
        buyer=buyer,
        seller=seller,
        is_twap=line.hash == ZERO_HASH,
    )


def _order(trade: TapeTrade) -> tuple[int, str, int, int]:
    return trade.received_ns, trade.coin, trade.time_ms, trade.trade_id


def _in_order(trades: Iterator[TapeTrade] | list[TapeTrade]) -> list[TapeTrade]:
    """Sort the trades of each moment; moments stay in the order in which they were written."""
    moments = groupby(trades, key=lambda trade: trade.received_ns)
    return [trade for _, moment in moments for trade in sorted(moment, key=_order)]


def _merged(sealed: Iterator[TapeTrade], unsealed: list[TapeTrade]) -> Iterator[list[TapeTrade]]:
    """Yield sealed and open rows as they were received, in batches."""
    batch: list[TapeTrade] = []
    for trade in merge(sealed, sorted(unsealed, key=_order), key=_order):
        batch.append(trade)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch
