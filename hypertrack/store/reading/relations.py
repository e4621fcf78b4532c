"""The files of a feed as one relation: open lines and sealed hours, of one moment."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import duckdb

from hypertrack.errors import DatasetError
from hypertrack.records import Feed, encode_json
from hypertrack.store.compaction.commit_journal import FeedFiles, feed_files
from hypertrack.store.sql import ONLY_THE_FILE, quoted, quoted_path

Columns = Mapping[str, str]
"""DuckDB's types by name."""


def read_settled(folder: Path, feed: Feed, read: Callable[[FeedFiles], None]) -> None:
    """Read the files of a feed; once more where a recorder sealed an hour of them meanwhile.

    ``read`` creates its table anew.
    """
    while True:
        files = feed_files(folder, feed)
        try:
            read(files)
        except DatasetError:
            if feed_files(folder, feed) == files:
                raise
        else:
            if feed_files(folder, feed) == files:
                return


def relation(
    open_paths: Iterable[Path],
    sealed: Iterable[Path],
    columns: Columns,
    *,
    has_line: bool = False,
) -> str:
    """Return a relation with exactly these columns over whatever files exist.

    Args:
        has_line: Sealed hours hold whole lines instead of their fields.
    """
    names = ", ".join(f'"{name}"' for name in columns)
    typed = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in columns.items())
    parts = [
        f"SELECT {names} FROM read_json({quoted_path(path)}, format = 'newline_delimited', "
        f"columns = {{{typed}}}, ignore_errors = true, {ONLY_THE_FILE})"
        for path in open_paths
        if path.exists()
    ]
    casts = ", ".join(f'"{name}"::{kind} AS "{name}"' for name, kind in columns.items())
    if paths := ", ".join(map(quoted_path, sealed)):
        rows = f"read_parquet([{paths}], union_by_name = true, {ONLY_THE_FILE})"
        if has_line:
            shape = quoted(encode_json(dict(columns)).decode())
            rows = f"(SELECT unnest(from_json(line, {shape})) FROM {rows})"
        parts.append(f"SELECT {casts} FROM {rows}")
    empty = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
    return f"({' UNION ALL '.join(parts) or f'SELECT {empty} WHERE false'})"


def run_on(connection: duckdb.DuckDBPyConnection, statement: str, path: Path) -> None:
    """Run a statement that reads a file.

    Raises:
        DatasetError: The file could not be read.
    """
    try:
        connection.execute(statement)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise DatasetError(f"{path} could not be read ({reason}): move it away") from error
