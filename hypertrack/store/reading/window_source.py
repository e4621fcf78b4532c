"""Where a sliding window takes its rows from: a folder that is being written."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hypertrack.files import FileStamp, stamp_of
from hypertrack.records import Feed
from hypertrack.store.files.layout import ANSWER_NAMES, ASIDE_COVERAGE_NAME, COVERAGE_NAME
from hypertrack.store.reading.folder_lines import FolderLines, hour_name
from hypertrack.store.reading.open_lines import GrowingLines, OpenLines
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.truncation import ReadWindow


class WindowSource(Protocol):
    """A dataset that grows.

    Attributes:
        lines: It, as it stands since `look`.
    """

    lines: Lines

    def begin(self, feed: Feed) -> tuple[GrowingLines, Sequence[FolderLines]]:
        """Return the lines of a feed that are added to, and its sealed hours one by one."""

    def look(self) -> tuple[bool, bool]:
        """Return whether the ledger, and whether the venue's answers, are others than before."""

    def close(self) -> None:
        """Free what it is read from."""


class FolderSource:
    """A folder, from a time on."""

    def __init__(self, folder: Path, start_ms: int):
        self.lines: Lines = FolderLines(folder)
        self._folder, self._start_ms = folder, start_ms
        self._stamps: dict[tuple[str, ...], list[FileStamp | None]] = {}

    def begin(self, feed: Feed) -> tuple[GrowingLines, Sequence[FolderLines]]:
        """Return the open file of a feed, and its sealed hours one by one."""
        lines = OpenLines(self._folder, feed)
        lines.begin()
        hours = FolderLines(self._folder).between(ReadWindow(since_ms=self._start_ms))
        names = [frozenset({hour_name(path)}) for path in hours.sealed(feed)]
        return lines, [hours.only(name, has_open=False) for name in names]

    def look(self) -> tuple[bool, bool]:
        """Return whether the ledger, and whether the venue's answers, are others than before."""
        self.lines = FolderLines(self._folder)
        is_other_ledger = self._is_changed(COVERAGE_NAME, ASIDE_COVERAGE_NAME)
        return is_other_ledger, self._is_changed(*ANSWER_NAMES)

    def close(self) -> None:
        """Do nothing: it holds no file open."""

    def _is_changed(self, *names: str) -> bool:
        stamps = [stamp_of(self._folder / name) for name in names]
        is_changed = self._stamps.get(names) != stamps
        self._stamps[names] = stamps
        return is_changed
