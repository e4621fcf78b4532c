"""The DuckDB that holds a dataset, or a part of it, as tables that definitions are expressed on."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import ibis
import numpy as np
from ibis.backends.duckdb import Backend
from ibis.expr.operations import Node
from numpy.typing import NDArray

from hypertrack.market.engine.computer import Market
from hypertrack.market.engine.kept_tables import Dialect, Schemas, Step, Tables
from hypertrack.market.engine.plans import Variables, recipe
from hypertrack.market.prices import last_trades
from hypertrack.store.dataset import Dataset
from hypertrack.store.parallel import in_parallel
from hypertrack.store.reading.recorded_books import RecordedBooks

WHOLE = "main"
"""The schema that holds the tables of the whole dataset."""

ROWS_AT_ONCE = 5_000_000
"""Of the coins that are looked up together: their sort stays within a few hundred megabytes."""

MARKET = ("trades", "bbo", "last_trades")
"""What is known of coins, whoever traded them."""

END_ID = 2**31 - 1
"""Beyond every id."""

COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns
WHERE table_schema = $place AND table_catalog = current_database()
ORDER BY table_name, ordinal_position
"""


class DuckDBTables(Market):
    """The tables of a schema of DuckDB.

    Attributes:
        connection: Looks names up along ``path``.
        place: Name of the schema.
        path: The schema, and that of the whole dataset.
    """

    def __init__(self, connection: Any, whole: "DuckDBTables | None" = None, *, place: str = WHOLE):
        """Take what is there: of a part where ``whole`` is given."""
        super().__init__(DUCKDB, described(connection, place), whole)
        self.connection, self.place = connection, place
        self.path = f"{place},{WHOLE}" if whole else place

    def answer(self, query: str, at: Variables) -> Any:
        """Return the rows of a query as an Arrow table."""
        set_variables(self.connection, at)
        return self.connection.sql(query).to_arrow_table()

    def make_one(self, step: Step, at: Variables) -> None:
        """Make a table or a view, a few coins at a time where that may be and they are many.

        DuckDB would sort all rows at once to look up prices, which is more than fits in memory.
        """
        set_variables(self.connection, at)
        groups = self._coin_groups() if step.by_coin and self.whole is self else []
        if len(groups) > 1:
            self._make_coins(step, groups)
        else:
            kind = "VIEW" if step.is_view else "TABLE"
            self.connection.execute(f'CREATE {kind} "{step.name}" AS {step.query}')

    def drop_one(self, name: str) -> None:
        """Drop a table."""
        self.connection.execute(f'DROP TABLE "{name}"')

    def know(self, name: str) -> None:
        """Know a table that was made since."""
        found = dict(described(self.connection, self.place))[name]
        self.gathered += ((name, found),)
        self.schemas[name] = found
        self._made.add(name)

    def _coin_groups(self) -> list[tuple[int, int]]:
        """Return where groups of coins with about `ROWS_AT_ONCE` trades begin and end."""
        found = self.connection.execute(
            "SELECT coin_id, count(*) AS n FROM trades GROUP BY coin_id ORDER BY coin_id"
        ).fetchnumpy()
        return groups_of(found["coin_id"], found["n"], ROWS_AT_ONCE)

    def _make_coins(self, step: Step, groups: Sequence[tuple[int, int]]) -> None:
        """Make the rows of each group of coins, in a schema where there are no others."""
        name, known = step.name, self._made & {*MARKET}

        def make(cursor: Any, group: tuple[int, int]) -> None:
            schema = f"{name}_{group[0]}"
            cursor.execute(f"CREATE SCHEMA {schema}")
            cursor.execute(f"SET search_path = '{schema},{WHOLE}'")
            for table in known:
                cursor.execute(
                    f"CREATE VIEW {table} AS FROM {WHOLE}.{table} "
                    f"WHERE coin_id >= {group[0]} AND coin_id < {group[1]}"
                )
            cursor.execute(f'CREATE TABLE "{name}" AS {step.query}')

        in_parallel(self.connection, make, groups)
        made = " UNION ALL ".join(f'FROM {name}_{first}."{name}"' for first, _ in groups)
        self.connection.execute(f'CREATE VIEW "{name}" AS {made}')


def described(connection: Any, place: str) -> Schemas:
    """Return the tables of a schema, and the names and types of their columns."""
    from_text = Backend.compiler.type_mapper.from_string
    columns: dict[str, dict[str, Any]] = {}
    for table, name, kind, is_nullable in connection.execute(COLUMNS, {"place": place}).fetchall():
        columns.setdefault(table, {})[name] = from_text(kind, nullable=is_nullable)
    return tuple((table, ibis.schema(found)) for table, found in columns.items())


def made_of_trades(connection: Any) -> dict[str, str]:
    """Return by name the queries of tables whose rows follow from the trades of their moment.

    A sliding window extends them, and does not make them anew.

    Args:
        connection: Knows the columns of ``trades``.
    """
    trades = dict(described(connection, WHOLE))["trades"]
    steps = recipe(DUCKDB, (("trades", trades),), None, False, _made_of_trades).whole
    return {step.name: step.query for step in steps}


def _made_of_trades(con: Tables) -> tuple[ibis.Table]:
    return (last_trades(con),)


@lru_cache(maxsize=2_000)
def compiled(operation: Node) -> str:
    """Return an operation as SQL: it takes Ibis longer than DuckDB needs for a small dataset."""
    return str(Backend().compile(operation.to_expr()))


def as_of(rows: ibis.Table, points: ibis.Table, point_ms: str) -> ibis.Table:
    """Return rows with the last point of their coin (see `Tables`)."""
    found = rows.asof_join(
        points,
        on=rows.seen_ms >= points[point_ms],
        predicates=[rows.coin_id == points.coin],
    )
    return found.drop("coin")


DUCKDB = Dialect(
    compile=lambda rows: compiled(rows.op()),
    type_name=Backend.compiler.type_mapper.to_string,
    quote='"',
    has_order=True,
    as_of=as_of,
    place_of_all=WHOLE,
    prefix="",
)


def set_variables(connection: Any, at: Variables) -> None:
    """Set what a connection's queries are to know of the window."""
    for name, value in at.items():
        connection.execute(f"SET VARIABLE {name} = {value}::BIGINT")


def groups_of(ids: NDArray[Any], counts: NDArray[Any], n_each: float) -> list[tuple[int, int]]:
    """Return the ids at which groups of about ``n_each`` begin and end, of ascending ids."""
    so_far = np.cumsum(counts)
    n_all = int(so_far[-1]) if len(so_far) else 0
    targets = np.arange(n_each, n_all, n_each)
    starts = np.unique([0, *ids[np.searchsorted(so_far, targets)]]).tolist()
    return list(zip(starts, [*starts[1:], END_ID], strict=True))


def connect(dataset: Dataset) -> DuckDBTables:
    """Return the tables of a dataset, on its own connection."""
    # Rows on the left are guessed to be few where they are not, and a loop would take hours.
    dataset.connection.execute("SET GLOBAL asof_loop_join_threshold = 0")
    found = DuckDBTables(dataset.connection)
    found.books = RecordedBooks(dataset.connection, dataset.lines)
    return found
