"""Connections to SQLite and PostgreSQL: the one place where their drivers are loaded."""

import importlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from hypertrack.config import DatabaseUrl
from hypertrack.errors import ConfigError, DatasetError

CONNECT_TIMEOUT_S = 5
"""After which a PostgreSQL server that does not answer counts as unreachable."""

BATCH_ROWS = 8_192

COLUMN_TYPES = {pa.int64(): "BIGINT", pa.string(): "TEXT"}

TEMPORARY = {"sqlite": "", "postgresql": "ON COMMIT DELETE ROWS"}
"""How a temporary table is emptied: rows that PostgreSQL deletes stay on disk, since nothing
vacuums temporary tables, and a recording takes weeks."""

HINTS: Mapping[str, str] = {
    "password authentication failed": "check user and password (HYPERTRACK_DATA in .env)",
    "no password supplied": "put a password into the URL (HYPERTRACK_DATA in .env) or ~/.pgpass",
    "Connection refused": "is the server running? check host and port",
    "translate host name": "check the host's name",
    "timeout expired": "is the server running? check host and port",
    "permission denied": "ask for the rights, or choose another --data",
    "unable to open database": "check the path",
    "not a database": "choose another --data",
    "database is locked": "another program writes to it: try again when it is done",
}
"""What to do, by the driver's words."""


QUERY = re.compile(r"\n\s*(?:Query was|query|LINE \d+|This probably means|Is the server)")
DRIVER = re.compile(r"^[A-Z_]+: (\[\w+\] )?")
"""Parts of the driver's words that tell a user nothing."""


class UnreachableError(DatasetError):
    """A database that cannot be reached, or not be used, at the moment."""


class Database:
    """One connection; statements belong to a transaction until `commit`.

    Use as a context manager or `close` it. Failures of the driver are raised as
    `UnreachableError`, without the password.
    """

    def __init__(self, url: DatabaseUrl):
        self.url = url
        driver = _driver(url)
        self._temporary: set[str] = set()
        self._error: type[Exception] = driver.Error
        with self._failures():
            self._connection = driver.connect(_address(url))
            self._cursor = self._connection.cursor()

    def run(self, statement: str, *values: object) -> None:
        """Execute a statement; values stand for ``$1``, ``$2``."""
        with self._failures():
            self._cursor.execute(statement, values or None)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self._failures():
            self._cursor.execute(statement, values or None)
            found: list[tuple[Any, ...]] = self._cursor.fetchall()
        return found

    def put_aside(self, table: str, rows: pa.Table) -> None:
        """Put rows into a temporary table of their columns, for the rest of the transaction."""
        if table not in self._temporary:
            columns = ", ".join(f"{one.name} {COLUMN_TYPES[one.type]}" for one in rows.schema)
            self.run(f"CREATE TEMP TABLE {table} ({columns}) {TEMPORARY[self.url.dialect]}")
            self._temporary.add(table)
        elif self.url.dialect == "sqlite":
            self.run(f"DELETE FROM {table}")
        with self._failures():
            self._cursor.adbc_ingest(table, rows, mode="append", temporary=True)

    def batches(self, statement: str, *values: object) -> pa.RecordBatchReader:
        """Return a query's rows as Arrow batches, read while they come.

        Only one reader at a time; the next statement ends it.
        """
        with self._failures():
            if self.url.dialect == "sqlite":
                rows = {"adbc.sqlite.query.batch_rows": str(BATCH_ROWS)}
                self._cursor.adbc_statement.set_options(**rows)
            self._cursor.execute(statement, values or None)
            return self._cursor.fetch_record_batch()

    def each_batch(self, statement: str, *values: object) -> Iterator[pa.RecordBatch]:
        """Yield a query's rows as `batches` gives them; a failure on the way is one of the driver.

        Arrow raises it as its own, or as one of the system.
        """
        reader = self.batches(statement, *values)
        try:
            yield from reader
        except (OSError, pa.ArrowException) as error:
            raise UnreachableError(_words(self.url, error)) from None

    def commit(self) -> None:
        """Make what was written last, and see what others wrote meanwhile."""
        with self._failures():
            self._connection.commit()

    def close(self) -> None:
        """End the connection; what was not committed is gone."""
        with self._failures():
            self._cursor.close()
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def let_readers_in(self) -> None:
        """Let others read a SQLite file while we write; it is asked outside of a transaction."""
        for is_autocommit in (True, False):
            with self._failures():
                self._connection.adbc_connection.set_autocommit(is_autocommit)
            if is_autocommit:
                self.rows("PRAGMA journal_mode = WAL")
                self.rows("PRAGMA synchronous = FULL")

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise UnreachableError(_words(self.url, error)) from None


def open_writer(url: DatabaseUrl) -> Database:
    """Connect for writing; a SQLite file is made where missing.

    Raises:
        UnreachableError: The database cannot be reached.
        ConfigError: Its driver is not installed.
    """
    if url.dialect == "sqlite":
        try:
            Path(url.connection).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnreachableError(f"{url} cannot be written ({error.strerror})") from None
    database = _set_up(Database(url))
    if url.dialect == "sqlite":
        with closed_on_failure(database):
            database.let_readers_in()
    return database


def open_reader(url: DatabaseUrl) -> Database:
    """Connect for reading: what is seen does not change from the first query on.

    Raises:
        DatasetError: There is no such file.
        UnreachableError: The database cannot be reached.
        ConfigError: Its driver is not installed.
    """
    if url.dialect == "sqlite" and not Path(url.connection).is_file():
        raise DatasetError(f"no dataset at {url}: record one with `hypertrack record`")
    database = _set_up(Database(url))
    if url.dialect == "postgresql":
        with closed_on_failure(database):
            database.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    return database


def _set_up(database: Database) -> Database:
    with closed_on_failure(database):
        if database.url.dialect == "postgresql":
            database.run(f'SET search_path TO "{database.url.schema}", pg_temp')
            database.run("SET client_min_messages TO warning")
        else:
            database.run("PRAGMA busy_timeout = 5000")
        database.commit()
    return database


@contextmanager
def closed_on_failure(database: Database) -> Iterator[None]:
    """Disconnect where setting up fails."""
    try:
        yield
    except BaseException:
        database.close()
        raise


def _driver(url: DatabaseUrl) -> Any:
    try:
        return importlib.import_module(f"adbc_driver_{url.dialect}.dbapi")
    except ImportError:
        package = f"adbc-driver-{url.dialect}"
        raise ConfigError(
            f"{url.dialect} needs the package {package}, which is not installed: "
            f"pip install {package}"
        ) from None


def _address(url: DatabaseUrl) -> str:
    if url.dialect == "sqlite" or "connect_timeout=" in url.connection:
        return url.connection
    joint = "&" if "?" in url.connection else "?"
    return f"{url.connection}{joint}connect_timeout={CONNECT_TIMEOUT_S}"


def _words(url: DatabaseUrl, error: Exception) -> str:
    """Return one line that says what went wrong and what to do, without a password."""
    said = QUERY.split(str(error), maxsplit=1)[0].partition("SQLSTATE:")[0]
    said = DRIVER.sub("", " ".join(url.masked(said).split())).rstrip(". ")
    hint = next((hint for words, hint in HINTS.items() if words in said), None)
    return f"{url}: {said}" + (f": {hint}" if hint else "")
