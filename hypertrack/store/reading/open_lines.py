"""The open file of a feed while a recorder adds to it, and seals hours of it."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hypertrack.files import stamp_of
from hypertrack.records import Feed, Record
from hypertrack.store.compaction.commit_journal import PART, FeedFiles, feed_files

READ_BYTES = 1 << 22

KNOWN_BYTES = 1_024
"""In front of an offset, by which it is known again: times and ids in them come once."""


class LinePlace(Record, frozen=True, kw_only=True):
    """How far the open file of a feed was read.

    Attributes:
        known: The last bytes in front of the offset.
        sealed: Stands for the hours that were sealed when the open file was begun.
    """

    offset: int
    known: bytes
    sealed: str


class GrowingLines(Protocol):
    """Lines that are added to, each given once."""

    def begin(self) -> FeedFiles:
        """Begin anew with the first line; return the sealed hours that go with them."""

    def begin_behind(self, place: LinePlace) -> bool:
        """Begin behind a place; return whether it is there, and nothing was sealed since."""

    def place(self) -> LinePlace:
        """Return how far was read."""

    def added(self) -> Iterator[bytes]:
        """Yield the whole lines that were added since the last call, without their ends."""

    def close(self) -> None:
        """Free what they are read from."""


class OpenLines:
    """Gives the lines of an open file, each once, also when sealing replaces the file.

    The old file stays readable until its last line was read.
    """

    def __init__(self, folder: Path, feed: Feed):
        self._folder, self._feed = folder, feed
        self._descriptor: int | None = None
        self._offset = 0
        self._sealed = ""

    def begin(self) -> FeedFiles:
        """Begin anew with the first line; return the sealed hours that go with the open file."""
        self.close()
        return self._open()

    def begin_behind(self, place: LinePlace) -> bool:
        """Begin behind a place; return whether it is there, and nothing was sealed since."""
        self.begin()
        start = place.offset - len(place.known)
        is_there = self._descriptor is not None and place.sealed == self._sealed
        if is_there and os.pread(self._descriptor or 0, len(place.known), start) == place.known:
            self._offset = place.offset
            return True
        return False

    def place(self) -> LinePlace:
        """Return how far was read."""
        known, n_known = b"", min(self._offset, KNOWN_BYTES)
        if self._descriptor is not None:
            known = os.pread(self._descriptor, n_known, self._offset - n_known)
        return LinePlace(offset=self._offset, known=known, sealed=self._sealed)

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
        old = self._descriptor
        self._open()
        if old is not None and self._descriptor is not None:
            self._offset = _known_bytes(old, self._descriptor)
        if old is not None:
            os.close(old)

    def _open(self) -> FeedFiles:
        """Open the file that is in force, at its first line."""
        while True:
            files = feed_files(self._folder, self._feed)
            self._descriptor = _opened(files.open)
            self._offset, self._sealed = 0, _name_of(files.sealed)
            if feed_files(self._folder, self._feed).inodes == files.inodes:
                return files
            self.close()


def _name_of(sealed: tuple[Path, ...]) -> str:
    """Return what stands for sealed hours as they are: those of a later sealing are others."""
    stamps = [(path.name.removesuffix(PART), stamp_of(path)) for path in sealed]
    found = [f"{name} {stamp.n_bytes if stamp else None}" for name, stamp in stamps]
    return hashlib.sha256("\n".join(found).encode()).hexdigest()


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
