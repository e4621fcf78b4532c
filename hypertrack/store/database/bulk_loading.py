"""Loading what waits in the spool into the database, in order and once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import takewhile

import pyarrow as pa

from hypertrack.store.database.connecting import Database
from hypertrack.store.database.keys import as_text, rows_of
from hypertrack.store.database.schema import FILE_NAMES, KEYS, RECORDED_LISTS
from hypertrack.store.database.spool import DOCUMENTS, Header, Segment, Spool

BATCH_BYTES = 16 << 20
"""Read into memory and loaded in one transaction."""


class SpoolLoader:
    """Loads one filling of a spool; each segment exactly once, whatever dies in between.

    A segment's number is written in the transaction that loads it. So one that was loaded and not
    yet deleted is known, and a line that came twice is stopped by the unique key of its table.
    """

    def __init__(
        self,
        spool: Spool,
        header: Header,
        session_id: int | None = None,
        *,
        lists: Sequence[str] = RECORDED_LISTS,
        documents: Sequence[str] = tuple(DOCUMENTS),
    ):
        """Take which small files are loaded: those of others are not ours to replace."""
        self._names = tuple(lists)
        self._titles = tuple(documents)
        self._spool = spool
        self._spool_id = header.spool
        self._session_id = header.session_id if session_id is None else session_id
        self._lists: dict[str, list[bytes]] = {}
        self._documents: dict[str, bytes] = {}

    def load(self, database: Database) -> int:
        """Load everything that waits; return the number of lines.

        The small files are read first: what the ledger says was observed is loaded with it.

        Raises:
            UnreachableError: The database failed; nothing is lost, load again.
        """
        lists = {table: self._spool.read(FILE_NAMES[table]) for table in self._names}
        documents = {column: self._spool.read(DOCUMENTS[column]) for column in self._titles}
        n_lines, segments = 0, self._spool.segments()
        done = self.last_loaded(database)
        for segment in segments:
            if segment.number <= done:
                self._spool.remove(segment)
        waiting = [segment for segment in segments if segment.number > done]
        for batch in _batches(waiting):
            n_lines += self._add_batch(database, batch)
        self._replace_small_files(database, lists, documents)
        return n_lines

    def forget_database(self) -> None:
        """Send the small files whole again: nobody knows what the database has of them."""
        self._lists.clear()
        self._documents.clear()

    def last_loaded(self, database: Database) -> int:
        """Return the number of the last segment that the database has, 0 for none."""
        query = "SELECT last_segment FROM spools WHERE spool = $1"
        found = database.rows(query, self._spool_id)
        return int(found[0][0]) if found else 0

    def _add_batch(self, database: Database, segments: list[Segment]) -> int:
        lines_by_table: dict[str, list[bytes]] = {table: [] for table in KEYS}
        for segment in segments:
            for table, path in segment.files.items():
                kept, foreign = as_text(path.read_bytes().split(b"\n"))
                lines_by_table[table] += kept
                lines_by_table["quarantine"] += foreign
        for table, lines in lines_by_table.items():
            if lines:
                add_lines(database, table, lines, self._session_id)
        database.run(
            "INSERT INTO spools (spool, last_segment) VALUES ($1, $2) "
            "ON CONFLICT (spool) DO UPDATE SET last_segment = excluded.last_segment",
            self._spool_id,
            segments[-1].number,
        )
        self._count_load(database)
        database.commit()
        for segment in segments:
            self._spool.remove(segment)
        return sum(map(len, lines_by_table.values()))

    def _count_load(self, database: Database) -> None:
        statement = "UPDATE sessions SET n_loads = n_loads + 1 WHERE session_id = $1"
        database.run(statement, self._session_id)

    def _replace_small_files(
        self,
        database: Database,
        lists: Mapping[str, bytes | None],
        documents: Mapping[str, bytes | None],
    ) -> None:
        is_changed = False
        for table, text in lists.items():
            lines, _ = as_text((text or b"").split(b"\n"))
            if text is not None and lines != self._lists.get(table):
                _replace_list(database, table, lines, self._lists.get(table), self._session_id)
                self._count_load(database)
                self._lists[table], is_changed = lines, True
        for column, text in documents.items():
            if text is not None and text != self._documents.get(column):
                statement = f"UPDATE sessions SET {column} = $1 WHERE session_id = $2"
                database.run(statement, text.decode(), self._session_id)
                self._documents[column], is_changed = text, True
        if is_changed:
            database.commit()


def add_lines(database: Database, table: str, lines: list[bytes], session_id: int) -> None:
    """Add lines to a table, in order, but for those that it has already."""
    columns = ", ".join(("session_id", *KEYS[table], "line"))
    database.put_aside(f"new_{table}", rows_of(table, lines, session_id))
    database.run(
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM new_{table} WHERE true "
        "ORDER BY nth ON CONFLICT DO NOTHING"
    )


def _replace_list(
    database: Database, table: str, lines: list[bytes], before: list[bytes] | None, session_id: int
) -> None:
    """Make a table say what a small file says.

    Args:
        before: What the table says, None where nobody knows.
    """
    same = takewhile(lambda pair: pair[0] == pair[1], zip(lines, before or (), strict=False))
    n_same = sum(1 for _ in same)
    database.run(f"DELETE FROM {table} WHERE session_id = $1 AND nth >= $2", session_id, n_same)
    if new := lines[n_same:]:
        rows = {
            "nth": pa.array(range(n_same, len(lines)), pa.int64()),
            "line": pa.array([line.decode() for line in new], pa.string()),
        }
        database.put_aside(f"new_{table}", pa.table(rows))
        database.run(f"INSERT INTO {table} SELECT {session_id}, nth, line FROM new_{table}")


def _batches(segments: Iterable[Segment]) -> Iterator[list[Segment]]:
    batch: list[Segment] = []
    n_bytes = 0
    for segment in segments:
        batch.append(segment)
        n_bytes += sum(path.stat().st_size for path in segment.files.values())
        if n_bytes >= BATCH_BYTES:
            yield batch
            batch, n_bytes = [], 0
    if batch:
        yield batch
