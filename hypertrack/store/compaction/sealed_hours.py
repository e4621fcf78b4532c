"""Sealing: finished hours of a feed become Parquet files, which say the same in less space."""

import glob
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb

from hypertrack.errors import DatasetError
from hypertrack.records import HOUR_MS, Feed, Record, encode_json
from hypertrack.store.compaction.checksums import DAMAGED, is_intact, write_checksums
from hypertrack.store.compaction.commit_journal import (
    Prepared,
    finish_sealing,
    lines_so_far,
    open_file,
    part_of,
    put_in_force,
    sealed_folder,
    sealed_hours,
    sole_sealer,
)
from hypertrack.store.compaction.new_hours import hour_path
from hypertrack.store.compaction.sealed_rows import LAYOUTS, Layout
from hypertrack.store.dataset import connect_quietly, memory_config
from hypertrack.store.files.layout import feed_path
from hypertrack.store.reading.damage import unreadable
from hypertrack.store.sql import parquet, quoted

log = logging.getLogger(__name__)

# No JSON holds the delimiter unescaped, so that every line is one value.
READ_LINES = """
CREATE TABLE lines AS
SELECT line, object, from_json(object, $shape) AS fields
FROM (SELECT line, CASE json_type(json) WHEN 'OBJECT' THEN json END AS object
FROM (SELECT line, try_cast(line AS JSON) AS json
FROM read_csv($path, columns = {'line': 'VARCHAR'}, delim = '\x01', quote = '', escape = '',
    header = false, auto_detect = false, new_line = '\\n', max_line_size = 16777216)))
"""

# A line is sealed only where its columns give back every character of every field; fields that
# are not in the shape go into the column ``rest``, as JSON.
MARK_LINES = """
CREATE TABLE marked AS
SELECT * EXCLUDE (object), CASE WHEN {is_kept} THEN {time_ms} // {hour_ms} END AS hour
FROM (
    SELECT rowid AS nth, *, json_merge_patch(object, $removed)::VARCHAR AS rest FROM lines
)
"""
HOURS = """
SELECT hour FROM marked WHERE hour < (SELECT max(hour) FROM marked) GROUP BY hour ORDER BY hour
"""
WRITE_HOUR = """
COPY (
    SELECT * FROM (
        SELECT * FROM {sealed}
        UNION ALL BY NAME
        SELECT {columns} FROM marked WHERE hour = {hour}
    ) ORDER BY {order}, received_ns
) TO {path} (FORMAT parquet, COMPRESSION zstd)
"""


MEMORY_GIB = 2.0
"""Beyond it a feed's lines spill to a temporary folder."""


class SealedFeed(Record, frozen=True, kw_only=True):
    """What sealing made of one feed."""

    feed: Feed
    n_hours: int
    n_sealed: int
    n_open: int
    """Lines left: of the newest hour, and those that could not be kept exactly as columns."""
    bytes_before: int
    bytes_after: int
    """Of the open file and all sealed hours."""


def seal_folder(folder: Path, memory_limit_gib: float = MEMORY_GIB) -> Iterator[SealedFeed]:
    """Seal the finished hours of each feed, yielding after each; the folder must be ours.

    The newest hour of a feed stays open, so that a recording can be continued.

    Raises:
        DatasetError: A file holds what is not text, or the disk is full; nothing is lost.
    """
    finish_sealing(folder)
    for feed in Feed:
        if not open_file(folder, feed).exists():
            continue
        bytes_before = _size(folder, feed)
        prepared = prepare_sealing(folder, feed, memory_limit_gib=memory_limit_gib)
        put_in_force(folder, prepared)
        yield SealedFeed(
            feed=feed,
            n_hours=len(prepared.hours),
            n_sealed=prepared.n_sealed,
            n_open=prepared.n_open,
            bytes_before=bytes_before,
            bytes_after=_size(folder, feed),
        )


