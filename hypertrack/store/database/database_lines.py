"""The lines of a dataset in a database, as reading wants them."""

import duckdb

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.records import Feed
from hypertrack.store.database import session_table as sessions
from hypertrack.store.database.connecting import UnreachableError, open_reader
from hypertrack.store.database.schema import LISTS, has_table
from hypertrack.store.reading.damage import Damage
from hypertrack.store.reading.recorded_lines import Answers, Version
from hypertrack.store.reading.relations import Columns

VIEW = "database_lines"

ANSWERS = ("fills", "account_states", "account_flows", "funding_history")


class DatabaseLines:
    """The lines of one session, as they were when it was opened (see `store.lines.Lines`).

    They stream through Arrow into DuckDB, which parses them as it does those of files.
    """

    def __init__(self, url: DatabaseUrl):
        self.place = str(url)
        self._database = open_reader(url)
        try:
            found = sessions.find_session(self._database)
            if found is None:
                raise DatasetError(f"no dataset at {url}: record one with `hypertrack record`")
        except BaseException:
            self.close()
            raise
        self._session = found
        if url.session is not None:
            self.place = url.with_session(url.session)

    def run(
        self, connection: duckdb.DuckDBPyConnection, statement: str, feed: Feed, columns: Columns
    ) -> None:
        """Run a statement on the rows of a feed, which all are in their order of arrival."""
        self._run(connection, statement, f"{feed}", "seq", columns)

    def run_on_ledger(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on the rows of the ledger, and what was written beside a recorder."""
        self._run(connection, statement, "coverage", "nth", columns, beside="account_coverage")

    def run_on_fills(
        self, connection: duckdb.DuckDBPyConnection, statement: str, columns: Columns
    ) -> None:
        """Run a statement on the rows of the imported fills."""
        self._run(connection, statement, "fills", "seq", columns)

    def run_on_answers(
        self, connection: duckdb.DuckDBPyConnection, statement: str, kind: Answers, columns: Columns
    ) -> None:
        """Run a statement on the rows of a kind of answers; a dataset of before has none."""
        if has_table(self._database, kind):
            order = "nth" if kind in LISTS else "seq"
            self._run(connection, statement, kind, order, columns)
        else:
            connection.execute(statement.format(source=_none(columns)))

    def count(self, feed: Feed) -> tuple[int, int]:
        """Count the rows of a feed; none is torn at the end."""
        return self._count(feed), 0

    def n_quarantined(self) -> int:
        """Count the rows of ``quarantine``."""
        return self._count("quarantine")

    def has_ledger(self) -> bool:
        """Return whether the session has a ledger."""
        return self._count("coverage") > 0

    def has_data(self) -> bool:
        """Return whether the session has a row of any feed, or an answer."""
        found = " UNION ALL ".join(
            f"SELECT session_id FROM {feed} WHERE session_id = {self._session.session_id}"
            for feed in (*Feed, *ANSWERS)
            if has_table(self._database, feed)
        )
        return bool(self._database.rows(f"SELECT 1 WHERE EXISTS ({found})"))

    def damage(self) -> tuple[Damage, ...]:
        """Return nothing: a database has no files of ours."""
        return ()

    def damaged_files(self) -> tuple[str, ...]:
        """Return nothing: a database has no files of ours."""
        return ()

    def version(self) -> Version:
        """Return the session and how often anything was added to it."""
        return ((self._session.name, self._session.n_loads),)

    def manifest(self) -> bytes | None:
        """Return the session's manifest."""
        return sessions.document(self._database, "manifest", self._session)

    def close(self) -> None:
        """Disconnect."""
        self._database.close()

    def _run(
        self,
        connection: duckdb.DuckDBPyConnection,
        statement: str,
        table: str,
        order: str,
        columns: Columns,
        beside: str | None = None,
    ) -> None:
        if not has_table(self._database, table):  # made before there was such a feed
            parts = dict.fromkeys(("source", "open", "sealed"), _none(columns))
            connection.execute(statement.format(**parts))
            return
        query = f"SELECT line FROM {table} WHERE session_id = $1 ORDER BY {order}"
        if beside is not None and has_table(self._database, beside):
            more = f"SELECT line FROM {beside} WHERE session_id = $1 ORDER BY {order}"
            query = (
                f"SELECT line FROM ({query}) AS ours UNION ALL SELECT line FROM ({more}) AS more"
            )
        batches = self._database.batches(query, self._session.session_id)
        connection.register(VIEW, batches)
        parts = {"source": _relation(columns), "open": _relation(columns), "sealed": _none(columns)}
        try:
            connection.execute(statement.format(**parts))
        except duckdb.Error as error:
            reason = self._database.url.masked(str(error).splitlines()[0])
            raise UnreachableError(f"{self.place} could not be read ({reason})") from None
        finally:
            connection.unregister(VIEW)

    def _count(self, table: str) -> int:
        if not has_table(self._database, table):
            return 0
        query = f"SELECT count(*) FROM {table} WHERE session_id = $1"
        return int(self._database.rows(query, self._session.session_id)[0][0])


def _relation(columns: Columns) -> str:
    """Return what reading a file of such lines gives: NULL for all that is not as it should be."""
    fields = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    parsed = f"TRY_CAST(TRY_CAST(line AS JSON) AS STRUCT({fields}))"
    return f"(SELECT unnest({parsed}) FROM {VIEW})"


def _none(columns: Columns) -> str:
    fields = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in columns.items())
    return f"(SELECT {fields} WHERE false)"
