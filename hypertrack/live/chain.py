"""A journal that cannot be changed unnoticed: each line names the hash of the one before."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from hypertrack.errors import DatasetError
from hypertrack.journal import Journal, read_journal, read_whole
from hypertrack.records import JsonError, Record, decode_json, encode_json

NO_LINE = "0" * 64
"""What the first line names."""

TAIL_LINES = 1_000


class Link(NamedTuple):
    """Where a line stands in its chain."""

    seq: int
    prev: str


class _Linked(Record, frozen=True):
    id: str
    seq: int
    prev: str


class Break(NamedTuple):
    """A line that does not follow from the one before."""

    line: int
    says: str


class Chain:
    """Adds records to a chained journal.

    A line that a kill tore was told to nobody: it is put aside, in ``NAME.torn``, and its place in
    the chain is taken by the next.

    Attributes:
        ids: Of all records in it.
        tail: The last lines that were there at the start, by id.

    Raises:
        DatasetError: A line in its middle is no record: somebody changed it.
    """

    def __init__(self, path: Path):
        _put_torn_aside(path)
        self.ids: set[str] = set()
        self.tail: dict[str, bytes] = {}
        self._next = Link(1, NO_LINE)
        for line in read_journal(path):
            try:
                link = decode_json(line, _Linked)
            except (JsonError, UnicodeDecodeError):
                raise DatasetError(
                    f"{path} was changed, and nothing is added to a broken chain: `hypertrack "
                    f"signals verify --file {path}` says where; move it away to begin a new one"
                ) from None
            self.ids.add(link.id)
            self.tail[link.id] = line
            if len(self.tail) > TAIL_LINES:
                del self.tail[next(iter(self.tail))]
            self._next = Link(link.seq + 1, line_hash(line))
        self._journal = Journal(path)
        self._prepared: list[bytes] = []

    def add(self, record_id: str, make: Callable[[Link], Record]) -> bytes:
        """Add a record made for its place; return its line, which is on the disk by then.

        Raises:
            OSError: The disk is full, or broken; nothing was added.
        """
        line = self.prepare(record_id, make)
        self.commit()
        return line

    def prepare(self, record_id: str, make: Callable[[Link], Record]) -> bytes:
        """Make a record for its place; return its line, which is on the disk once it is committed.

        A disk takes as long for a line as for a hundred.
        """
        line = encode_json(make(self._next))
        self._prepared.append(line)
        self.ids.add(record_id)
        self._next = Link(self._next.seq + 1, line_hash(line))
        return line

    def commit(self) -> None:
        """Write what was prepared.

        Raises:
            OSError: The disk is full, or broken; nothing was added, and nothing can be any more.
        """
        if self._prepared:
            self._journal.add(self._prepared)
            self._prepared = []

    def close(self) -> None:
        """Close the file."""
        self._journal.close()


def breaks(path: Path) -> Iterator[Break]:
    """Yield where a chain is broken: each line that was changed, taken out or put in shows.

    Cut off at its end, a chain is whole: what came last has to be known from elsewhere, such as the
    receiver of the last signal. A last line without its end was told to nobody, and is none.
    """
    expected = Link(1, NO_LINE)
    for number, line in enumerate(read_whole(path), start=1):
        try:
            link = decode_json(line, _Linked)
        except (JsonError, UnicodeDecodeError):
            yield Break(number, "is no record")
            continue
        if link.prev != expected.prev:
            yield Break(number, "does not name the line before it: one of them was changed")
        elif link.seq != expected.seq:
            yield Break(number, f"has number {link.seq}, and {expected.seq} was its turn")
        expected = Link(link.seq + 1, line_hash(line))


def line_hash(line: bytes) -> str:
    """Return the hash by which the next line names this one."""
    return hashlib.sha256(line).hexdigest()


def _put_torn_aside(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        whole = file.read()
        end = whole.rfind(b"\n") + 1
        if end < len(whole):
            aside = Journal(path.with_name(f"{path.name}.torn"))
            aside.add((whole[end:],))
            aside.close()
            file.truncate(end)
