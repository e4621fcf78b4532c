"""Lines of a file, plain or lz4, or rows of a sealed Parquet file as lines; streamed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from hypertrack.errors import DatasetError
from hypertrack.files import split_lines
from hypertrack.records import JsonError, decode_json
from hypertrack.store.compaction.sealed_rows import line_of

LZ4_SUFFIX = ".lz4"
SEALED_SUFFIX = ".parquet"
BLOCK_BYTES = 1 << 18
TORN_BLOCK_BYTES = (1 << 10, 1)
"""So finely the end of a torn file is read, one after the other: it is given out to the last byte
that can be unpacked, and a block that is torn gives nothing."""

LZ4_MAGIC = b"\x04\x22\x4d\x18"
LINE_STARTS = (b"{", b"[", b"\xef", b"\r", b"\n", b" ")
"""No packed file begins so."""

MAX_DOCUMENT_BYTES = 1 << 26
"""An answer of ``/info`` has at most 10,000 fills, 4 MB."""


class TornFileError(DatasetError):
    """A file that ends too early, or is not what its name says."""


class LineFile:
    """The lines of a file without their ends; blank ones are left out.

    Iterating yields the last line of a plain file even where it has no end, and raises
    `TornFileError` where compressed data ends too early or is broken; what can be unpacked before
    has been yielded then. A line that is too long is a `LongLine`.

    Attributes:
        n_bytes_read: Of the file as it lies on disk.
    """

    def __init__(self, path: Path):
        self.n_bytes_read = 0
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        if self._path.suffix == SEALED_SUFFIX:
            yield from self._sealed_lines()
            return
        yield from split_lines(self._blocks())

    def _blocks(self) -> Iterator[bytes]:
        n_given = 0
        for block_bytes in (BLOCK_BYTES, *TORN_BLOCK_BYTES):
            try:
                for block in self._stream(block_bytes, n_given):
                    n_given += len(block)
                    yield block
            except TornFileError as error:
                torn = error
            else:
                return
        raise torn

    def _stream(self, block_bytes: int, n_skipped: int) -> Iterator[bytes]:
        """Yield blocks of at most so many bytes, without the first ones of the file."""
        with pa.OSFile(os.fsencode(self._path)) as file:
            stream = pa.CompressedInputStream(file, "lz4") if _is_packed(self._path) else file
            while n_skipped:
                n_skipped -= len(self._read(stream, min(n_skipped, BLOCK_BYTES)))
            while block := self._read(stream, block_bytes):
                self.n_bytes_read = file.tell()
                yield block

    def _read(self, stream: pa.NativeFile, block_bytes: int) -> bytes:
        try:
            block: bytes = stream.read(block_bytes)
        except OSError as error:
            raise self._torn(error) from error
        return block

    def _sealed_lines(self) -> Iterator[bytes]:
        try:
            with parquet.ParquetFile(self._path) as file:
                for batch in file.iter_batches(batch_size=10_000):
                    yield from map(line_of, batch.to_pylist())
        except (pa.ArrowException, OSError, ValueError) as error:
            raise self._torn(error) from error
        self.n_bytes_read = self._path.stat().st_size

    def _torn(self, error: Exception) -> TornFileError:
        return TornFileError(f"{self._path} is torn ({str(error).splitlines()[0]})")


class DocumentFile(LineFile):
    """A file that is one JSON document over any number of lines, else its lines."""

    def __iter__(self) -> Iterator[bytes]:
        if self._path.stat().st_size > MAX_DOCUMENT_BYTES:
            yield from super().__iter__()
            return
        lines = list(super().__iter__())
        whole = b" ".join(lines)  # no line's end may come into a line of the dataset
        yield from [whole] if is_json(whole) else lines


def _is_packed(path: Path) -> bool:
    """Return whether a file is lz4, whatever its name says."""
    begin = first_bytes(path, 4)
    return begin == LZ4_MAGIC or (path.suffix == LZ4_SUFFIX and not begin.startswith(LINE_STARTS))


def is_json(text: bytes) -> bool:
    """Return whether a text is one JSON value."""
    try:
        decode_json(text)
    except (JsonError, UnicodeDecodeError):
        return False
    return True


def first_bytes(path: Path, n_bytes: int) -> bytes:
    """Return how a file begins."""
    with path.open("rb") as file:
        return file.read(n_bytes)


def has_rows(path: Path) -> bool:
    """Return whether a sealed file says what it holds, which is what stands at its end."""
    try:
        with parquet.ParquetFile(path):
            return True
    except (pa.ArrowException, OSError, ValueError):
        return False
