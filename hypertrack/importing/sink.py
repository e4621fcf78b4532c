"""Where imported lines go: the files of a dataset, each trade once, everything counted."""

import os
from collections import Counter
from collections.abc import Callable, Hashable
from pathlib import Path
from types import TracebackType
from typing import Self

from hypertrack.errors import DatasetError
from hypertrack.journal import write_lines
from hypertrack.records import Feed
from hypertrack.store.files.session import quarantine_line
from hypertrack.store.files.writing import FILLS, QUARANTINE, SET_ASIDE

BUFFERED_BYTES = 1 << 20
REMEMBERED_TRADES = 500_000
"""Identities by which a repeated trade is known, about five hours of the whole venue."""

QUARANTINED_BYTES = 4_096
"""Of a line that cannot be read so much is kept; the rest stands in the file it came from."""


class Sink:
    """Appends lines to the files of a dataset folder that is ours to write to.

    Args:
        hand_over: Called when lines have been written and synced, so that their files can be
            taken away.

    Attributes:
        counts: How much was written or met, by what it is.
        other_channels: Frames that a dataset has no place for, by their channel.
        where: File and line that are being read.
        first_flaw: Why the first thing that was quarantined was.
    """

    def __init__(self, folder: Path, hand_over: Callable[[], None] | None = None):
        self.counts: Counter[str] = Counter()
        self.other_channels: Counter[str] = Counter()
        self.where = ""
        self.first_flaw: str | None = None
        self._folder = folder
        self._hand_over = hand_over
        self._lines_by_path: dict[Path, list[bytes]] = {}
        self._n_buffered = 0
        self._unsynced: set[Path] = set()
        self._recent: dict[str, set[int]] = {}
        self._older: dict[str, set[int]] = {}
        self._n_recent = 0

    def is_new_trade(self, coin: str, time_ms: int, trade_id: int) -> bool:
        """Return whether this trade was not met before, and remember it."""
        if self._is_new(coin, (time_ms << 64) + trade_id):
            return True
        self.counts["duplicates"] += 1
        return False

    def is_new_fill(self, identity: Hashable) -> bool:
        """Return whether this fill was not met before, and remember it."""
        if self._is_new(FILLS, hash(identity)):
            return True
        self.counts["repeated fills"] += 1
        return False

    def add(self, feed: Feed, line: bytes) -> None:
        """Append a line, with its end, to the file of a feed."""
        self.counts[feed] += 1
        self.keep(feed, line)

    def add_trade(self, coin: str, time_ms: int, trade_id: int, line: bytes) -> None:
        """Append a trade that two fills make, and that was not met before."""
        del coin, time_ms, trade_id
        self.add(Feed.TRADES, line)

    def add_fill(self, line: bytes) -> None:
        """Append one wallet's part in a trade that was written."""
        self.counts["fills"] += 1
        self.keep(FILLS, line)

    def add_answer(self, name: str, line: bytes, identity: Hashable | None = None) -> None:
        """Append an answer to a file, unless one of this identity, or line, was met before."""
        if self._is_new(name, hash(line if identity is None else identity)):
            self.counts["answers"] += 1
            self.keep(name.removesuffix(".jsonl"), line)
        else:
            self.counts["duplicates"] += 1

    def add_lone_fill(self, identity: Hashable, line: bytes, reason: str | None = None) -> None:
        """Append a fill that no trade stands beside, unless it was met before."""
        if self.is_new_fill(identity):
            if reason is not None:
                self.counts[reason] += 1
            self.add_fill(line)

    def set_aside(self, reason: str, line: bytes) -> None:
        """Keep a fill that contradicts its other half."""
        self.counts[reason] += 1
        self.keep(SET_ASIDE, line)

    def quarantine(self, data: bytes, reason: str) -> None:
        """Keep the beginning of a line that could not be read."""
        self.counts["quarantined"] += 1
        told = f"{self.where}: {reason}" if self.where else reason
        self.first_flaw = self.first_flaw or told
        line = quarantine_line(data[:QUARANTINED_BYTES], told)
        self.keep(QUARANTINE, line)

    def flush(self) -> None:
        """Write and sync what is buffered.

        Raises:
            DatasetError: The disk is full, or broken.
        """
        self._write(is_synced=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.flush()

    def _is_new(self, kind: str, key: int) -> bool:
        recent = self._recent.setdefault(kind, set())
        if key in recent or key in self._older.get(kind, ()):
            return False
        recent.add(key)
        self._n_recent += 1
        if self._n_recent * 2 >= REMEMBERED_TRADES:
            self._older, self._recent, self._n_recent = self._recent, {}, 0
        return True

    def keep(self, name: str, line: bytes) -> None:
        """Append a line, with its end, to a file of the dataset by its stem."""
        self._lines_by_path.setdefault(self._folder / f"{name}.jsonl", []).append(line)
        self._n_buffered += len(line)
        if self._n_buffered >= BUFFERED_BYTES:
            self._write(is_synced=False)

    def _write(self, *, is_synced: bool) -> None:
        lines_by_path, self._lines_by_path = self._lines_by_path, {}
        self._n_buffered = 0
        try:
            for path, lines in lines_by_path.items():
                self._unsynced.add(path)
                _append(path, b"".join(lines))
            if is_synced or self._hand_over is not None:
                self._sync()
            if self._hand_over is not None:
                self._hand_over()
        except OSError as error:
            raise DatasetError(
                f"{self._folder} could not be written ({error.strerror}): free some space and "
                "import again"
            ) from error

    def _sync(self) -> None:
        """Sync every file written to since the last time, also those of which no line waits now."""
        while self._unsynced:
            descriptor = os.open(self._unsynced.pop(), os.O_WRONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _append(path: Path, lines: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        write_lines(descriptor, lines, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
