"""The rows of a session's tables while somebody else adds to them."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.store.compaction.commit_journal import FeedFiles
from hypertrack.store.database.connecting import Database, UnreachableError, open_reader
from hypertrack.store.database.schema import has_table
from hypertrack.store.database.session_table import StoredSession, find_session
from hypertrack.store.reading.open_lines import LinePlace

log = logging.getLogger(__name__)


class SessionReader:
    """Reads the session that is recorded to, each time as it stands then.

    Attributes:
        session: None before it was looked for, or where there is none.
    """

    def __init__(self, url: DatabaseUrl):
        self.url = url
        self.session: StoredSession | None = None
        self._database: Database | None = None

    def find(self) -> StoredSession | None:
        """Look for the session, which is another whenever anything was added; return it.

        Raises:
            DatasetError: It cannot be reached.
        """
        database = self._opened()
        self.session = find_session(database)
        database.commit()
        return self.session

    def rows(self, table: str, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first value is the session; none without the table."""
        database = self._opened()
        has_rows = self.session is not None and has_table(database, table)
        found = database.rows(query, self._id(), *values) if has_rows else []
        database.commit()
        return found

    def lines(self, table: str, behind: int) -> Iterator[tuple[int, bytes]]:
        """Yield number and line of the rows of a table behind a number."""
        database = self._opened()
        if self.session is not None and has_table(database, table):
            query = f"SELECT seq, line FROM {table} WHERE session_id = $1 AND seq > $2 ORDER BY seq"
            for batch in database.each_batch(query, self._id(), behind):
                numbers, lines = (column.to_pylist() for column in batch.columns)
                yield from zip(numbers, map(str.encode, lines), strict=True)
        database.commit()  # what is seen does not change before

    def close(self) -> None:
        """Disconnect, until something is asked again."""
        database, self._database = self._database, None
        if database is not None:
            with suppress(UnreachableError):  # which is why it is closed
                database.close()

    def _id(self) -> int:
        assert self.session is not None
        return self.session.session_id

    def _opened(self) -> Database:
        if self._database is None:
            self._database = open_reader(self.url)
        return self._database


class AddedRows:
    """Gives the lines of a table, each once, by their number; as `OpenLines` does those of a file.

    A session that takes the place of another is gone on with. While the database cannot be reached
    nothing is added, which is said once.
    """

    def __init__(self, reader: SessionReader, table: str):
        self._reader, self._table = reader, table
        self._behind = 0
        self._is_away = False

    def begin(self) -> FeedFiles:
        """Begin anew with the first row; a database has no sealed hours.

        Raises:
            DatasetError: There is no dataset, or it cannot be reached.
        """
        self._behind = 0
        if self._reader.find() is None:
            raise DatasetError(f"no dataset at {self._reader.url}: record one first")
        return FeedFiles(Path(), (), ())

    def begin_behind(self, place: LinePlace) -> bool:
        """Begin behind a place; return whether it is there."""
        self.begin()
        query = f"SELECT seq FROM {self._table} WHERE session_id = $1 AND seq = $2"
        is_there = not place.offset or self._reader.rows(self._table, query, place.offset)
        if not is_there or place.known != self._name():
            return False
        self._behind = place.offset
        return True

    def pass_over_before(self, column: str, start: int) -> None:
        """Begin with the first row in which a column of the key is not below a value."""
        query = f"SELECT min(seq) FROM {self._table} WHERE session_id = $1 AND {column} >= $2"
        for (number,) in self._reader.rows(self._table, query, start):
            if number is not None:
                self._behind = int(number) - 1

    def place(self) -> LinePlace:
        """Return how far was read."""
        return LinePlace(offset=self._behind, known=self._name(), sealed="")

    def added(self) -> Iterator[bytes]:
        """Yield the lines that were added since the last call."""
        try:
            before = self._behind
            yield from self._read()
            if self._behind == before:
                self._reader.find()  # another may be recorded to by now
            self._is_away = False
        except UnreachableError as error:
            if not self._is_away:
                log.warning("%s: nothing is followed until it can be reached", error)
            self._is_away = True
            self._reader.close()

    def close(self) -> None:
        """Disconnect."""
        self._reader.close()

    def _read(self) -> Iterator[bytes]:
        for number, line in self._reader.lines(self._table, self._behind):
            self._behind = number
            yield line

    def _name(self) -> bytes:
        return b"" if self._reader.session is None else self._reader.session.name.encode()
