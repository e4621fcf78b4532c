"""The recorded lines of a dataset folder: open files and sealed hours together."""

import glob
import logging
from collections.abc import Sequence
from pathlib import Path

import duckdb

from hypertrack.errors import DatasetError
from hypertrack.records import Feed
from hypertrack.store.compaction.checksums import DAMAGED, is_intact
from hypertrack.store.compaction.commit_journal import (
    PART,
    FeedFiles,
    open_file,
    sealed_folder,
    sealed_hours,
)
from hypertrack.store.compaction.sealed_rows import LAYOUTS
from hypertrack.store.files.layout import (
    COVERAGE_NAME,
    FILLS_NAME,
    MANIFEST_NAME,
    QUARANTINE_NAME,
    dataset_files,
    has_data,
)
from hypertrack.store.reading.damage import Damage, unreadable
from hypertrack.store.reading.recorded_lines import Version
from hypertrack.store.reading.relations import Columns, read_settled, relation, run_on

log = logging.getLogger(__name__)

BLOCK_BYTES = 1 << 20


class FolderLines:
    """The files of a dataset folder."""

    def __init__(self, folder: Path):
        self.place = str(folder)
        self._folder = folder
        self._damaged: dict[Feed, list[Path]] = {}

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: str, feed: Feed, columns: Columns
    ) -> None:
        """Run a statement on the files of a feed (see `Lines`)."""
        has_line = LAYOUTS[feed].has_line

        def read(files: FeedFiles) -> None:
            try:
                run_over(files, files.sealed)
            except DatasetError:
                damaged = unreadable(files.sealed)
                if not damaged:
                    raise
                run_over(files, [path for path in files.sealed if path not in damaged])
                self._note(feed, damaged)

        def run_over(files: FeedFiles, sealed: Sequence[Path]) -> None:
            parts = {
                "source": relation([files.open], sealed, columns, has_line=has_line),
                "open": relation([files.open], (), columns),
                "sealed": relation((), sealed, columns, has_line=has_line),
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
            try:
                n_whole += _count_rows(hours)
            except duckdb.Error:
                damaged = unreadable(hours)
                self._note(feed, damaged)
                n_whole += _count_rows([path for path in hours if path not in damaged])
        return n_whole, n_torn

    def damage(self) -> list[Damage]:
        """Return the sealed hours that were found damaged, in this reading or by a sealing."""
        aside = {
            feed: sorted(sealed_folder(self._folder, feed).glob(f"*{DAMAGED}")) for feed in Feed
        }
        return [
            Damage(feed, path)
            for feed in Feed
            for path in aside[feed] + self._damaged.get(feed, [])
        ]

    def damaged_files(self) -> tuple[str, ...]:
        """Return the names of damaged files, by the checksums of all sealed hours too."""
        found = {damage.name for damage in self.damage()}
        for feed in Feed:
            for path in sealed_hours(self._folder, feed):
                name = path.with_name(path.name.removesuffix(PART))
                if is_intact(path, name) is False:
                    found.add(Damage(feed, name).name)
        return tuple(sorted(found))

    def _note(self, feed: Feed, damaged: list[Path]) -> None:
        self._damaged[feed] = damaged
        for path in damaged:
            log.warning("%s is damaged and left out: its hour is a gap", path)

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


def _count_rows(paths: Sequence[Path]) -> int:
    counted = "SELECT coalesce(sum(num_rows), 0) FROM parquet_file_metadata($paths)"
    if not paths:
        return 0
    with duckdb.connect() as connection:
        values = {"paths": [glob.escape(str(path)) for path in paths]}
        return int(connection.execute(counted, values).fetchall()[0][0])


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
