"""What a feed said of a coin last, as of any moment, while a recorder may be adding to it."""

import os
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from hypertrack.records import (
    HOUR_MS,
    MAX_TIME_MS,
    MIN_TIME_MS,
    Feed,
    JsonError,
    Record,
    checked_time_ms,
    json_decoder,
)
from hypertrack.store.compaction.commit_journal import (
    PART,
    open_file,
    sealed_folder,
    sealed_hours,
)
from hypertrack.store.compaction.new_hours import hour_path
from hypertrack.store.sql import parquet

READ_BYTES = 1 << 22

LINES = {
    Feed.TRADES: "to_json({'coin': coin, 'tid': tid, 'px': px, 'sz': sz})",
    Feed.BBO: "to_json({'coin': coin, 'bbo': bbo})",
    Feed.L2BOOK: "to_json({'coin': coin, 'levels': levels})",
    Feed.CONTEXTS: "line",
}
"""What is read of the rows of a sealed hour, as the line says it."""

SEALED_ROWS = f"""
SELECT {{time}}, coalesce(received_ns, {{time}} * 1000000) AS receipt, {{line}}
FROM {{relation}} WHERE coin = $coin AND {{time}} BETWEEN {MIN_TIME_MS} AND {MAX_TIME_MS - 1}
ORDER BY {{time}}, receipt
"""

MOST_HOURS = 24
"""Sealed hours of a coin that are kept in memory: one of books takes some ten MiB."""


class Moment(NamedTuple):
    """A time of the venue, and what had been received when it is looked back at.

    Both bound what is seen, so that whoever asks later, of the finished dataset, sees the same.
    """

    time_ms: int
    received_ns: int


class _Head(Record, frozen=True, gc=False):
    coin: str
    time: int | None = None
    exchange_time_ms: int | None = None
    received_ns: int | None = None
    tid: int = 0


class _Rows:
    """The rows of a coin by exchange time, each with its place: where its line is found."""

    def __init__(self, lines: Sequence[bytes] = ()) -> None:
        self.lines = lines
        self._times = array("q")
        self._received = array("q")
        self._places = array("q")

    def add(self, time_ms: int, received_ns: int, place: int) -> None:
        """Add a row; the later one of the same time stands behind."""
        at = len(self._times)
        if at and time_ms < self._times[-1]:
            at = bisect_right(self._times, time_ms)
        self._times.insert(at, time_ms)
        self._received.insert(at, received_ns)
        self._places.insert(at, place)

    def newest(self, at: Moment, since_ms: int) -> list[tuple[int, int, int]]:
        """Return time, receipt and place of the rows of the newest time as of a moment."""
        found: list[tuple[int, int, int]] = []
        for nth in range(bisect_right(self._times, at.time_ms) - 1, -1, -1):
            time_ms, received_ns = self._times[nth], self._received[nth]
            if time_ms < since_ms or (found and time_ms < found[0][0]):
                break
            if received_ns <= at.received_ns:
                found.append((time_ms, received_ns, self._places[nth]))
        return found


Found = tuple[int, int, int, bytes]
"""Time, receipt, id of a trade, line."""