def prepare_sealing(
    folder: Path,
    feed: Feed,
    *,
    is_growing: bool = False,
    memory_limit_gib: float = MEMORY_GIB,
    n_threads: int | None = None,
) -> Prepared:
    """Write the next version of a feed's files beside the old ones.

    Args:
        is_growing: The open file is appended to meanwhile; its lines so far are copied first.
        n_threads: Of DuckDB; its own choice where None.

    Raises:
        DatasetError: A file holds what is not text, or the disk is full; nothing is lost.
    """
    config = memory_config(memory_limit_gib) | ({"threads": n_threads} if n_threads else {})
    try:
        with (
            sole_sealer(folder),
            lines_so_far(folder, feed, is_growing=is_growing) as (lines, n_bytes),
            connect_quietly(config) as connection,
        ):
            return _prepare(connection, folder, feed, lines, n_bytes)
    except (duckdb.Error, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(
            f"{folder}: {feed} could not be sealed ({reason}); nothing is lost"
        ) from error


def _prepare(
    connection: duckdb.DuckDBPyConnection, folder: Path, feed: Feed, lines: Path, n_bytes: int
) -> Prepared:
    layout = LAYOUTS[feed]
    _read(connection, lines, layout)
    hours = [hour for (hour,) in connection.execute(HOURS).fetchall()]
    n_lines, n_sealed, names = _count(connection, "SELECT count(*) FROM marked"), 0, []
    if hours:
        sealed_folder(folder, feed).mkdir(parents=True, exist_ok=True)
        names = [_write_hour(connection, folder, feed, hour) for hour in hours]
        done = ", ".join(map(str, hours))
        n_sealed = _count(connection, f"SELECT count(*) FROM marked WHERE hour IN ({done})")
        _write_open(connection, feed_path(folder, feed), f"hour IS NULL OR hour NOT IN ({done})")
    return Prepared(
        feed=feed,
        hours=tuple(names),
        n_bytes=n_bytes,
        n_sealed=n_sealed,
        n_open=n_lines - n_sealed,
    )


def _read(connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> None:
    shape = encode_json(layout.shape).decode()
    connection.execute(READ_LINES, {"shape": shape, "path": glob.escape(str(path))})
    statement = MARK_LINES.format(is_kept=layout.is_kept, time_ms=layout.time_ms, hour_ms=HOUR_MS)
    removed = encode_json(dict.fromkeys(layout.shape)).decode()
    connection.execute(statement, {"removed": removed})
    connection.execute("DROP TABLE lines")


def _write_hour(connection: duckdb.DuckDBPyConnection, folder: Path, feed: Feed, hour: int) -> str:
    """Write the next version of an hour: what was sealed of it before, and what is new."""
    layout = LAYOUTS[feed]
    path = hour_path(folder, feed, hour)
    _put_damaged_aside(path)
    older = parquet([path])
    nothing = f"(SELECT {layout.columns} FROM marked WHERE false)"
    statement = WRITE_HOUR.format(
        sealed=older if path in sealed_hours(folder, feed) else nothing,
        columns=layout.columns,
        hour=hour,
        order=", ".join(f'"{column}"' for column in layout.order),
        path=quoted(part_of(path)),
    )
    n_older = 0
    if path.exists():
        n_older = _count(connection, f"SELECT count(*) FROM {older}")
    connection.execute(statement)
    n_new = _count(connection, f"SELECT count(*) FROM marked WHERE hour = {hour}")
    n_written = _count(connection, f"SELECT count(*) FROM {parquet([part_of(path)])}")
    if n_written != n_older + n_new:
        raise OSError(f"{n_written} of {n_older + n_new} rows of {path.stem} were written")
    with part_of(path).open("rb") as file:
        os.fsync(file.fileno())
    write_checksums(path, part_of(path), path)
    return path.name


def _put_damaged_aside(path: Path) -> None:
    """Rename an hour that cannot be read, so that what is new of it can be sealed."""
    is_damaged = path.exists() and (is_intact(path, path) is False or bool(unreadable([path])))
    if is_damaged:
        log.warning("%s is damaged and put aside as %s", path, path.name + DAMAGED)
        path.replace(path.with_name(path.name + DAMAGED))


def _write_open(connection: duckdb.DuckDBPyConnection, path: Path, condition: str) -> None:
    rows = connection.execute(f"SELECT line FROM marked WHERE {condition} ORDER BY nth")
    with part_of(path).open("wb") as file:
        while batch := rows.fetchmany(10_000):
            file.write("".join(f"{line}\n" for (line,) in batch).encode())
        file.flush()
        os.fsync(file.fileno())


def _size(folder: Path, feed: Feed) -> int:
    return sum(
        path.stat().st_size for path in (open_file(folder, feed), *sealed_hours(folder, feed))
    )


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = connection.execute(statement).fetchone()
    return int(row[0]) if row else 0
