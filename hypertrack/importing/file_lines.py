"""Lines of a file, plain or lz4, or rows of a sealed Parquet file as lines; streamed."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from hypertrack.errors import DatasetError
from hypertrack.store.compaction.sealed_rows import line_of

LZ4_SUFFIX = ".lz4"
SEALED_SUFFIX = ".parquet"
BLOCK_BYTES = 1 << 18
MAX_LINE_BYTES = 1 << 26
"""Longer than any block of the venue; a file without line ends is given out in such pieces."""


class TornFileError(DatasetError):
    """A file that ends too early, or is not what its name says."""


class LineFile:
    """The lines of a file without their ends; blank ones are left out.

    Iterating yields the last line of a plain file even where it has no end, and raises
    `TornFileError` where compressed data ends too early or is broken; what came before has been
    yielded then, but for at most `BLOCK_BYTES`.

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
        rest = b""
        for block in self._blocks():
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            yield from filter(None, map(bytes.strip, lines))
            if len(rest) > MAX_LINE_BYTES:
                yield rest
                rest = b""
        if rest := rest.strip():
            yield rest

    def _blocks(self) -> Iterator[bytes]:
        with pa.OSFile(str(self._path)) as file:
            is_packed = self._path.suffix == LZ4_SUFFIX
            stream = pa.CompressedInputStream(file, "lz4") if is_packed else file
            while block := self._read(stream):
                self.n_bytes_read = file.tell()
                yield block

    def _read(self, stream: pa.NativeFile) -> bytes:
        try:
            block: bytes = stream.read(BLOCK_BYTES)
        except OSError as error:
            raise self._torn(error) from error
        return block

    def _sealed_lines(self) -> Iterator[bytes]:
        try:
            with parquet.ParquetFile(self._path) as file:
                for batch in file.iter_batches(batch_size=10_000):
                    yield from map(line_of, batch.to_pylist())
        except (pa.ArrowInvalid, OSError) as error:
            raise self._torn(error) from error
        self.n_bytes_read = self._path.stat().st_size

    def _torn(self, error: Exception) -> TornFileError:
        return TornFileError(f"{self._path} is torn ({str(error).splitlines()[0]})")
