"""The recorded lines of a dataset folder: open files and sealed hours together."""

import glob
from pathlib import Path

import duckdb

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import FeedFiles, open_file, sealed_hours
from hypertrack.store.compaction.sealed_rows import LAYOUTS
from hypertrack.store.files.layout import (
    COVERAGE_NAME,
    FILLS_NAME,
    MANIFEST_NAME,
    QUARANTINE_NAME,
    dataset_files,
    has_data,
)
from hypertrack.store.reading.recorded_lines import Version
from hypertrack.store.reading.relations import Columns, read_settled, relation, run_on

BLOCK_BYTES = 1 << 20


class FolderLines:
    """The files of a dataset folder."""

    def __init__(self, folder: Path):
        self.place = str(folder)
        self._folder = folder

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: str, feed: Feed, columns: Columns
    ) -> None:
        """Run a statement on the files of a feed (see `Lines`)."""
        has_line = LAYOUTS[feed].has_line

        def read(files: FeedFiles) -> None:
            parts = {
                "source": relation([files.open], files.sealed, columns, has_line=has_line),
                "open": relation([files.open], (), columns),
                "sealed": relation((), files.sealed, columns, has_line=has_line),
            }
            run_on(connection, statement.format(**parts), files.open)

        read_settled(self._folder, feed, read)

    def run_on_ledger(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on ``coverage.jsonl``."""
        self._run_on_file(connection, statement, COVERAGE_NAME, columns)

    def run_on_fills(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on ``fills.jsonl``."""
        self._run_on_file(connection, statement, FILLS_NAME, columns)

    def count(self, feed: Feed) -> tuple[int, int]:
        """Count the lines of all files, and a torn last one."""
        n_whole, n_torn = _count_lines(open_file(self._folder, feed))
        if hours := sealed_hours(self._folder, feed):
            counted = "SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata($paths)"
            paths = [glob.escape(str(path)) for path in hours]
            with duckdb.connect() as connection:
                row = connection.execute(counted, {"paths": paths}).fetchone()
            n_whole += int(row[0]) if row else 0
        return n_whole, n_torn

    def n_quarantined(self) -> int:
        """Count the lines of ``quarantine.jsonl``."""
        return sum(_count_lines(self._folder / QUARANTINE_NAME))

    def has_ledger(self) -> bool:
        """Return whether there is a ``coverage.jsonl``."""
        return (self._folder / COVERAGE_NAME).exists()

    def has_data(self) -> bool:
        """Return whether there is a file of any feed."""
        return has_data(self._folder)

    def version(self) -> Version:
        """Return name, size and time of change of each file."""
        stats = [(file.name, file.stat()) for file in dataset_files(self._folder)]
        return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)

    def manifest(self) -> bytes | None:
        """Return ``manifest.json``."""
        path = self._folder / MANIFEST_NAME
        return path.read_bytes() if path.is_file() else None

    def close(self) -> None:
        """Nothing is held."""

    def _run_on_file(
        self, connection: duckdb.DuckDBPyConnection, statement: str, name: str, columns: Columns
    ) -> None:
        path = self._folder / name
        run_on(connection, statement.format(source=relation([path], (), columns)), path)


def _count_lines(path: Path) -> tuple[int, int]:
    """Return the number of ended lines, and 1 where the last one has no end."""
    if not path.exists():
        return 0, 0
    n_ends, last = 0, b"\n"
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            n_ends += block.count(b"\n")
            last = block[-1:]
    return n_ends, int(last != b"\n")
