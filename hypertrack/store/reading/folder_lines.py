"""The recorded lines of a dataset folder: open files and sealed hours together."""

import glob
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import duckdb

from hypertrack.errors import DatasetError
from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction.checksums import DAMAGED, is_intact
from hypertrack.store.compaction.commit_journal import (
    PART,
    FeedFiles,
    open_file,
    sealed_folder,
    sealed_hours,
)
from hypertrack.store.compaction.sealed_rows import HOUR_FORMAT, LAYOUTS
from hypertrack.store.files.layout import (
    ASIDE_COVERAGE_NAME,
    COVERAGE_NAME,
    FILLS_NAME,
    MANIFEST_NAME,
    NAME_BY_ANSWERS,
    QUARANTINE_NAME,
    dataset_files,
    has_data,
)
from hypertrack.store.reading.damage import Damage, unreadable
from hypertrack.store.reading.recorded_lines import Answers, Version
from hypertrack.store.reading.relations import Columns, read_settled, relation, run_on
from hypertrack.store.reading.truncation import ReadWindow

log = logging.getLogger(__name__)

BLOCK_BYTES = 1 << 20


class FolderLines:
    """The files of a dataset folder, or some of its sealed hours."""

    def __init__(
        self, folder: Path, has_hour: Callable[[str], bool] | None = None, *, has_open: bool = True
    ):
        """Take all sealed hours, or those whose names ``has_hour``, and the open files or not."""
        self.place = str(folder)
        self.folder = folder
        self._has_hour = has_hour
        self._has_open = has_open
        self._damaged: dict[Feed, list[Path]] = {}

    def between(self, window: ReadWindow) -> Self:
        """Return the same without the sealed hours that lie wholly outside a window."""

        def has_hour(name: str) -> bool:
            start_ms = hour_start_ms(name)
            return window.overlaps(start_ms, start_ms + HOUR_MS)

        return self if window.is_all else self._narrowed(has_hour, has_open=True)

    def only(self, names: frozenset[str], *, has_open: bool) -> Self:
        """Return some sealed hours by name, with the open files or without."""
        return self._narrowed(names.__contains__, has_open=has_open)

    def sealed(self, feed: Feed) -> list[Path]:
        """Return the sealed hours of a feed, oldest first."""
        return [path for path in sealed_hours(self.folder, feed) if self._has(path)]

    def damaged(self, feed: Feed) -> frozenset[str]:
        """Return the names of the sealed hours of a feed that were found damaged so far."""
        return frozenset(map(hour_name, self._damaged.get(feed, ())))

    def note(self, feed: Feed, damaged: Sequence[Path]) -> None:
        """Count sealed hours as damaged from now on."""
        known = self._damaged.setdefault(feed, [])
        for path in damaged:
            if path not in known:
                log.warning("%s is damaged and left out: its hour is a gap", path)
                known.append(path)

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: str, feed: Feed, columns: Columns
    ) -> None:
        """Run a statement on the files of a feed (see `Lines`)."""
        has_line = LAYOUTS[feed].has_line

        def read(files: FeedFiles) -> None:
            sealed = [path for path in files.sealed if self._has(path)]
            try:
                run_over(files, sealed)
            except DatasetError:
                damaged = unreadable(sealed)
                if not damaged:
                    raise
                run_over(files, [path for path in sealed if path not in damaged])
                self.note(feed, damaged)

        def run_over(files: FeedFiles, sealed: Sequence[Path]) -> None:
            opened = [files.open] if self._has_open else []
            parts = {
                "source": relation(opened, sealed, columns, has_line=has_line),
                "open": relation(opened, (), columns),
                "sealed": relation((), sealed, columns, has_line=has_line),
            }
            run_on(connection, statement.format(**parts), files.open)

        read_settled(self.folder, feed, read)

    def run_on_ledger(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on ``coverage.jsonl``, and what was written beside a recorder."""
        paths = [self.folder / COVERAGE_NAME, self.folder / ASIDE_COVERAGE_NAME]
        run_on(connection, statement.format(source=relation(paths, (), columns)), paths[0])

    def run_on_fills(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on ``fills.jsonl``."""
        self._run_on_file(connection, statement, FILLS_NAME, columns)

    def run_on_answers(
        self, connection: duckdb.DuckDBPyConnection, statement: str, kind: Answers, columns: Columns
    ) -> None:
        """Run a statement on the file of a kind of answers."""
        self._run_on_file(connection, statement, NAME_BY_ANSWERS[kind], columns)

    def count(self, feed: Feed) -> tuple[int, int]:
        """Count the lines of all files, and a torn last one."""
        n_whole, n_torn = _count_lines(open_file(self.folder, feed))
        if hours := sealed_hours(self.folder, feed):
            try:
                n_whole += _count_rows(hours)
            except duckdb.Error:
                damaged = unreadable(hours)
                self.note(feed, damaged)
                n_whole += _count_rows([path for path in hours if path not in damaged])
        return n_whole, n_torn

    def damage(self) -> list[Damage]:
        """Return the sealed hours that were found damaged, in this reading or by a sealing."""
        aside = {
            feed: sorted(sealed_folder(self.folder, feed).glob(f"*{DAMAGED}")) for feed in Feed
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
            for path in sealed_hours(self.folder, feed):
                name = path.with_name(path.name.removesuffix(PART))
                if is_intact(path, name) is False:
                    found.add(Damage(feed, name).name)
        return tuple(sorted(found))

    def n_quarantined(self) -> int:
        """Count the lines of ``quarantine.jsonl``."""
        return sum(_count_lines(self.folder / QUARANTINE_NAME))

    def has_ledger(self) -> bool:
        """Return whether there is a ``coverage.jsonl``."""
        return (self.folder / COVERAGE_NAME).exists()

    def has_data(self) -> bool:
        """Return whether there is a file of any feed."""
        return has_data(self.folder)

    def version(self) -> Version:
        """Return name, size and time of change of each file."""
        stats = [(file.name, file.stat()) for file in dataset_files(self.folder)]
        return tuple((name, stat.st_size, stat.st_mtime_ns) for name, stat in stats)

    def manifest(self) -> bytes | None:
        """Return ``manifest.json``."""
        path = self.folder / MANIFEST_NAME
        return path.read_bytes() if path.is_file() else None

    def close(self) -> None:
        """Nothing is held."""

    def _narrowed(self, has_hour: Callable[[str], bool], *, has_open: bool) -> Self:
        """Return some of these lines; what is found damaged in them is known of the whole."""
        narrow = type(self)(self.folder, has_hour, has_open=has_open)
        narrow._damaged = self._damaged
        return narrow

    def _has(self, path: Path) -> bool:
        return self._has_hour is None or self._has_hour(hour_name(path))

    def _run_on_file(
        self, connection: duckdb.DuckDBPyConnection, statement: str, name: str, columns: Columns
    ) -> None:
        path = self.folder / name
        run_on(connection, statement.format(source=relation([path], (), columns)), path)


def hour_name(path: Path) -> str:
    """Return the name of a sealed hour, also of one that is not renamed yet."""
    return path.name.split(".", maxsplit=1)[0]


def hour_start_ms(name: str) -> int:
    """Return when an hour of that name began."""
    return int(datetime.strptime(name, HOUR_FORMAT).replace(tzinfo=UTC).timestamp()) * 1_000


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
