"""Sealing: finished hours of a feed become Parquet files, which say the same in less space."""

import glob
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from hypertrack.errors import DatasetError
from hypertrack.records import HOUR_MS, Feed, Record, encode_json
from hypertrack.store.dataset import memory_config
from hypertrack.store.seals import (
    begin_sealing,
    finish_sealing,
    open_file,
    part_of,
    sealed_folder,
    sealed_hours,
)

LEVEL = {"px": "VARCHAR", "sz": "VARCHAR", "n": "BIGINT"}

Shape = Mapping[str, Any]

SHAPES: Mapping[Feed, Shape] = {
    Feed.TRADES: {
        **{"received_ns": "BIGINT", "coin": "VARCHAR", "side": "VARCHAR", "px": "VARCHAR"},
        **{"sz": "VARCHAR", "time": "BIGINT", "hash": "VARCHAR", "tid": "BIGINT"},
        "users": ["VARCHAR"],
    },
    Feed.BBO: {"received_ns": "BIGINT", "coin": "VARCHAR", "time": "BIGINT", "bbo": [LEVEL]},
    Feed.L2BOOK: {
        **{"received_ns": "BIGINT", "coin": "VARCHAR", "time": "BIGINT"},
        "levels": [[LEVEL]],
    },
    Feed.CANDLES: {
        **{"received_ns": "BIGINT", "t": "BIGINT", "s": "VARCHAR", "i": "VARCHAR"},
        **dict.fromkeys("ochlv", "VARCHAR"),
        "n": "BIGINT",
    },
}
"""The venue's fields, as columns; a candle's ``T`` is left to the rest, since names of columns do
not differ by case. Blocks and transactions, of many shapes, stay lines."""

ORDER = dict.fromkeys(SHAPES, ("coin", "time")) | {Feed.CANDLES: ("s", "t")}

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
SELECT * EXCLUDE (object), CASE WHEN {is_kept} THEN fields."{time}" // {hour_ms} END AS hour
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
        SELECT {columns}, nullif(rest, '{{}}') AS rest FROM marked WHERE hour = {hour}
    ) ORDER BY {order}, received_ns
) TO '{path}' (FORMAT parquet, COMPRESSION zstd)
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
    for feed in SHAPES:
        if not open_file(folder, feed).exists():
            continue
        with duckdb.connect(":memory:", config=memory_config(memory_limit_gib)) as connection:
            try:
                yield _seal(connection, folder, feed)
            except (duckdb.Error, OSError) as error:
                reason = str(error).splitlines()[0]
                raise DatasetError(
                    f"{folder}: {feed} could not be sealed ({reason}); nothing is lost"
                ) from error


def _seal(connection: duckdb.DuckDBPyConnection, folder: Path, feed: Feed) -> SealedFeed:
    path = open_file(folder, feed)
    bytes_before = _size(folder, feed)
    _read(connection, path, feed)
    hours = [hour for (hour,) in connection.execute(HOURS).fetchall()]
    n_lines, n_sealed = _count(connection, "SELECT count(*) FROM marked"), 0
    if hours:
        sealed_folder(folder, feed).mkdir(parents=True, exist_ok=True)
        paths = [_write_hour(connection, folder, feed, hour) for hour in hours]
        done = ", ".join(map(str, hours))
        n_sealed = _count(connection, f"SELECT count(*) FROM marked WHERE hour IN ({done})")
        _write_open(connection, path, f"hour IS NULL OR hour NOT IN ({done})")
        begin_sealing(folder, feed, paths)
        finish_sealing(folder)
    return SealedFeed(
        feed=feed,
        n_hours=len(hours),
        n_sealed=n_sealed,
        n_open=n_lines - n_sealed,
        bytes_before=bytes_before,
        bytes_after=_size(folder, feed),
    )


def _read(connection: duckdb.DuckDBPyConnection, path: Path, feed: Feed) -> None:
    shape = SHAPES[feed]
    connection.execute(
        READ_LINES, {"shape": encode_json(shape).decode(), "path": _literal_glob(path)}
    )
    same = [
        f"to_json(fields.\"{name}\")::VARCHAR = (object->'$.{name}')::VARCHAR" for name in shape
    ]
    same.append(f"len(json_keys(object)) = {len(shape)} + len(json_keys(rest))")
    statement = MARK_LINES.format(
        is_kept=f"fields IS NOT NULL AND {' AND '.join(same)}",
        time=ORDER[feed][1],
        hour_ms=HOUR_MS,
    )
    removed = encode_json(dict.fromkeys(shape)).decode()
    connection.execute(statement, {"removed": removed})
    connection.execute("DROP TABLE lines")


def _write_hour(connection: duckdb.DuckDBPyConnection, folder: Path, feed: Feed, hour: int) -> Path:
    """Write the next version of an hour: what was sealed of it before, and what is new."""
    name = datetime.fromtimestamp(hour * HOUR_MS // 1000, UTC).strftime("%Y-%m-%dT%H")
    path = sealed_folder(folder, feed) / f"{name}.parquet"
    columns = ", ".join(f'fields."{column}" AS "{column}"' for column in SHAPES[feed])
    older = f"read_parquet('{_quoted(_literal_glob(path))}')"
    nothing = f"(SELECT {columns}, rest FROM marked WHERE false)"
    statement = WRITE_HOUR.format(
        sealed=older if path in sealed_hours(folder, feed) else nothing,
        columns=columns,
        hour=hour,
        order=", ".join(f'"{column}"' for column in ORDER[feed]),
        path=_quoted(str(part_of(path))),
    )
    n_older = 0
    if path.exists():
        n_older = _count(connection, f"SELECT count(*) FROM {older}")
    connection.execute(statement)
    n_new = _count(connection, f"SELECT count(*) FROM marked WHERE hour = {hour}")
    part = _quoted(_literal_glob(part_of(path)))
    n_written = _count(connection, f"SELECT count(*) FROM read_parquet('{part}')")
    if n_written != n_older + n_new:
        raise OSError(f"{n_written} of {n_older + n_new} rows of {name} were written")
    with part_of(path).open("rb") as file:
        os.fsync(file.fileno())
    return path


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


def _literal_glob(path: Path) -> str:
    return glob.escape(str(path))


def _quoted(text: str) -> str:
    return text.replace("'", "''")
