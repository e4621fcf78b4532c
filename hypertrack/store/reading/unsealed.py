"""What a folder holds beside its sealed hours, for an engine that reads those itself."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import feed_files
from hypertrack.store.reading.folder_lines import FolderLines, hour_name
from hypertrack.store.reading.numbered_hours import MADE, read_open
from hypertrack.store.reading.prepared import export
from hypertrack.store.reading.raw_tables import (
    MACROS,
    READERS,
    read_feed,
    read_ledger,
    unnest_chains,
)
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.truncation import ReadWindow

RAW_TABLES = ("raw_trades", "raw_bbo", "raw_candles", "raw_evm", "raw_transfers")

SealedHours = Mapping[Feed, tuple[Path, ...]]


def export_unsealed(
    connection: duckdb.DuckDBPyConnection, lines: Lines, folder: Path
) -> SealedHours:
    """Write what is not sealed as Parquet, each raw table to a folder of its name.

    Args:
        connection: Empty; ``coverage`` is made in it.
        lines: Of the dataset; a database has no sealed hours.
        folder: Empty.

    Returns:
        The sealed hours of each feed that were not read.

    Raises:
        DatasetError: A file could not be read at all.
    """
    connection.execute(MACROS)
    sealed: SealedHours = dict.fromkeys(MADE, ())
    if isinstance(lines, FolderLines):
        sealed = _read_settled(connection, lines)
    else:
        for feed in READERS:
            read_feed(connection, lines, feed, ReadWindow())
    read_ledger(connection, lines, ReadWindow())
    unnest_chains(connection)
    export(connection, folder, RAW_TABLES)
    return sealed


def _read_settled(connection: duckdb.DuckDBPyConnection, lines: FolderLines) -> SealedHours:
    """Read the open files; once more where an hour of them was sealed meanwhile."""
    while True:
        files = [feed_files(lines.folder, feed) for feed in MADE]
        _counts, overlapping = read_open(connection, lines, ReadWindow())
        if [feed_files(lines.folder, feed) for feed in MADE] == files:
            return {
                each_feed: tuple(
                    path for path in each.sealed if hour_name(path) not in overlapping[each_feed]
                )
                for each_feed, each in zip(MADE, files, strict=True)
            }
