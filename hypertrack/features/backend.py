"""The Ibis backend over an opened dataset."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ibis
from ibis.backends.duckdb import Backend

from hypertrack.store.dataset import Dataset

WHOLE = "main"
"""The schema that holds the tables of the whole dataset."""


class DuckDBBackend(Backend):  # type: ignore[misc]  # Ibis ships no types
    """Ibis on DuckDB, reading the catalog in a way that every DuckDB since 1.4 understands.

    Ibis 12 asks for it with `fetch_arrow_table`, which DuckDB 2 no longer has.
    """

    def get_schema(
        self, table_name: str, *, catalog: str | None = None, database: str | None = None
    ) -> Any:
        """Return the names and types of a table's columns."""
        place = ".".join(f'"{part}"' for part in (catalog, database, table_name) if part)
        described = self.con.execute(f"DESCRIBE {place}").fetchall()
        from_text = self.compiler.type_mapper.from_string
        return ibis.schema(
            {name: from_text(kind, nullable=null == "YES") for name, kind, null, *_ in described}
        )

    def list_tables(
        self, *, like: str | None = None, database: tuple[str, str] | str | None = None
    ) -> list[str]:
        """Return the names of the tables of the current schema: the dataset's, or a selection's."""
        del database
        found = self.con.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = current_schema() ORDER BY table_name"
        )
        names = [name for (name,) in found.fetchall()]
        return list(self._filter_with_like(names, like))

    @contextmanager
    def in_order(self) -> Iterator[None]:
        """Compute on one thread: rows keep their order, so that sums repeat to the bit.

        Floating-point sums depend on the order of their terms, which several threads share out
        anew at each run. Worth it for sums; lookups and windows need no order.
        """
        threads = self.con.execute("SELECT current_setting('threads')").fetchall()[0][0]
        self.con.execute("SET threads = 1")
        try:
            yield
        finally:
            self.con.execute(f"SET threads = {threads}")


def connect(dataset: Dataset) -> DuckDBBackend:
    """Return an Ibis backend over the dataset's own connection."""
    return over(dataset.connection)


def over(connection: Any) -> DuckDBBackend:
    """Return an Ibis backend over a DuckDB connection."""
    backend: DuckDBBackend = DuckDBBackend.from_connection(connection)
    return backend
