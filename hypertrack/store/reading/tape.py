"""The tape of a dataset that another process may be writing: its trades in order of receipt."""

import logging
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from heapq import merge
from itertools import chain, groupby, islice
from pathlib import Path
from sys import intern

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
from hypertrack.store.reading.open_lines import GrowingLines, LinePlace, OpenLines
from hypertrack.store.sql import parquet

log = logging.getLogger(__name__)

BATCH_ROWS = 20_000

RECEIVED = "coalesce(received_ns, time * 1000000)"

SEALED_ROWS = f"""
SELECT received_ns, coin, side, px, sz, time, hash, tid, users FROM {{relation}}
WHERE time >= $since_ms AND {RECEIVED} >= $received_ns
ORDER BY {RECEIVED}, coin, time, tid
"""

SEALED_BEFORE = f"""
SELECT count(*) FROM {{relation}} WHERE time >= $since_ms AND {RECEIVED} < $received_ns
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


class SkewSeen(Record, frozen=True):
    """What is known of how two clocks differ: the last rows, how many there were, the usual."""

    last_ms: tuple[int, ...] = ()
    n_rows: int = 0
    usual_ms: int = 0


class TapePlace(Record, frozen=True, kw_only=True):
    """How far a tape was read.

    Attributes:
        waiting: Read, and not given out yet.
        newest: Given out, of the moment of receipt that came last.
        n_given: Trades given out since the tape began.
    """

    lines: LinePlace
    waiting: tuple[TapeTrade, ...]
    newest: tuple[TapeTrade, ...]
    n_given: int
    n_unread: int
    skew: SkewSeen


class _Skew:
    """How far the clock of receipt usually lies behind the venue's, from the last rows."""

    def __init__(self, seen: SkewSeen | None = None) -> None:
        seen = seen or SkewSeen()
        self._last: deque[int] = deque(seen.last_ms, maxlen=SKEW_ROWS)
        self._n_seen = seen.n_rows
        self._usual_ms = seen.usual_ms

    def seen(self) -> SkewSeen:
        """Return what is known."""
        return SkewSeen(tuple(self._last), self._n_seen, self._usual_ms)

    def is_ahead(self, time_ms: int, received_ms: int) -> bool:
        """Return whether a row's time lies beyond its receipt by more than the clocks explain."""
        self._last.append(time_ms - received_ms)
        self._n_seen += 1
        if self._n_seen == MIN_FOR_SKEW or self._n_seen % SKEW_ROWS == 0:
            self._usual_ms = usual_skew_ms(self._last)
        return is_ahead(time_ms, received_ms, self._usual_ms)


