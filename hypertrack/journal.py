"""A journal: a file that whole lines are only ever added to, each on the disk when told so."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from hypertrack.files import split_lines, sync_folder

READ_BYTES = 1 << 20


def write_lines(descriptor: int, lines: bytes, offset: int) -> None:
    """Write lines at the end of a file; if they do not all fit, as many whole ones as do.

    Args:
        offset: Where the file's whole lines end; what stands behind is overwritten.

    Raises:
        OSError: The disk is full, or broken.
    """
    n_written = 0
    try:
        while n_written < len(lines):
            part = memoryview(lines)[n_written:]
            n_written += os.pwrite(descriptor, part, offset + n_written)
    except OSError:
        os.ftruncate(descriptor, offset + lines.rfind(b"\n", 0, n_written) + 1)
        raise


class Journal:
    """Adds lines to a file, made with its folder where it is missing.

    A line that a power cut tore keeps its bytes and gets an end, so that no later line is joined
    to it; whoever reads the file leaves out what it cannot read.
    """

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not path.exists()
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        self._n_bytes = os.fstat(self._file).st_size
        if is_new:
            sync_folder(path.parent)
        elif self._n_bytes and os.pread(self._file, 1, self._n_bytes - 1) != b"\n":
            self.add((b"",))

    def add(self, lines: Iterable[bytes]) -> None:
        """Add lines, without their ends; they outlive a power cut once this returns.

        Raises:
            OSError: The disk is full, or broken; the file still ends in a whole line.
        """
        text = b"".join(line + b"\n" for line in lines)
        try:
            write_lines(self._file, text, self._n_bytes)
            os.fsync(self._file)
        finally:
            self._n_bytes = os.fstat(self._file).st_size

    def close(self) -> None:
        """Close the file; nothing more can be added."""
        os.close(self._file)


def read_journal(path: Path) -> Iterable[bytes]:
    """Yield the lines of a journal, torn ones too; none where there is no file."""
    if not path.exists():
        return
    with path.open("rb") as file:
        yield from split_lines(iter(lambda: file.read(READ_BYTES), b""))


def read_whole(path: Path) -> Iterator[bytes]:
    """Yield the lines of a journal that have their end: one being written, or torn, is none yet."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        yield from split_lines(_whole_lines(file))


def _whole_lines(file: BinaryIO) -> Iterator[bytes]:
    pieces: list[bytes] = []
    while block := file.read(READ_BYTES):
        head, end, rest = block.rpartition(b"\n")
        if end:
            yield b"".join([*pieces, head, end])
            pieces = []
        pieces.append(rest)
