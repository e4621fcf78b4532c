"""A journal that cannot be changed unnoticed: each line names the hash of the one before."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from hypertrack.errors import DatasetError
from hypertrack.journal import Journal, read_journal
from hypertrack.records import JsonError, Record, decode_json, encode_json

NO_LINE = "0" * 64
"""What the first line names."""


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

    Raises:
        DatasetError: A line in its middle is no record: somebody changed it.
    """

    def __init__(self, path: Path):
        _put_torn_aside(path)
        self.ids: set[str] = set()
        self._next = Link(1, NO_LINE)
        for line in read_journal(path):
            try:
                link = decode_json(line, _Linked)
            except (JsonError, UnicodeDecodeError):
                raise DatasetError(
                    f"{path} was changed, and nothing is added to a broken chain: `hypertrack "
                    "signals verify` says where; move it away to begin a new one"
                ) from None
            self.ids.add(link.id)
            self._next = Link(link.seq + 1, line_hash(line))
        self._journal = Journal(path)

    def add(self, record_id: str, make: Callable[[Link], Record]) -> bytes:
        """Add a record made for its place; return its line, which is on the disk by then.

        Raises:
            OSError: The disk is full, or broken; nothing was added.
        """
        (line,) = self.add_all({record_id: make})
        return line

    def add_all(self, makes: Mapping[str, Callable[[Link], Record]]) -> list[bytes]:
        """Add records by their ids, in order, with one wait for the disk.

        Raises:
            OSError: The disk is full, or broken; whoever opens the file anew finds what fitted.
        """
        lines, place = list[bytes](), self._next
        for make in makes.values():
            lines.append(encode_json(make(place)))
            place = Link(place.seq + 1, line_hash(lines[-1]))
        self._journal.add(lines)
        self.ids.update(makes)
        self._next = place
        return lines

    def close(self) -> None:
        """Close the file."""
        self._journal.close()


def breaks(path: Path) -> Iterator[Break]:
    """Yield where a chain is broken: each line that was changed, taken out or put in shows.

    Cut off at its end, a chain is whole: what came last has to be known from elsewhere, such as the
    receiver of the last signal.
    """
    expected = Link(1, NO_LINE)
    for number, line in enumerate(read_journal(path), start=1):
        try:
            link = decode_json(line, _Linked)
        except (JsonError, UnicodeDecodeError):
            yield Break(number, "is no signal")
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
