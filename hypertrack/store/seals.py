"""Which files of a feed are in force, while its finished hours are being sealed and after.

Sealing replaces several files at once. All new ones are written beside the old, named ``.part``;
then a journal appears, in one rename, which puts all of them in force; then they are renamed one
by one, and the journal goes. A kill at any point leaves the old files in force, or the new ones.
"""

import os
from pathlib import Path

from hypertrack.records import Feed, Record, decode_json, encode_json
from hypertrack.store.layout import SEALED_NAME, feed_path

JOURNAL_NAME = "sealing.json"
PART = ".part"


class Journal(Record, frozen=True):
    """The sealed hours that a sealing replaces or adds, by name."""

    hours: tuple[str, ...]


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


def begin_sealing(folder: Path, feed: Feed, hours: list[Path]) -> None:
    """Put the parts of these hours, and of the open file, in force; they are written and synced."""
    journal = sealed_folder(folder, feed) / JOURNAL_NAME
    part = part_of(journal)
    with part.open("wb") as file:
        file.write(encode_json(Journal(tuple(path.name for path in hours))))
        file.flush()
        os.fsync(file.fileno())
    for place in (folder, journal.parent.parent, journal.parent):
        sync_folder(place)
    part.replace(journal)
    sync_folder(journal.parent)


def finish_sealing(folder: Path) -> None:
    """Rename what a sealing put in force, where it was killed before it could."""
    for feed in Feed:
        journal = _journal(folder, feed)
        if journal is None:
            continue
        place = sealed_folder(folder, feed)
        for path in (*(place / name for name in journal.hours), feed_path(folder, feed)):
            if part_of(path).exists():
                part_of(path).replace(path)
        sync_folder(place)
        sync_folder(folder)
        (place / JOURNAL_NAME).unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _journal(folder: Path, feed: Feed) -> Journal | None:
    path = sealed_folder(folder, feed) / JOURNAL_NAME
    return decode_json(path.read_bytes(), Journal) if path.exists() else None


def _newest(path: Path) -> Path:
    return part_of(path) if part_of(path).exists() else path
