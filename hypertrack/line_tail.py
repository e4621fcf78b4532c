"""What is added to a file of lines, read while it grows."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hypertrack.files import split_lines

FIRST_BYTES = 16_000_000
"""Of a file that is there at the start: more lines than are kept."""

READ_BYTES = 4_000_000
"""Read at a time."""


@dataclass(frozen=True)
class Added:
    """What was found.

    Attributes:
        lines: Whole ones, without their ends.
        is_another: It is another file than before, or was cut: these are its own lines.
    """

    lines: tuple[bytes, ...] = ()
    is_another: bool = False


NOTHING = Added()


class LineTail:
    """Follows one file, which may come, go and be another; a line counts once it has its end.

    Args:
        first_bytes: Of what is there at the start, so much of its end is read; None is all.
    """

    def __init__(self, path: Path, first_bytes: int | None = FIRST_BYTES):
        self._path = path
        self._first_bytes = first_bytes
        self._inode: int | None = None
        self._offset = 0

    def read(self) -> Added:
        """Return what was added since the last call."""
        try:
            with self._path.open("rb") as file:
                is_another = self._is_another(file)
                return Added(tuple(split_lines(self._blocks(file))), is_another)
        except OSError:  # none yet, or moved away
            was_there = self._inode is not None
            self._inode, self._offset = None, 0
            return Added(is_another=was_there)

    def _is_another(self, file: BinaryIO) -> bool:
        """Return whether this is not the file of the last call, and begin it where it is not."""
        found = os.fstat(file.fileno())
        if self._inode == found.st_ino and found.st_size >= self._offset:
            return False
        was_there = self._inode is not None
        self._inode = found.st_ino
        self._offset = self._first_offset(file, found.st_size)
        return was_there

    def _blocks(self, file: BinaryIO) -> Iterator[bytes]:
        """Yield whole lines; the beginning of one whose end is missing is left for later."""
        file.seek(self._offset)
        while read := file.read(READ_BYTES):
            end = read.rfind(b"\n") + 1
            if not end and len(read) == READ_BYTES:  # no line that is meant is so long
                end = len(read)
            if not end:
                return
            self._offset += end
            yield read[:end]
            file.seek(self._offset)

    def _first_offset(self, file: BinaryIO, n_bytes: int) -> int:
        if self._first_bytes is None or n_bytes <= self._first_bytes:
            return 0
        file.seek(n_bytes - self._first_bytes)
        file.readline(READ_BYTES)
        return file.tell()
