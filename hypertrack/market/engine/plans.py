"""Definitions turned into queries, once: of no dataset yet, and of no window.

A plan knows the names and types of tables and writes queries down; an engine makes what they say,
as often as it is asked to. Where a window begins and ends are variables of the engine, so that the
queries of one window are those of every other.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import ibis
from ibis.expr.operations import Namespace, UnboundTable

from hypertrack.market.executions import fills

Columns = dict[str, Any]
"""Columns of a result, by name, ``[rows]`` each; a missing number is NaN."""

Variables = Mapping[str, int]
"""What a window is to the queries, by the names of `variable`."""

Schemas = tuple[tuple[str, ibis.Schema], ...]
"""Names of tables, and names and types of their columns."""

Build = Callable[..., Sequence[ibis.Table]]
"""From tables, and whatever else it takes, to what is asked of them."""


@ibis.udf.scalar.builtin(name="getvariable")  # type: ignore[untyped-decorator]
def _variable(named: str) -> int:  # type: ignore[empty-body]  # it stands for the engine's own
    """Return what DuckDB knows as a variable; Spark's queries get the number itself."""


def variable(name: str) -> Any:
    """Return a whole number that a query learns when it runs."""
    return _variable(name)


class Dialect(NamedTuple):
    """How an engine is spoken to."""

    compile: Callable[[ibis.Table], str]
    type_name: Callable[[Any], str]
    quote: str
    has_order: bool
    """Whether its tables keep rows in order."""
    as_of: Callable[[ibis.Table, ibis.Table, str], ibis.Table]
    """See `Tables`."""
    place_of_all: str | None
    """The schema of the whole dataset's tables, where those of a part hide them."""
    prefix: str
    """Before the names of a part's tables, where a part has no schema of its own."""


class Step(NamedTuple):
    """A table or a view to be made before what is asked."""

    name: str
    query: str
    is_view: bool = False
    by_coin: bool = False
    """Its rows may be made a few coins at a time."""


class Plan:
    """Tables of which nothing is computed: what is kept here is written down, in order.

    Attributes:
        steps: What is to be made.
    """

    def __init__(
        self,
        dialect: Dialect,
        schemas: Mapping[str, ibis.Schema],
        part: "Plan | None" = None,
        *,
        prefix: str = "",
    ):
        """Know some tables, before those of the part that these belong to."""
        self.dialect = dialect
        self.schemas = dict(schemas)
        self.steps: list[Step] = []
        self.prefix, self._above = prefix, part

    @property
    def part(self) -> "Plan":
        """Return the tables of the wallets and the window asked for (see `Tables`)."""
        return self

    @property
    def whole(self) -> "Plan":
        """Return the tables of the whole dataset (see `Tables`)."""
        return self._above.whole if self._above else self

    def table(self, name: str, *, of_all: bool = False) -> ibis.Table:
        """Return a table by its name (see `Tables`)."""
        if of_all:
            return self.whole.bound(name, self.dialect.place_of_all)
        if self._above and name not in self.schemas:
            return self._above.table(name)
        return self.bound(name)

    def bound(self, name: str, place: str | None = None) -> ibis.Table:
        """Return one of these tables, of which nothing is known but its columns."""
        found = {"name": self.prefix + name, "schema": self.schemas[name]}
        return UnboundTable(**found, namespace=Namespace(database=place)).to_expr()

    def has(self, name: str) -> bool:
        """Return whether a table is known here (see `Tables`)."""
        return name in self.schemas

    def keep(
        self, name: str, rows: ibis.Table, order_by: Sequence[str] = (), *, by_coin: bool = False
    ) -> None:
        """Write down rows to be kept as a table (see `Tables`)."""
        query = self._typed(rows, order_by if self.dialect.has_order else ())
        self._add(Step(name, query, by_coin=by_coin), rows)

    def define(self, name: str, rows: ibis.Table) -> None:
        """Write down a view (see `Tables`)."""
        self._add(Step(name, self._typed(rows), is_view=True), rows)

    def as_of(self, rows: ibis.Table, points: ibis.Table, point_ms: str) -> ibis.Table:
        """Return rows with the last point of their coin (see `Tables`)."""
        return self.dialect.as_of(rows, points, point_ms)

    def _add(self, step: Step, rows: ibis.Table) -> None:
        self.steps.append(step)
        self.schemas[step.name] = rows.schema()

    def _typed(self, rows: ibis.Table, order_by: Sequence[str] = ()) -> str:
        """Return the query of rows with the types that Ibis thinks they have.

        Engines take the 1 of a `literal(1, "int8")` for a wider integer.
        """
        mark = self.dialect.quote
        columns = ", ".join(
            f"CAST({mark}{name}{mark} AS {self.dialect.type_name(dtype)}) AS {mark}{name}{mark}"
            for name, dtype in rows.schema().items()
        )
        by = f" ORDER BY {', '.join(order_by)}" if order_by else ""
        return f"SELECT {columns} FROM ({self.dialect.compile(rows)}){by}"


class ShardPlan(Plan):
    """Tables that each shard of a part has of its own wallets."""

    @property
    def part(self) -> Plan:
        """Return the tables that all shards share."""
        assert self._above is not None
        return self._above


class Recipe(NamedTuple):
    """What is asked of a dataset, as queries."""

    whole: tuple[Step, ...]
    """To be made once of the whole dataset."""
    part: tuple[Step, ...]
    """To be made of the wallets and the window asked for; none where that is everything."""
    shard: tuple[Step, ...]
    """To be made in each shard; none without shards."""
    queries: tuple[str, ...]


class Layout(NamedTuple):
    """Where a recipe's tables are."""

    dialect: Dialect
    whole: Schemas
    """Tables of the dataset."""
    part: Schemas | None = None
    """Those that a part has of its own; None where everything is asked for."""
    is_sharded: bool = False


@lru_cache(maxsize=200)
def recipe(layout: Layout, build: Build, *args: Hashable) -> Recipe:
    """Return the queries of ``build(tables, *args)``; the same question is answered once.

    It takes Ibis longer to make a query than an engine needs to run it over a small window.
    """
    whole = part = Plan(layout.dialect, dict(layout.whole))
    if layout.part is not None:
        part = Plan(layout.dialect, dict(layout.part), whole, prefix=layout.dialect.prefix)
    asked = part
    if layout.is_sharded:
        known = {"fills": fills(part).schema()}
        if part is whole and whole.has("executions"):
            known["executions"] = whole.schemas["executions"]
        asked = ShardPlan(layout.dialect, known, part)
    queries = tuple(layout.dialect.compile(each) for each in build(asked, *args))
    return Recipe(
        whole=tuple(whole.steps),
        part=() if part is whole else tuple(part.steps),
        shard=() if asked is part else tuple(asked.steps),
        queries=queries,
    )
