"""Which files of a feed are in force, while its finished hours are being sealed and after.

Sealing replaces several files at once. All new ones are written beside the old, named ``.part``;
then a journal appears, in one rename, which puts all of them in force; then they are renamed one
by one, and the journal goes. A kill at any point leaves the old files in force, or the new ones.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypertrack.errors import DatasetError
from hypertrack.files import sync_folder
from hypertrack.records import Feed, JsonError, Record, decode_json, encode_json
from hypertrack.store.files.layout import SEALED_NAME, feed_path

log = logging.getLogger(__name__)

JOURNAL_NAME = "sealing.json"
LOCK_NAME = "sealing.lock"
LINES_NAME = "lines.jsonl.part"
PART = ".part"
BLOCK_BYTES = 1 << 16
COPY_BYTES = 1 << 20


class Journal(Record, frozen=True):
    """The sealed hours that a sealing replaces or adds, by name."""

    hours: tuple[str, ...]


class Prepared(Record, frozen=True, kw_only=True):
    """The next version of a feed's files, written and synced, but not yet in force."""

    feed: Feed
    hours: tuple[str, ...]
    """Names of the sealed hours that are new or have grown; none where nothing is to be done."""
    n_bytes: int
    """How much of the open file was read: what stands behind it is still to be added."""
    n_sealed: int
    n_open: int


class FeedFiles(Record, frozen=True):
    """The files of a feed in force at one moment; a later sealing makes others of them."""

    open: Path
    sealed: tuple[Path, ...]
    inodes: tuple[int, ...]
    """Of those that exist, which tells two versions of a file apart."""


def feed_files(folder: Path, feed: Feed) -> FeedFiles:
    """Return the files that hold a feed now."""
    path, hours = open_file(folder, feed), sealed_hours(folder, feed)
    inodes = tuple(one.stat().st_ino for one in (path, *hours) if one.exists())
    return FeedFiles(path, tuple(hours), inodes)


def sealed_folder(folder: Path, feed: Feed) -> Path:
    """Return where the sealed hours of a feed are."""
    return folder / SEALED_NAME / feed


def part_of(path: Path) -> Path:
    """Return where the next version of a file is written."""
    return path.with_name(path.name + PART)


def open_file(folder: Path, feed: Feed) -> Path:
    """Return the file that holds the lines of a feed that are not sealed."""
    path = feed_path(folder, feed)
    return path if _journal(folder, feed) is None else _newest(path)


def sealed_hours(folder: Path, feed: Feed) -> list[Path]:
    """Return the sealed hours of a feed, oldest first."""
    hours = sorted(sealed_folder(folder, feed).glob("*.parquet"))
    journal = _journal(folder, feed)
    if journal is None:
        return hours
    replaced = {sealed_folder(folder, feed) / name for name in journal.hours}
    return [_newest(path) for path in sorted({*hours, *replaced})]


@contextmanager
def sole_sealer(folder: Path) -> Iterator[None]:
    """Wait until no other process writes parts, such as one whose recorder was killed."""
    path = folder / SEALED_NAME / LOCK_NAME
    path.parent.mkdir(exist_ok=True)
    with path.open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def lines_so_far(folder: Path, feed: Feed, *, is_growing: bool) -> Iterator[tuple[Path, int]]:
    """Give a file that holds the lines of the open one and stays as it is, and their bytes.

    Args:
        is_growing: The open file is being appended to: its whole lines so far are copied.
    """
    path = open_file(folder, feed)
    if not is_growing:
        yield path, path.stat().st_size
        return
    copy = sealed_folder(folder, feed) / LINES_NAME
    copy.parent.mkdir(exist_ok=True)
    try:
        with path.open("rb") as source, copy.open("w+b") as target:
            shutil.copyfileobj(source, target, COPY_BYTES)
            target.flush()
            n_bytes = last_line_start(target.fileno(), target.tell())
            target.truncate(n_bytes)
        yield copy, n_bytes
    finally:
        copy.unlink(missing_ok=True)


def put_in_force(folder: Path, prepared: Prepared) -> None:
    """Replace a feed's files by what was prepared; nobody may append to its open file meanwhile.

    Raises:
        DatasetError: The disk is full; nothing is lost.
    """
    if not prepared.hours:
        return
    try:
        _add_remainder(folder, prepared)
        _begin_sealing(folder, prepared)
        finish_sealing(folder)
    except OSError as error:
        # Lines will be added to the open file again: nothing may replace it later. An hour that
        # was renamed by now holds lines that are in the open file too, which readers undo.
        (sealed_folder(folder, prepared.feed) / JOURNAL_NAME).unlink(missing_ok=True)
        raise DatasetError(
            f"{folder}: {prepared.feed} could not be sealed ({error.strerror}); nothing is lost"
        ) from error


def finish_sealing(folder: Path) -> None:
    """Rename what a sealing put in force, where it was killed before it could."""
    for feed in Feed:
        journal = _journal(folder, feed)
        if journal is None:
            (sealed_folder(folder, feed) / JOURNAL_NAME).unlink(missing_ok=True)
            continue
        place = sealed_folder(folder, feed)
        for path in (*(place / name for name in journal.hours), feed_path(folder, feed)):
            if part_of(path).exists():
                part_of(path).replace(path)
        sync_folder(place)
        sync_folder(folder)
        (place / JOURNAL_NAME).unlink()


def forget_parts(folder: Path) -> None:
    """Delete what a sealing that was killed had prepared and not put in force."""
    for feed in Feed:
        if _journal(folder, feed) is None:
            parts = sealed_folder(folder, feed).glob(f"*{PART}")
            for path in (*parts, part_of(feed_path(folder, feed))):
                path.unlink(missing_ok=True)


def last_line_start(descriptor: int, size: int) -> int:
    """Return the offset behind the last line end of a file, 0 where there is none."""
    end = size
    while end > 0:
        start = max(end - BLOCK_BYTES, 0)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _journal(folder: Path, feed: Feed) -> Journal | None:
    """Return the journal in force; None where there is none, or one that cannot be read.

    Without it the old files are in force. That loses nothing: the open file is replaced last, and
    until then holds every line of the hours that were renamed, which readers see once.
    """
    path = sealed_folder(folder, feed) / JOURNAL_NAME
    try:
        return decode_json(path.read_bytes(), Journal)
    except FileNotFoundError:
        return None
    except (JsonError, UnicodeDecodeError, OSError):
        log.warning("%s cannot be read and is not followed", path)
        return None


def _newest(path: Path) -> Path:
    return part_of(path) if part_of(path).exists() else path


def _add_remainder(folder: Path, prepared: Prepared) -> None:
    path = feed_path(folder, prepared.feed)
    with path.open("rb") as source, part_of(path).open("ab") as target:
        source.seek(prepared.n_bytes)
        shutil.copyfileobj(source, target, COPY_BYTES)
        target.flush()
        os.fsync(target.fileno())


def _begin_sealing(folder: Path, prepared: Prepared) -> None:
    """Put the parts in force, all at once; they are written and synced."""
    journal = sealed_folder(folder, prepared.feed) / JOURNAL_NAME
    part = part_of(journal)
    with part.open("wb") as file:
        file.write(encode_json(Journal(prepared.hours)))
        file.flush()
        os.fsync(file.fileno())
    for place in (folder, journal.parent.parent, journal.parent):
        sync_folder(place)
    part.replace(journal)
    sync_folder(journal.parent)
