"""Tables that follow from sealed hours, kept by stretches of them: made once, and never again.

A row is of one moment and looks a bounded time ahead. So a stretch of hours tells all of its
moments but those of its last seconds, which are told with the next stretch, or with the lines that
are still open: nothing that comes later changes a row. What comes late changes those of its stretch
and of the next, and further on only prices, as long as it is the last trade of its coin.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from hypertrack.records import HOUR_MS, MAX_TIME_MS
from hypertrack.store.parallel import in_parallel
from hypertrack.store.reading.hour_batches import sole_writer
from hypertrack.store.reading.numbered_hours import SCHEMA, prepend
from hypertrack.store.reading.prepared import is_whole
from hypertrack.store.reading.stretches import KeptHours, Stretch, digest_of
from hypertrack.store.sql import quoted

SCRATCH = "sealed"
"""The schema of what is needed while tables are made."""

# Kept rows have the numbers that names got when they came.
NUMBERS = f"""
CREATE SCHEMA {SCRATCH};
CREATE TABLE {SCRATCH}.ids AS SELECT
    (SELECT list(nth ORDER BY wallet_id) FROM wallets LEFT JOIN (
        SELECT unnest(wallets) AS wallet_id, unnest(range(len(wallets)))::INTEGER AS nth
        FROM {SCHEMA}.ids) USING (wallet_id)) AS wallets,
    (SELECT list(nth ORDER BY coin_id) FROM coins LEFT JOIN (
        SELECT unnest(coins) AS coin_id, unnest(range(len(coins)))::INTEGER AS nth
        FROM {SCHEMA}.ids) USING (coin_id)) AS coins
