"""Files that are whole or not there: written beside the target and synced, then renamed over it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hypertrack.errors import HypertrackError


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
