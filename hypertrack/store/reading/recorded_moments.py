"""What a feed said of a coin last, as of any moment, while a recorder may be adding to it."""

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from hypertrack.records import HOUR_MS, Feed, JsonError, Record, json_decoder
from hypertrack.store.compaction.commit_journal import feed_files
from hypertrack.store.compaction.new_hours import hour_path
from hypertrack.store.compaction.sealed_rows import line_of
from hypertrack.store.sql import parquet

READ_BYTES = 1 << 22

NEWEST_SEALED = """
SELECT * FROM {relation}
WHERE coin = $coin AND {time} BETWEEN $since_ms AND $at_ms
    AND coalesce(received_ns, {time} * 1000000) <= $received_ns
QUALIFY rank() OVER (ORDER BY {time} DESC, coalesce(received_ns, {time} * 1000000) DESC) = 1
"""


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
    """Where the rows of a coin stand in the open file, by exchange time."""

    def __init__(self) -> None:
        self.times = array("q")
        self.received = array("q")
        self.offsets = array("q")

    def add(self, time_ms: int, received_ns: int, offset: int) -> None:
        """Add a row; the later one of the same time stands behind."""
        at = len(self.times)
        if at and time_ms < self.times[-1]:
            at = bisect_right(self.times, time_ms)
        self.times.insert(at, time_ms)
        self.received.insert(at, received_ns)
        self.offsets.insert(at, offset)

    def newest(self, at: Moment, since_ms: int) -> list[tuple[int, int, int]]:
        """Return time, receipt and offset of the newest rows as of a moment."""
        found: list[tuple[int, int, int]] = []
        for nth in range(bisect_right(self.times, at.time_ms) - 1, -1, -1):
            time_ms, received_ns = self.times[nth], self.received[nth]
            if time_ms < since_ms or (found and time_ms < found[0][0]):
                break
            if received_ns <= at.received_ns:
                found.append((time_ms, received_ns, self.offsets[nth]))
        return found


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
        self._connection: duckdb.DuckDBPyConnection | None = None

    def newest(self, coin: str, at: Moment, max_age_ms: int) -> tuple[int, bytes] | None:
        """Return time and line of what was said last; None where nothing is so young.

        Of several lines of the same moment it is the one with the greatest id of a trade.
        """
        self._catch_up()
        since_ms = max(at.time_ms - max_age_ms, 0)
        found = [*self._unsealed(coin, at, since_ms), *self._sealed(coin, at, since_ms)]
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

    def _unsealed(
        self, coin: str, at: Moment, since_ms: int
    ) -> Iterator[tuple[int, int, int, bytes]]:
        rows = self._rows.get(coin)
        for time_ms, received_ns, offset in rows.newest(at, since_ms) if rows else ():
            line = self._line_at(offset)
            yield time_ms, received_ns, self._decoder.decode(line).tid, line

    def _sealed(
        self, coin: str, at: Moment, since_ms: int
    ) -> Iterator[tuple[int, int, int, bytes]]:
        hours = range(since_ms // HOUR_MS, at.time_ms // HOUR_MS + 1)
        wanted = {hour_path(self._folder, self._feed, hour).name for hour in hours}
        paths = [
            path
            for path in feed_files(self._folder, self._feed).sealed
            if path.name.removesuffix(".part") in wanted
        ]
        if not paths:
            return
        if self._connection is None:
            self._connection = duckdb.connect(":memory:", config={"threads": 1})
        result = self._connection.execute(
            NEWEST_SEALED.format(relation=parquet(paths), time=self._time),
            {"coin": coin, "since_ms": since_ms, "at_ms": at.time_ms, "received_ns": at[1]},
        )
        names = [column[0] for column in result.description or ()]
        for values in result.fetchall():
            row: dict[str, Any] = dict(zip(names, values, strict=True))
            time_ms = row[self._time]
            received_ns = row["received_ns"]
            line = line_of({name: row[name] for name in names if name != "time_ms"})
            receipt = time_ms * 1_000_000 if received_ns is None else received_ns
            yield time_ms, receipt, row.get("tid") or 0, line

    def _catch_up(self) -> None:
        """Take note of what was added to the open file, or of the file that took its place."""
        path = feed_files(self._folder, self._feed).open
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
        except (JsonError, UnicodeDecodeError):  # torn, or of another shape: readers count it
            return
        time_ms = head.exchange_time_ms if self._feed is Feed.CONTEXTS else head.time
        if time_ms is None:
            return
        received_ns = time_ms * 1_000_000 if head.received_ns is None else head.received_ns
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
