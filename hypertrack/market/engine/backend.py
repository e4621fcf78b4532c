"""Ibis over the DuckDB that holds a dataset, or a part of it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar
from weakref import ref

import ibis
import numpy as np
from ibis.backends.duckdb import Backend
from ibis.expr.operations import Node
from numpy.typing import NDArray

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.store.dataset import Dataset

WHOLE = "main"
"""The schema that holds the tables of the whole dataset."""

ROWS_AT_ONCE = 5_000_000
"""Of the coins that are looked up together: their sort stays within a few hundred megabytes."""

MARKET = ("trades", "bbo", "last_trades")
"""What is known of coins, whoever traded them."""

END_ID = 2**31 - 1
"""Beyond every id."""

T = TypeVar("T")
U = TypeVar("U")


class Source:
    """Where the rows of a table are, of which expressions know nothing.

    All are equal, so that two connections' expressions are when they say the same, and what was
    compiled for one serves the other. A reference alone, so that nothing compiled keeps a dataset.
    """

    def __init__(self, backend: "DuckDBBackend"):
        """Stand for a backend, for as long as it lives."""
        self._backend = ref(backend)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source)

    def __hash__(self) -> int:
        return hash(Source)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend(), name)


class DuckDBBackend(Backend):  # type: ignore[misc]  # Ibis ships no types
    """Ibis on DuckDB, with what `Tables` ask of an engine beside.

    Names are looked up in the schemas of the connection's search path, in their order.
    """

    whole: Tables
    part: Tables

    def keep(
        self, name: str, rows: ibis.Table, order_by: Sequence[str] = (), *, by_coin: bool = False
    ) -> None:
        """Compute rows once, as a table; a few coins at a time where that may be and they are many.

        DuckDB would sort all rows at once to look up prices, which is more than fits in memory.
        """
        query = self.ordered(rows, order_by)
        groups = self._coin_groups() if by_coin and self.whole is self else []
        if len(groups) > 1:
            self._keep_coins(name, query, groups)
        else:
            self.con.execute(f'CREATE TABLE "{name}" AS {query}')

    def rows(self, table: ibis.Table) -> list[dict[str, Any]]:
        """Return few rows as they are, by column; without loading what makes frames of them."""
        found = self.con.execute(self.compile(table))
        names = [name for name, *_ in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

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
        """Return rows with the last point of their coin (see `Tables`)."""
        found = rows.asof_join(
            points,
            on=rows.seen_ms >= points[point_ms],
            predicates=[rows.coin_id == points.coin],
        )
        return found.drop("coin")

    def table(self, name: str, /, *, database: tuple[str, str] | str | None = None) -> ibis.Table:
        """Return a table by its name, of the search path's schemas or of the one named."""
        found = super().table(name, database=database).op()
        return found.copy(source=Source(self)).to_expr()

    def compile(self, expr: ibis.Expr, /, **options: Any) -> str:
        """Return the query of an expression; one that was seen before is not compiled anew."""
        return super().compile(expr, **options) if options else compiled(expr.op())

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

    def _coin_groups(self) -> list[tuple[int, int]]:
        """Return where groups of coins with about `ROWS_AT_ONCE` trades begin and end."""
        found = self.con.execute(
            "SELECT coin_id, count(*) AS n FROM trades GROUP BY coin_id ORDER BY coin_id"
        ).fetchnumpy()
        return groups_of(found["coin_id"], found["n"], ROWS_AT_ONCE)

    def _keep_coins(self, name: str, query: str, groups: Sequence[tuple[int, int]]) -> None:
        """Make the rows of each group of coins, in a schema where there are no others."""
        known = {*self.list_tables()} & {*MARKET}

        def make(cursor: Any, group: tuple[int, int]) -> None:
            schema = f"{name}_{group[0]}"
            cursor.execute(f"CREATE SCHEMA {schema}")
            cursor.execute(f"SET search_path = '{schema},{WHOLE}'")
            for table in known:
                cursor.execute(
                    f"CREATE VIEW {table} AS FROM {WHOLE}.{table} "
                    f"WHERE coin_id >= {group[0]} AND coin_id < {group[1]}"
                )
            cursor.execute(f'CREATE TABLE "{name}" AS {query}')

        in_parallel(self.con, make, groups)
        made = " UNION ALL ".join(f'FROM {name}_{first}."{name}"' for first, _ in groups)
        self.con.execute(f'CREATE VIEW "{name}" AS {made}')


@lru_cache(maxsize=2_000)
def compiled(operation: Node) -> str:
    """Return an operation as SQL: it takes Ibis longer than DuckDB needs for a small dataset."""
    return str(Backend().compile(operation.to_expr()))


def groups_of(ids: NDArray[Any], counts: NDArray[Any], n_each: float) -> list[tuple[int, int]]:
    """Return the ids at which groups of about ``n_each`` begin and end, of ascending ids."""
    so_far = np.cumsum(counts)
    n_all = int(so_far[-1]) if len(so_far) else 0
    targets = np.arange(n_each, n_all, n_each)
    starts = np.unique([0, *ids[np.searchsorted(so_far, targets)]]).tolist()
    return list(zip(starts, [*starts[1:], END_ID], strict=True))


def in_parallel(connection: Any, run: Callable[[Any, T], U], items: Sequence[T]) -> list[U]:
    """Run something for every item, on one thread each, as many at once as DuckDB has threads.

    Args:
        run: Takes a connection of its own, and the item.
    """
    threads = connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
    cursors = [connection.cursor() for _ in items]
    connection.execute("SET threads = 1")
    pool = ThreadPoolExecutor(threads)
    try:
        return list(pool.map(run, cursors, items))
    except BaseException:
        for cursor in cursors:
            cursor.interrupt()
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for cursor in cursors:
            cursor.close()
        connection.execute(f"SET threads = {threads}")


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
