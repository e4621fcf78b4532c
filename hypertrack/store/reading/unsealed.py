"""What a folder holds beside its sealed hours, for an engine that reads those itself."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import feed_files
from hypertrack.store.reading.account_answers import RAW_ACCOUNTS, read_accounts
from hypertrack.store.reading.damage import Damage, note_damage
from hypertrack.store.reading.folder_lines import FolderLines, hour_name
from hypertrack.store.reading.imported_fills import read_fills
from hypertrack.store.reading.numbered_hours import ADD_UP_UNREAD, read_open
from hypertrack.store.reading.prepared import export
from hypertrack.store.reading.raw_tables import (
    READERS,
    Counts,
    begin_reading,
    read_feed,
    read_ledger,
    unnest_chains,
)
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.truncation import ReadWindow, cut_coverage

log = logging.getLogger(__name__)

RAW_TABLES = (
    *("raw_trades", "raw_bbo", "raw_candles", "raw_contexts"),
    *("raw_evm", "raw_transfers", "raw_fills", *RAW_ACCOUNTS),
)

APART = (Feed.TRADES, Feed.BBO, Feed.CANDLES)
"""The feeds whose sealed hours are not read here: chains are few rows."""

SealedHours = Mapping[Feed, tuple[Path, ...]]


class SealedFacts(NamedTuple):
    """What an engine that read sealed hours found in them."""

    n_rows: Mapping[Feed, int]
    """Read, by feed."""
    unread: Sequence[tuple[Feed, str, int]]
    """Feed, reason and number of the rows that no reader takes."""
    damage: Sequence[Damage]
    """Hours that cannot be read."""

    @property
    def counts(self) -> Counts:
        """Return rows read and not read, by feed."""
        return {
            feed: (n, sum(n_unread for each, _, n_unread in self.unread if each == feed))
            for feed, n in self.n_rows.items()
        }


def export_unsealed(
    connection: duckdb.DuckDBPyConnection, lines: Lines, folder: Path, window: ReadWindow
) -> tuple[SealedHours, Counts]:
    """Write what is not sealed as Parquet, each raw table to a folder of its name.

    Args:
        connection: Empty; ``coverage`` is made in it.
        lines: Of the dataset; a database has no sealed hours.
        folder: Empty.
        window: What lies outside is left out.

    Returns:
        The sealed hours of each feed that were not read; lines read and not read of the others.

    Raises:
        DatasetError: A file could not be read at all.
    """
    begin_reading(connection)
    sealed: SealedHours = dict.fromkeys(APART, ())
    if isinstance(lines, FolderLines):
        sealed, counts = _read_settled(connection, lines.between(window), window)
    else:
        counts = {feed: read_feed(connection, lines, feed, window) for feed in READERS}
    read_fills(connection, lines, window)
    read_accounts(connection, lines, window)
    read_ledger(connection, lines, window)
    unnest_chains(connection)
    export(connection, folder, RAW_TABLES)
    return sealed, counts


def export_ledger(
    connection: duckdb.DuckDBPyConnection,
    folder: Path,
    found: SealedFacts,
    window: ReadWindow,
) -> None:
    """Add what the sealed hours are found to lack, and write the ledger beside the raw tables."""
    for row in found.unread:
        connection.execute("INSERT INTO unread_lines VALUES (?, ?, ?)", row)
    connection.execute(ADD_UP_UNREAD)
    for each in found.damage:
        log.warning("%s is damaged and left out: its hour is a gap", each.path)
    note_damage(connection, found.damage)
    cut_coverage(connection, window)
    export(connection, folder, ("coverage",))


def _read_settled(
    connection: duckdb.DuckDBPyConnection, lines: FolderLines, window: ReadWindow
) -> tuple[SealedHours, Counts]:
    """Read the open files; once more where an hour of them was sealed meanwhile."""
    while True:
        files = [feed_files(lines.folder, feed) for feed in APART]
        counts, overlapping = read_open(connection, lines, window, APART)
        if [feed_files(lines.folder, feed) for feed in APART] == files:
            break
    sealed = {
        feed: tuple(path for path in lines.sealed(feed) if hour_name(path) not in overlapping[feed])
        for feed in APART
    }
    return sealed, counts
