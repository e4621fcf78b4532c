"""What a folder holds beside its sealed hours, for an engine that reads those itself."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import feed_files
from hypertrack.store.reading.account_answers import RAW_ACCOUNTS, read_accounts
from hypertrack.store.reading.damage import Damage, note_damage
from hypertrack.store.reading.folder_lines import FolderLines, hour_name
from hypertrack.store.reading.hour_batches import MADE
from hypertrack.store.reading.imported_fills import read_fills
from hypertrack.store.reading.numbered_hours import ADD_UP_UNREAD, read_open
from hypertrack.store.reading.prepared import export
from hypertrack.store.reading.raw_tables import (
    READERS,
    begin_reading,
    read_feed,
    read_ledger,
    unnest_chains,
)
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.truncation import ReadWindow

log = logging.getLogger(__name__)

RAW_TABLES = (
    *("raw_trades", "raw_bbo", "raw_candles", "raw_contexts"),
    *("raw_evm", "raw_transfers", "raw_fills", *RAW_ACCOUNTS),
)

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
    begin_reading(connection)
    sealed: SealedHours = dict.fromkeys(MADE, ())
    if isinstance(lines, FolderLines):
        sealed = _read_settled(connection, lines)
    else:
        for feed in READERS:
            read_feed(connection, lines, feed, ReadWindow())
    read_fills(connection, lines, ReadWindow())
    read_accounts(connection, lines, ReadWindow())
    read_ledger(connection, lines, ReadWindow())
    unnest_chains(connection)
    export(connection, folder, RAW_TABLES)
    return sealed


def export_ledger(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    unread: Sequence[tuple[str, str, int]],
    damage: Sequence[Damage],
) -> None:
    """Add what the sealed hours are found to lack, and write the ledger beside the raw tables."""
    for row in unread:
        connection.execute("INSERT INTO unread_lines VALUES (?, ?, ?)", row)
    connection.execute(ADD_UP_UNREAD)
    for each in damage:
        log.warning("%s is damaged and left out: its hour is a gap", each.path)
    note_damage(connection, damage)
    export(connection, folder, ("coverage",))


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
