"""How DuckDB is spoken to."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import ibis
from ibis.backends.duckdb import Backend
from ibis.expr.operations import Node

from hypertrack.market.engine.kept_tables import OF_COIN, Dialect, Schemas
from hypertrack.market.engine.plans import Variables

WHOLE = "main"
"""The schema that holds the tables of the whole dataset."""

COLUMNS = f"""
SELECT table_name, column_name, data_type, is_nullable = 'YES' FROM information_schema.columns
WHERE table_schema = '{WHOLE}' AND table_catalog = current_database()
ORDER BY table_name, ordinal_position
"""


def described(connection: Any) -> Schemas:
    """Return the tables of a dataset, and the names and types of their columns."""
    from_text = Backend.compiler.type_mapper.from_string
    columns: dict[str, dict[str, Any]] = {}
    for table, name, kind, is_nullable in connection.execute(COLUMNS).fetchall():
        columns.setdefault(table, {})[name] = from_text(kind, nullable=is_nullable)
    return tuple((table, ibis.schema(found)) for table, found in columns.items())


@lru_cache(maxsize=2_000)
def compiled(operation: Node) -> str:
    """Return an operation as SQL: it takes Ibis longer than DuckDB needs for a small dataset."""
    return str(Backend().compile(operation.to_expr()))


def as_of(
    rows: ibis.Table, points: ibis.Table, point_ms: str, same: Mapping[str, str] = OF_COIN
) -> ibis.Table:
    """Return rows with the last point of their own (see `AsOf`)."""
    found = rows.asof_join(
        points,
        on=rows.seen_ms >= points[point_ms],
        predicates=[rows[name] == points[other] for name, other in same.items()],
    )
    return found.drop(*same.values())


DUCKDB = Dialect(
    compile=lambda rows: compiled(rows.op()),
    type_name=Backend.compiler.type_mapper.to_string,
    quote='"',
    has_order=True,
    as_of=as_of,
    ids="SELECT unnest('{}'::INTEGER[]) AS wallet_id",
)


def set_variables(connection: Any, at: Variables) -> None:
    """Set what a connection's queries are to know of the window."""
    for name, value in at.items():
        connection.execute(f"SET VARIABLE {name} = {value}::BIGINT")