class Tape:
    """Reads the trades of a folder, or of other lines that grow, and then those that are added.

    Trades come in the order of their receipt; those of one moment by coin, time and id, so that
    whoever reads the finished dataset later sees the very same order. Sealing an hour meanwhile
    changes nothing: the old open file stays readable until its last line was read.

    Attributes:
        n_unread: Lines that no reader takes: torn, or beyond the bounds of their kind.
    """

    def __init__(self, place: Path | GrowingLines, since_ms: int = 0):
        self._lines = OpenLines(place, Feed.TRADES) if isinstance(place, Path) else place
        self._since_ms = since_ms
        self._decoder = json_decoder(_Line)
        self._skew = _Skew()
        self._waiting: list[TapeTrade] = []
        self._newest: list[TapeTrade] = []
        self._is_behind_place = False
        self.n_given = 0
        self.n_unread = 0

    def go_on(self, place: TapePlace) -> bool:
        """Begin behind a place instead, if it is found again; before `history`.

        Lines that were sealed since are known by their receipt: all that was received before the
        place has to be as much as was given out then.
        """
        newest_ns = place.newest[0].received_ns if place.newest else -1
        is_same_file = self._lines.begin_behind(place.lines)
        if not is_same_file and self._n_before(newest_ns) + len(place.newest) != place.n_given:
            return False
        self._is_behind_place = is_same_file
        self._skew = _Skew(place.skew)
        self._newest, self.n_given = list(place.newest), place.n_given
        if is_same_file:
            self._waiting, self.n_unread = list(place.waiting), place.n_unread
        return True

    def place(self) -> TapePlace:
        """Return how far was read and given out."""
        return TapePlace(
            lines=self._lines.place(),
            waiting=tuple(self._waiting),
            newest=tuple(self._newest),
            n_given=self.n_given,
            n_unread=self.n_unread,
            skew=self._skew.seen(),
        )

    def history(self, *, is_growing: bool = False) -> Iterator[list[TapeTrade]]:
        """Yield what is there, in batches; to be read to its end before `poll`.

        Sealed hours are sorted by DuckDB, which spills to disk what memory does not hold.

        Args:
            is_growing: The trades of the newest moment wait for `poll`, as they do there.
        """
        trades = self._there()
        for batch in _batches(self._settled(trades) if is_growing else trades):
            self._note(batch)
            yield batch

    def poll(self) -> list[TapeTrade]:
        """Return what was added since the last call, perhaps nothing.

        The trades of the newest moment wait for the next call, since more of the same frame may be
        on their way to the file.
        """
        added = list(self._added())
        found, self._waiting = self._waiting + added, []
        if added:
            newest_ns = found[-1].received_ns
            self._waiting = [trade for trade in found if trade.received_ns == newest_ns]
            found = [trade for trade in found if trade.received_ns != newest_ns]
        found = list(_in_order(found))
        self._note(found)
        return found

    def close(self) -> None:
        """Close the open file."""
        self._lines.close()

    def _there(self) -> Iterator[TapeTrade]:
        if self._is_behind_place:
            waiting, self._waiting = self._waiting, []
            yield from _in_order(chain(waiting, self._added()))
            return
        known = Counter(self._newest)
        since_ns = self._newest[0].received_ns if self._newest else -1
        files = self._lines.begin()
        unsealed = _in_order(one for one in self._added() if one.received_ns >= since_ns)
        with duckdb.connect(":memory:") as connection:
            rows: Iterator[TapeTrade] = iter(())
            if files.sealed:
                at = {"since_ms": self._since_ms, "received_ns": since_ns}
                found = connection.execute(SEALED_ROWS.format(relation=parquet(files.sealed)), at)
                rows = self._sealed(found)
                # An import adds older lines; what is merged has to be in order.
                unsealed = iter(sorted(unsealed, key=_order))
            for trade in merge(rows, unsealed, key=_order):
                if not _is_in(known, trade):
                    yield trade

    def _settled(self, trades: Iterator[TapeTrade]) -> Iterator[TapeTrade]:
        """Yield all but the trades of the newest moment, which wait."""
        for trade in trades:
            if self._waiting and self._waiting[0].received_ns != trade.received_ns:
                yield from self._waiting
                self._waiting = []
            self._waiting.append(trade)

    def _note(self, given: list[TapeTrade]) -> None:
        """Take note of what is given out."""
        if not given:
            return
        newest_ns = given[-1].received_ns
        newest = [trade for trade in given if trade.received_ns == newest_ns]
        is_more = bool(self._newest) and self._newest[0].received_ns == newest_ns
        self._newest = self._newest + newest if is_more else newest
        self.n_given += len(given)

    def _added(self) -> Iterator[TapeTrade]:
        """Yield the trades of the lines that were added to the open file."""
        for line in self._lines.added():
            trade = self._trade(line)
            if trade is not None and trade.time_ms >= self._since_ms:
                yield trade

    def _n_before(self, received_ns: int) -> int:
        """Return how many trades there are that were received before a time."""
        files = self._lines.begin()
        n_rows = sum(trade.received_ns < received_ns for trade in self._added())
        self.n_unread, self._skew = 0, _Skew()  # they are read again
        if files.sealed:
            asked = SEALED_BEFORE.format(relation=parquet(files.sealed))
            at = {"since_ms": self._since_ms, "received_ns": received_ns}
            with duckdb.connect(":memory:") as connection:
                ((n_sealed,),) = connection.execute(asked, at).fetchall()
            n_rows += n_sealed
        return n_rows

    def _sealed(self, rows: duckdb.DuckDBPyConnection) -> Iterator[TapeTrade]:
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
    # The same few names come again and again, and whoever follows keeps them.
    buyer, seller = (intern(checked_wallet(user)) for user in line.users)
    if not are_amounts(line.px, line.sz) or line.side not in ("A", "B"):
        raise ValueError("no trade")
    time_ms, received_ns = _checked_times(line, skew)
    return TapeTrade(
        received_ns=received_ns,
        coin=intern(line.coin),
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


def _is_in(known: Counter[TapeTrade], trade: TapeTrade) -> bool:
    """Return whether a trade is among those that are known, each of which counts once."""
    is_known = known[trade] > 0
    known[trade] -= is_known
    return is_known


def _in_order(trades: Iterable[TapeTrade]) -> Iterator[TapeTrade]:
    """Sort the trades of each moment; moments stay in the order in which they were written."""
    for _, moment in groupby(trades, key=lambda trade: trade.received_ns):
        yield from sorted(moment, key=_order)


def _batches(trades: Iterator[TapeTrade]) -> Iterator[list[TapeTrade]]:
    while batch := list(islice(trades, BATCH_ROWS)):
        yield batch
