"""The open file of a feed while a recorder adds to it, and seals hours of it."""

import os
from collections.abc import Iterator
from pathlib import Path

from hypertrack.records import Feed
from hypertrack.store.compaction.commit_journal import FeedFiles, feed_files

READ_BYTES = 1 << 22


class OpenLines:
    """Gives the lines of an open file, each once, also when sealing replaces the file.

    The old file stays readable until its last line was read.
    """

    def __init__(self, folder: Path, feed: Feed):
        self._folder, self._feed = folder, feed
        self._descriptor: int | None = None
        self._offset = 0

    def begin(self) -> FeedFiles:
        """Begin anew with the first line; return the sealed hours that go with the open file."""
        while True:
            files = feed_files(self._folder, self._feed)
            self.close()
            self._offset = 0
            self._descriptor = _opened(files.open)
            if feed_files(self._folder, self._feed).inodes == files.inodes:
                return files

    def added(self) -> Iterator[bytes]:
        """Yield the whole lines that were added since the last call, without their ends."""
        yield from self._read()
        if self._is_replaced():
            yield from self._read()  # what was added before it was replaced
            self._turn_to_new_file()
            yield from self._read()

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _read(self) -> Iterator[bytes]:
        if self._descriptor is None:
            return
        for line, end in _lines(self._descriptor, self._offset):
            self._offset = end
            yield line

    def _is_replaced(self) -> bool:
        path = feed_files(self._folder, self._feed).open
        try:
            inode = path.stat().st_ino
        except FileNotFoundError:
            return False
        return self._descriptor is None or inode != os.fstat(self._descriptor).st_ino

    def _turn_to_new_file(self) -> None:
        """Go on in the file that took the open one's place, behind what was read in the old."""
        old, self._descriptor = (
            self._descriptor,
            _opened(feed_files(self._folder, self._feed).open),
        )
        self._offset = 0
        if old is not None and self._descriptor is not None:
            self._offset = _known_bytes(old, self._descriptor)
        if old is not None:
            os.close(old)


def _opened(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None


def _lines(descriptor: int, offset: int) -> Iterator[tuple[bytes, int]]:
    """Yield the whole lines of a file behind an offset, each with the offset of its end."""
    rest = b""
    while block := os.pread(descriptor, READ_BYTES, offset + len(rest)):
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            offset += len(line) + 1
            if line.strip():
                yield line, offset


def _known_bytes(old: int, new: int) -> int:
    """Return how much of a new open file the old one held already.

    Sealing takes lines out of it and adds none, so the new file begins with lines of the old one in
    their order; the first that is not found behind the one before is new.
    """
    known = 0
    of_old = (line for line, _ in _lines(old, 0))
    for line, end in _lines(new, 0):
        if line not in of_old:  # reads on to the line, or to the end of the old file
            return known
        known = end
    return known
