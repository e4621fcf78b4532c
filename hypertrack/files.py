"""Files: written whole or not at all, and read line by line whatever they hold."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from hypertrack.errors import ConfigError, HypertrackError
from hypertrack.records import MAX_LINE_BYTES

TABLE_SUFFIXES = (".parquet", ".csv")

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

KEPT_BYTES = 4_096
"""Of a line that is too long so much is given out, for people to know it by."""


def require_writable(file: Path, suffixes: Sequence[str] = ()) -> None:
    """Make sure, before minutes of work, that a file can be written.

    Its folder may be missing; what there is of the path must be a folder that takes files.

    Args:
        suffixes: Its name must end in one of them, where there are any.

    Raises:
        ConfigError: It cannot be written there.
    """
    try:
        str(file).encode()
    except UnicodeEncodeError:  # DuckDB and pyarrow find no file by other bytes
        raise ConfigError(f"the name {file} is not UTF-8: choose another") from None
    if suffixes and file.suffix not in suffixes:
        raise ConfigError(f"{file}: the name must end in {' or '.join(suffixes)}")
    if file.is_dir():
        raise ConfigError(f"{file} is a folder, and a file is to be written: choose another name")
    folder = next(parent for parent in file.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise ConfigError(f"cannot write {file}: {folder} is a file, not a folder")
    try:
        # Tried, since permissions do not tell: a disk may be read-only, root may do nearly all.
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(f"cannot write into {folder}: {error.strerror or error}") from None


class FileStamp(NamedTuple):
    """What changes whenever a file does."""

    inode: int
    mtime_ns: int
    n_bytes: int


def stamp_of(file: Path) -> FileStamp | None:
    """Return the stamp of a file; None where there is none, or none that we may look at."""
    try:
        found = file.stat()
    except OSError:
        return None
    return FileStamp(found.st_ino, found.st_mtime_ns, found.st_size)


class LongLine(bytes):
    """The beginning of a line that is longer than any that can be meant."""


def split_lines(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a text that comes in blocks, without their ends; blank ones are left out.

    A byte order mark is dropped, wherever files were put together, and the carriage return before a
    line's end. Of a line beyond `MAX_LINE_BYTES` only its beginning is kept, as a `LongLine`, so
    that memory stays small whatever comes.
    """
    pieces: list[bytes] = []
    n_bytes = 0
    for block in blocks:
        first, *others = block.split(b"\n")
        if n_bytes <= MAX_LINE_BYTES:
            pieces.append(first)
        n_bytes += len(first)
        if others:
            yield from filter(None, [_joined(pieces, n_bytes), *map(_bare, others[:-1])])
            pieces, n_bytes = [others[-1]], len(others[-1])
    yield from filter(None, [_joined(pieces, n_bytes)])


def _joined(pieces: list[bytes], n_bytes: int) -> bytes:
    if n_bytes > MAX_LINE_BYTES:
        return LongLine(b"".join(pieces)[:KEPT_BYTES])
    return _bare(b"".join(pieces))


def _bare(line: bytes) -> bytes:
    """Return a line without blanks around it, and without the mark of a file that began with it."""
    return line.strip().removeprefix(BYTE_ORDER_MARK)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a path beside ``path``; what was written there takes its place when the block ends.

    A reader sees the old file or the new one, never a part, also after a power cut. After an
    error the old one stays. The folder is made where it is missing.

    Raises:
        OSError: It could not be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process is in the name, so that two that write the same file do not mix their bytes.
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
        sync_folder(path.parent)
    finally:
        with suppress(OSError):  # renamed already, or its folder is not one
            unfinished.unlink()


def write_whole(path: Path, content: bytes) -> None:
    """Write bytes, all or nothing.

    Raises:
        OSError: It could not be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_bytes(content)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, all or nothing.

    Raises:
        HypertrackError: The folder cannot be written.
    """
    write_parts(path, (text,))


def write_parts(path: Path, parts: Iterable[str]) -> None:
    """Write UTF-8 text part by part, as it is made, all or nothing.

    Raises:
        HypertrackError: The folder cannot be written.
    """
    try:
        with replacing(path) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as f:
            f.writelines(parts)
    except OSError as error:
        raise HypertrackError(f"cannot write {path}: {error.strerror or error}") from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
