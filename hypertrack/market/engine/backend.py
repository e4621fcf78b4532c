"""The Ibis backend over an opened dataset."""

from collections.abc import Sequence
from typing import Any, Self

import ibis
from ibis.backends.duckdb import Backend

from hypertrack.store.dataset import Dataset

WHOLE = "main"
"""The schema that holds the tables of the whole dataset."""


class DuckDBBackend(Backend):  # type: ignore[misc]  # Ibis ships no types
    """Ibis on DuckDB: what an expression needs of an engine, and Ibis does not offer.

    Names are looked up in the schemas of the connection's search path, in their order.
    """

    whole: Self
    """Keeps what is made from the whole dataset."""
    part: Self
    """Keeps what is made for the wallets and the window asked for."""

    def keep(self, name: str, rows: ibis.Table, order_by: Sequence[str] = ()) -> None:
        """Compute rows once, as a table."""
        self.con.execute(f'CREATE TABLE "{name}" AS {self.ordered(rows, order_by)}')

    def define(self, name: str, rows: ibis.Table) -> None:
        """Give rows a name, by which they are computed wherever they are read."""
        self.con.execute(f'CREATE VIEW "{name}" AS {self.ordered(rows)}')

    def ordered(self, rows: ibis.Table, order_by: Sequence[str] = ()) -> str:
        """Return the query of rows that lie in order, with the types that Ibis thinks they have.

        DuckDB would take the 1 of a `literal(1, "int8")` for a wider integer.
        """
        type_name = self.compiler.type_mapper.to_string
        columns = ", ".join(
            f'"{name}"::{type_name(dtype)} AS "{name}"' for name, dtype in rows.schema().items()
        )
        by = f" ORDER BY {', '.join(order_by)}" if order_by else ""
        return f"SELECT {columns} FROM ({self.compile(rows)}){by}"

    def as_of(self, rows: ibis.Table, points: ibis.Table, point_ms: str) -> ibis.Table:
        """Return rows with the last point of their coin at or before their ``seen_ms``.

        Args:
            rows: With ``coin_id`` and ``seen_ms``.
            points: ``coin``, their time in ``point_ms``, and what is wanted of them; one a time.
            point_ms: Name of the column.
        """
        found = rows.asof_join(
            points,
            on=rows.seen_ms >= points[point_ms],
            predicates=[rows.coin_id == points.coin],
        )
        return found.drop("coin")

    def get_schema(
        self, table_name: str, *, catalog: str | None = None, database: str | None = None
    ) -> Any:
        """Return the names and types of a table's columns.

        Read in a way that every DuckDB since 1.4 understands: Ibis 12 asks for it with
        `fetch_arrow_table`, which DuckDB 2 no longer has.
        """
        place = ".".join(f'"{part}"' for part in (catalog, database, table_name) if part)
        described = self.con.execute(f"DESCRIBE {place}").fetchall()
        from_text = self.compiler.type_mapper.from_string
        return ibis.schema(
            {name: from_text(kind, nullable=null == "YES") for name, kind, null, *_ in described}
        )

    def list_tables(
        self, *, like: str | None = None, database: tuple[str, str] | str | None = None
    ) -> list[str]:
        """Return the names of the tables of the current schema: the dataset's, or a part's."""
        del database
        found = self.con.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = current_schema() ORDER BY table_name"
        )
        names = [name for (name,) in found.fetchall()]
        return list(self._filter_with_like(names, like))


def connect(dataset: Dataset) -> DuckDBBackend:
    """Return an Ibis backend over the dataset's own connection."""
    # Rows on the left are guessed to be few where they are not, and a loop would take hours.
    dataset.connection.execute("SET GLOBAL asof_loop_join_threshold = 0")
    return over(dataset.connection)


def over(connection: Any, whole: DuckDBBackend | None = None) -> DuckDBBackend:
    """Return an Ibis backend over a DuckDB connection: of a part, or of the whole dataset."""
    backend: DuckDBBackend = DuckDBBackend.from_connection(connection)
    backend.whole, backend.part = whole or backend, backend
    return backend
