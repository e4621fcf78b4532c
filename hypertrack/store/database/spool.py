"""The spool: a folder where a dataset's lines wait until the database has them.

A recorder writes there as to any dataset folder. Whenever it has synced its files, they are cut
off as the next segment; what is loaded is deleted. So nothing is held in memory alone, the
database may be away for hours, and after a kill everything that it lacks lies here.
"""

import re
import uuid
from collections.abc import Mapping
from pathlib import Path

from hypertrack.config import DatabaseUrl
from hypertrack.files import write_whole
from hypertrack.records import JsonError, Record, decode_json, encode_json
from hypertrack.store.database.schema import FILE_NAMES, KEYS, LISTS
from hypertrack.store.files.layout import (
    ACCOUNTS_NAME,
    LOCK_NAME,
    MANIFEST_NAME,
    QUARANTINE_NAME,
    REPORT_NAME,
)
from hypertrack.store.files.locks import is_locked
from hypertrack.store.files.session import mend_last_line

HEADER_NAME = "spool.json"
SEGMENTS_NAME = "segments"
SEGMENT = re.compile(r"(\d{12})\.(\w+)\.jsonl")

DOCUMENTS: Mapping[str, str] = {"manifest": MANIFEST_NAME, "report": REPORT_NAME}
"""Columns of ``sessions``, and the files that they stand for."""


class Header(Record, frozen=True, kw_only=True):
    """Whose lines wait here."""

    spool: str
    """Tells one filling of the spool from any other, so that a segment is loaded once."""
    session_id: int
    session: str


class Segment(Record, frozen=True):
    """Files cut off together: by table."""

    number: int
    files: Mapping[str, Path]


class Spool:
    """The spool of one dataset; cut by the thread that writes to it.

    Attributes:
        n_cut: Segments with numbers up to this are complete.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        found = self._found()
        self.n_cut = max((one.number for one in found), default=0)
        self._bytes_cut = sum(map(_segment_bytes, found))
        self._bytes_removed = 0

    def read_header(self) -> Header | None:
        """Return whose lines were left here; None where nothing says so."""
        text = self.read(HEADER_NAME)
        try:
            return None if text is None else decode_json(text, Header)
        except (JsonError, UnicodeDecodeError):
            return None

    def has_lines(self) -> bool:
        """Return whether any lines were left here."""
        return self.waiting_bytes() + self.unfinished_bytes() > 0

    def begin(self, session_id: int, session: str) -> Header:
        """Make the empty spool ready for a session."""
        (self.folder / SEGMENTS_NAME).mkdir(exist_ok=True)
        header = Header(spool=uuid.uuid4().hex, session_id=session_id, session=session)
        self.put(HEADER_NAME, encode_json(header))
        return header

    def put(self, name: str, content: bytes) -> None:
        """Write a file whole, or not at all."""
        (self.folder / name).parent.mkdir(exist_ok=True)
        write_whole(self.folder / name, content)

    def take_up(self, last_loaded: int) -> None:
        """Cut off what a recorder that was killed had written, mending its last lines.

        Args:
            last_loaded: Number of the last segment that the database has.
        """
        self.n_cut = max(self.n_cut, last_loaded)
        for name in KEYS:
            path = self.folder / FILE_NAMES[name]
            if path.exists():
                mend_last_line(path, self.folder / QUARANTINE_NAME)
        (self.folder / SEGMENTS_NAME).mkdir(exist_ok=True)
        self.cut()

    def cut(self) -> None:
        """Make the files written so far the next segment; they are closed and synced."""
        written = [name for name in KEYS if (self.folder / FILE_NAMES[name]).exists()]
        n_bytes = sum(_size(self.folder / FILE_NAMES[name]) for name in written)
        for name in written:
            segment = f"{self.n_cut + 1:012}.{name}.jsonl"
            (self.folder / FILE_NAMES[name]).rename(self.folder / SEGMENTS_NAME / segment)
        if written:
            self._bytes_cut += n_bytes
            self.n_cut += 1

    def unfinished_bytes(self) -> int:
        """Return how much was written and not cut off."""
        return sum(_size(self.folder / FILE_NAMES[table]) for table in KEYS)

    def segments(self) -> list[Segment]:
        """Return the complete segments, oldest first."""
        n_cut = self.n_cut
        return [one for one in self._found() if one.number <= n_cut]

    def remove(self, segment: Segment) -> None:
        """Delete a segment, which was loaded."""
        self._bytes_removed += _segment_bytes(segment)
        for path in segment.files.values():
            path.unlink()

    def waiting_bytes(self) -> int:
        """Return how much was cut off and not removed yet; any thread may ask."""
        return self._bytes_cut - self._bytes_removed

    def read(self, name: str) -> bytes | None:
        """Return a small file of the dataset, None where there is none."""
        path = self.folder / name
        return path.read_bytes() if path.exists() else None

    def clear(self) -> None:
        """Delete everything that the recorder and the spool wrote; all of it was loaded."""
        for name in (*(FILE_NAMES[table] for table in LISTS), *DOCUMENTS.values()):
            (self.folder / name).unlink(missing_ok=True)
        if (self.folder / ACCOUNTS_NAME).exists():
            (self.folder / ACCOUNTS_NAME).rmdir()
        if (self.folder / SEGMENTS_NAME).exists():
            (self.folder / SEGMENTS_NAME).rmdir()
        (self.folder / HEADER_NAME).unlink(missing_ok=True)

    def _found(self) -> list[Segment]:
        files: dict[int, dict[str, Path]] = {}
        for path in sorted((self.folder / SEGMENTS_NAME).glob("*.jsonl")):
            if match := SEGMENT.fullmatch(path.name):
                files.setdefault(int(match[1]), {})[match[2]] = path
        return [Segment(number, by_table) for number, by_table in sorted(files.items())]


def answers_slug(url: DatabaseUrl) -> str:
    """Return the name of the spool of answers."""
    return f"{url.slug}-answers"


def left_behind_bytes(folder: Path) -> int:
    """Return how much waits in a spool that nobody works on, 0 where there is none."""
    if is_locked(folder / LOCK_NAME):
        return 0
    spool = Spool(folder)
    return spool.waiting_bytes() + spool.unfinished_bytes()


def _segment_bytes(segment: Segment) -> int:
    return sum(map(_size, segment.files.values()))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # never written, or removed meanwhile
        return 0