"""
# A last trade may be of any age: of each hour the last one of a coin is enough.
LAST_BY_HOUR = f"""
CREATE TABLE {SCRATCH}.last_by_hour AS
SELECT coin_id, max(time_ms) AS time_ms, arg_max(price, time_ms) AS price
FROM last_trades GROUP BY coin_id, time_ms // {HOUR_MS}
"""
TRADES = "CREATE VIEW trades AS FROM main.trades WHERE time_ms >= {start_ms} AND time_ms < {end_ms}"
LAST_TRADES = f"""
CREATE VIEW last_trades AS
FROM main.last_trades WHERE time_ms >= {{since_ms}} AND time_ms < {{until_ms}}
UNION ALL FROM {SCRATCH}.last_by_hour WHERE time_ms < {{hour_ms}}
UNION ALL SELECT coin_id, max(time_ms), arg_max(price, time_ms) FROM main.last_trades
WHERE time_ms >= {{hour_ms}} AND time_ms < {{since_ms}} GROUP BY coin_id
"""
QUOTES = "CREATE VIEW bbo AS FROM main.bbo WHERE time_ms >= {since_ms} AND time_ms < {until_ms}"


class SealedTable(NamedTuple):
    """A table that follows from sealed hours; its rows have a ``time_ms``."""

    name: str
    query: str
    views: str = ""
    """Statements that create what the query needs beside the tables."""
    back_ms: int | None = None
    """It looks so far back for ``bbo``, and without a bound for the ``last_trades`` of a coin; if
    None, it is made of the ``trades`` of each moment alone."""
    ahead_ms: int = 0
    """It looks so far ahead; both together are no more than an hour."""


Files = Mapping[Stretch, Path]
"""Where rows of stretches are kept, or are to be."""


def keep_tables(
    connection: duckdb.DuckDBPyConnection, hours: KeptHours, tables: Sequence[SealedTable]
) -> None:
    """Create tables as views of what is kept of them, and of what is made of the open lines.

    What is not kept yet is. Each stretch is made by one thread, kept or not, so that its sums and
    the order of its rows repeat to the bit, and few of them are in memory at once.

    Args:
        connection: Has the tables of a dataset.
        hours: Of the same dataset.
        tables: ``last_trades`` before those that look around.
    """
    connection.execute(NUMBERS)
    ahead_ms = max(table.ahead_ms for table in tables)
    for table in tables:
        if table.back_ms is not None:
            connection.execute(f"DROP TABLE IF EXISTS {SCRATCH}.last_by_hour; {LAST_BY_HOUR}")
        kept = _kept(connection, hours, table, ahead_ms)
        _make_others(connection, hours, table, kept, ahead_ms)
        if kept:
            prepend(connection, table.name, list(kept.values()))
    connection.execute(f"DROP SCHEMA {SCRATCH} CASCADE")


def _kept(
    connection: duckdb.DuckDBPyConnection, hours: KeptHours, table: SealedTable, ahead_ms: int
) -> Files:
    """Return the stretches that a table is kept of, once what can be kept is."""
    sealed = [each for each in hours.stretches if not _sees_open(each, hours, table, ahead_ms)]
    seen = [""] * len(sealed) if table.back_ms is None else _last_trades(connection, sealed)
    files = {
        each: hours.file(table.name, each, last) for each, last in zip(sealed, seen, strict=True)
    }
    with suppress(OSError, duckdb.IOException):  # a full disk costs time, and nothing else
        (hours.place / table.name).mkdir(exist_ok=True)
        with sole_writer(hours.place):
            missing = [each for each in files.items() if not is_whole(each[1])]
            write = partial(_write, table=table, ahead_ms=ahead_ms)
            in_parallel(connection, write, missing)
    return {each: file for each, file in files.items() if is_whole(file)}


def _sees_open(stretch: Stretch, hours: KeptHours, table: SealedTable, ahead_ms: int) -> bool:
    """Return whether lines that are still open may tell something of a stretch."""
    since_ms = stretch.start_ms - ahead_ms - (table.back_ms or 0)
    if any(since_ms - HOUR_MS < each < stretch.end_ms for each in hours.open_hours_ms):
        return True
    if hours.open_quotes_ms is None or table.back_ms is None:
        return False
    first_ms, last_ms = hours.open_quotes_ms
    return first_ms < stretch.end_ms and last_ms >= since_ms


def _last_trades(connection: duckdb.DuckDBPyConnection, sealed: Sequence[Stretch]) -> Iterator[str]:
    """Yield for each stretch what stands for the last trades before the hour before it."""
    rows = connection.execute(
        f"SELECT coin, time_ms, price FROM {SCRATCH}.last_by_hour JOIN coins USING (coin_id) "
        "ORDER BY time_ms, coin"
    ).fetchall()
    last, at = {}, 0
    for stretch in sealed:
        while at < len(rows) and rows[at][1] < stretch.start_ms - HOUR_MS:
            last[rows[at][0]] = rows[at]
            at += 1
        yield digest_of(sorted(last.values()))


def _make_others(
    connection: duckdb.DuckDBPyConnection,
    hours: KeptHours,
    table: SealedTable,
    kept: Files,
    ahead_ms: int,
) -> None:
    """Make a table of all moments that nothing is kept of, some at a time as for what is kept."""
    is_kept = {(each.start_ms, each.end_ms) for each in kept}
    edges = [0, *(each.end_ms for each in hours.stretches), MAX_TIME_MS + ahead_ms]

    def make(cursor: Any, stretch: tuple[int, int]) -> None:
        start_ms, end_ms = stretch
        schema = f"{table.name}_{end_ms}_open"
        rows = _moments(cursor, schema, table, max(start_ms - ahead_ms, 0), end_ms - ahead_ms)
        cursor.execute(f"CREATE TABLE {schema}.made AS {rows}")

    others = [each for each in pairwise(edges) if each not in is_kept]
    in_parallel(connection, make, others)
    schemas = [f"{table.name}_{end_ms}_open" for _, end_ms in others]
    made = " UNION ALL ".join(f"FROM {schema}.made" for schema in schemas)
    connection.execute(f"CREATE TABLE main.{table.name} AS {made}")
    for schema in schemas:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


def _write(
    cursor: Any, missing: tuple[Stretch, Path], *, table: SealedTable, ahead_ms: int
) -> None:
    """Keep the rows of a stretch."""
    stretch, file = missing
    part, schema = file.with_suffix(".part"), f"{table.name}_{stretch.end_ms}"
    start_ms, end_ms = max(stretch.start_ms - ahead_ms, 0), stretch.end_ms - ahead_ms
    rows = _moments(cursor, schema, table, start_ms, end_ms)
    columns = [name for name, *_ in cursor.execute(f"DESCRIBE {rows}").fetchall()]
    cursor.execute(
        f"COPY (SELECT {', '.join(map(_numbered, columns))} FROM ({rows}) AS made, {SCRATCH}.ids) "
        f"TO {quoted(part)} (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION lz4_raw)"
    )
    part.replace(file)
    cursor.execute(f"DROP SCHEMA {schema} CASCADE")


def _numbered(column: str) -> str:
    names = {"wallet_id": "wallets", "coin_id": "coins"}.get(column)
    return f"ids.{names}[made.{column} + 1] AS {column}" if names else f"made.{column}"


def _moments(cursor: Any, schema: str, table: SealedTable, start_ms: int, end_ms: int) -> str:
    """Return the query of a table's rows of some moments, on a schema of what tells them."""
    since_ms = start_ms - (table.back_ms or 0)
    times = {
        **{"start_ms": start_ms, "end_ms": end_ms, "since_ms": since_ms},
        **{"until_ms": end_ms + table.ahead_ms, "hour_ms": since_ms // HOUR_MS * HOUR_MS},
    }
    narrowed = [TRADES] if table.back_ms is None else [TRADES, LAST_TRADES, QUOTES]
    cursor.execute(f"CREATE SCHEMA {schema}; SET search_path = '{schema},main'")
    for statement in narrowed:
        cursor.execute(statement.format(**times))
    cursor.execute(table.views)
    return f"SELECT * FROM ({table.query}) WHERE time_ms >= {start_ms} AND time_ms < {end_ms}"