class RecordedMoments:
    """Finds the newest line of a coin as of a moment, in sealed hours and in the open file.

    Args:
        feed: One whose lines name a coin and a time.
    """

    def __init__(self, folder: Path, feed: Feed):
        self._folder = folder
        self._feed = feed
        self._time = "time_ms" if feed is Feed.CONTEXTS else "time"
        self._decoder = json_decoder(_Head)
        self._open: int | None = None
        self._offset = 0
        self._rows: dict[str, _Rows] = {}
        self._hours: OrderedDict[tuple[Path, int, str], _Rows] = OrderedDict()
        self._path_by_name: dict[str, Path] = {}
        self._stamp = -1
        self._connection: duckdb.DuckDBPyConnection | None = None

    def newest(self, coin: str, at: Moment, max_age_ms: int) -> tuple[int, bytes] | None:
        """Return time and line of what was said last; None where nothing is so young.

        Of several lines of the same moment it is the one with the greatest id of a trade.
        """
        self._catch_up()
        since_ms = max(at.time_ms - max_age_ms, 0)
        found = list(self._unsealed(coin, at, since_ms))
        for hour in range(at.time_ms // HOUR_MS, since_ms // HOUR_MS - 1, -1):
            if found and found[0][0] >= (hour + 1) * HOUR_MS:
                break
            found += self._sealed(hour, coin, at, since_ms)
        if not found:
            return None
        time_ms, _, _, line = max(found, key=lambda row: row[:3])
        return time_ms, line

    def close(self) -> None:
        """Close the files."""
        if self._connection is not None:
            self._connection.close()
        if self._open is not None:
            os.close(self._open)
            self._open = None

    def _unsealed(self, coin: str, at: Moment, since_ms: int) -> Iterator[Found]:
        rows = self._rows.get(coin)
        for time_ms, received_ns, offset in rows.newest(at, since_ms) if rows else ():
            line = self._line_at(offset)
            yield time_ms, received_ns, self._trade_id(line), line

    def _sealed(self, hour: int, coin: str, at: Moment, since_ms: int) -> Iterator[Found]:
        path = self._path_by_name.get(hour_path(self._folder, self._feed, hour).name)
        rows = None if path is None else self._rows_of_hour(path, coin)
        for time_ms, received_ns, place in rows.newest(at, since_ms) if rows else ():
            line = rows.lines[place] if rows else b""
            yield time_ms, received_ns, self._trade_id(line), line

    def _trade_id(self, line: bytes) -> int:
        return self._decoder.decode(line).tid if self._feed is Feed.TRADES else 0

    def _rows_of_hour(self, path: Path, coin: str) -> _Rows:
        """Return the rows of a coin in a sealed hour, which a later sealing makes another file."""
        key = (path, path.stat().st_ino, coin)
        if key not in self._hours:
            self._hours[key] = self._read_hour(path, coin)
            if len(self._hours) > MOST_HOURS:
                self._hours.popitem(last=False)
        self._hours.move_to_end(key)
        return self._hours[key]

    def _read_hour(self, path: Path, coin: str) -> _Rows:
        if self._connection is None:
            self._connection = duckdb.connect(":memory:", config={"threads": 1})
        found = self._connection.execute(
            SEALED_ROWS.format(relation=parquet([path]), time=self._time, line=LINES[self._feed]),
            {"coin": coin},
        ).fetchall()
        rows = _Rows([line.encode() for _, _, line in found])
        for place, (time_ms, received_ns, _) in enumerate(found):
            rows.add(time_ms, received_ns, place)
        return rows

    def _catch_up(self) -> None:
        """Take note of what was added to the open file, or of the file that took its place."""
        path = open_file(self._folder, self._feed)
        try:
            is_replaced = self._open is None or path.stat().st_ino != os.fstat(self._open).st_ino
        except FileNotFoundError:
            is_replaced = False
        if is_replaced and path.exists():
            if self._open is not None:
                os.close(self._open)
            self._open, self._offset, self._rows = os.open(path, os.O_RDONLY), 0, {}
        if self._open is not None:
            self._read_open(self._open)
        self._find_sealed()

    def _find_sealed(self) -> None:
        """List the sealed hours anew where any was added or replaced since."""
        try:
            stamp = sealed_folder(self._folder, self._feed).stat().st_mtime_ns
        except FileNotFoundError:
            return
        if stamp != self._stamp:
            self._stamp = stamp
            paths = sealed_hours(self._folder, self._feed)
            self._path_by_name = {path.name.removesuffix(PART): path for path in paths}

    def _read_open(self, descriptor: int) -> None:
        rest = b""
        while block := os.pread(descriptor, READ_BYTES, self._offset + len(rest)):
            *lines, rest = (rest + block).split(b"\n")
            for line in lines:
                self._note(line, self._offset)
                self._offset += len(line) + 1

    def _note(self, line: bytes, offset: int) -> None:
        try:
            head = self._decoder.decode(line)
            said_ms = head.exchange_time_ms if self._feed is Feed.CONTEXTS else head.time
            if said_ms is None:
                return
            time_ms = checked_time_ms(said_ms)
            received_ns = time_ms * 1_000_000 if head.received_ns is None else head.received_ns
            checked_time_ms(received_ns // 1_000_000)
        except (JsonError, ValueError):  # torn, of another shape, of a time that nobody can mean
            return
        self._rows.setdefault(head.coin, _Rows()).add(time_ms, received_ns, offset)

    def _line_at(self, offset: int) -> bytes:
        assert self._open is not None
        line = b""
        while b"\n" not in line:
            block = os.pread(self._open, 1 << 14, offset + len(line))
            if not block:
                break
            line += block
        return line.partition(b"\n")[0]
