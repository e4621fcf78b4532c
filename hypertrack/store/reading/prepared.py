"""The tables of a dataset as they were numbered, kept beside it as Parquet.

As long as no line was added since, they are what reading all lines anew would give.
"""

import os
import shutil
import uuid
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import duckdb

from hypertrack.records import Feed, JsonError, Record, decode_json, encode_json
from hypertrack.store.reading.readers import keep_readable, unread
from hypertrack.store.reading.recorded_lines import Version
from hypertrack.store.sql import parquet, quoted

FOLDER_NAME = "prepared"
MANIFEST_NAME = "prepared.json"

FORMAT = 7
"""Changes whenever the tables are made otherwise, so that older ones are made anew."""

MAGIC = b"PAR1"
"""How Parquet files end."""

LOADED_ROWS = 10_000_000
"""Of a table: half a gigabyte. More stay on disk, however often they are read."""

Counts = dict[Feed, tuple[int, int]]


class Prepared(Record, frozen=True):
    """Of what lines the tables were made."""

    format: int
    version: Version
    lines_by_feed: Counts
    tables: tuple[str, ...]


def open_prepared(
    connection: duckdb.DuckDBPyConnection, place: Path, version: Version, opened: ExitStack
) -> Prepared | None:
    """Create a view of each table, where they are those of this version of the lines.

    Args:
        opened: Until it is closed the tables stay there, whatever others make anew.

    Returns:
        What is kept; None where nothing, or something older, is.
    """
    with ExitStack() as reading:
        if (place / MANIFEST_NAME).exists():
            with suppress(OSError):  # where we cannot write, others hardly can
                keep_readable(_readers(place), reading)
        kept = _read_manifest(place)
        if kept is None or kept.version != version:
            return None
        for table in kept.tables:
            connection.execute(f'CREATE VIEW "{table}" AS FROM {_parquet(place, table)}')
        opened.enter_context(reading.pop_all())
        return kept


def write_prepared(
    connection: duckdb.DuckDBPyConnection,
    place: Path,
    version: Version,
    lines_by_feed: Counts,
    tables: Sequence[str],
) -> None:
    """Keep tables, in the order of their rows, in place of any that were kept before."""
    unfinished = place.with_name(f".{place.name}-{uuid.uuid4().hex}")
    try:
        unfinished.mkdir(parents=True)
        export(connection, unfinished, tables)
        kept = Prepared(FORMAT, version, lines_by_feed, tuple(tables))
        (unfinished / MANIFEST_NAME).write_bytes(encode_json(kept))
        with unread(_readers(place)) as is_unread:
            if is_unread:  # else they are kept at another time
                shutil.rmtree(place, ignore_errors=True)
                os.rename(unfinished, place)  # noqa: PTH104  # fails where a file is in the way
    except OSError:
        pass  # a full or read-only disk costs time at the next call, and nothing else
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def export(connection: duckdb.DuckDBPyConnection, folder: Path, tables: Sequence[str]) -> None:
    """Write tables as Parquet, each to a folder of its name."""
    for table in tables:
        (folder / table).mkdir()
        target = quoted(exported(folder / table))
        connection.execute(f'COPY "{table}" TO {target} (FORMAT parquet, COMPRESSION lz4_raw)')


def exported(folder: Path) -> Path:
    """Return the file of a table in its folder."""
    return folder / "0.parquet"


def is_whole(path: Path) -> bool:
    """Return whether a Parquet file is there, and ends as one does that no crash cut short."""
    try:
        with path.open("rb") as file:
            file.seek(-len(MAGIC), os.SEEK_END)
            return file.read() == MAGIC
    except OSError:
        return False


def load(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace views of kept rows by tables, which are quicker to read twice, where they are few."""
    views = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'main' AND NOT internal "
        "AND sql LIKE '%read_parquet%'"
    ).fetchall()
    for (name,) in views:
        n_rows = connection.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0]
        if n_rows <= LOADED_ROWS:
            as_table(connection, name)


def as_table(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Replace a view by a table of its rows; a table stays."""
    is_view = connection.execute(
        "SELECT count(*) FROM duckdb_views() WHERE schema_name = 'main' AND view_name = $name",
        {"name": name},
    ).fetchall()[0][0]
    if is_view:
        connection.execute(f'CREATE TABLE "loaded" AS FROM "{name}"')
        connection.execute(f'DROP VIEW "{name}"')
        connection.execute(f'ALTER TABLE "loaded" RENAME TO "{name}"')


def _read_manifest(place: Path) -> Prepared | None:
    """Return what is kept whole, if it is what we make now."""
    try:
        kept = decode_json((place / MANIFEST_NAME).read_bytes(), Prepared)
    except (OSError, JsonError):  # nothing there, or nothing that we wrote
        return None
    files = [exported(place / table) for table in kept.tables]
    return kept if kept.format == FORMAT and all(map(is_whole, files)) else None


def _readers(place: Path) -> Path:
    return place.with_name(f"{place.name}.readers")


def _parquet(place: Path, table: str) -> str:
    return parquet([exported(place / table)])
