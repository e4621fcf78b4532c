"""What definitions are expressed on: named tables, made once and read again.

Nothing is computed here. What is kept is written down as queries, in order; an engine makes what
they say, as often as it is asked to. Nothing is known of the tables but their columns, so that
what is kept is written down once for all datasets that have the same.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import lru_cache, wraps
from typing import Any, NamedTuple, Protocol, TypeVar, cast

from ibis import Schema, Table
from ibis.expr.operations import UnboundTable

OF_COIN = {"coin_id": "coin"}
"""What rows call a coin, and what points call it."""


class AsOf(Protocol):
    """Looks up what was known at a time."""

    def __call__(
        self, rows: Table, points: Table, point_ms: str, same: Mapping[str, str] = OF_COIN
    ) -> Table:
        """Return rows with the last point at or before them.

        Args:
            rows: With ``seen_ms``.
            points: One a time, where more of them is read than that.
            point_ms: Their column of it.
            same: Columns of rows that must be the same, and what points call them, where they are
                no more afterwards.
        """


Schemas = tuple[tuple[str, Schema], ...]
"""Names of tables, and names and types of their columns."""

SEPARATOR = ";\n"
"""Between what a query needs and the query."""

PART = "part_"
"""Before the names of what a part has of its own: engines have one place for all."""


class Dialect(NamedTuple):
    """How an engine is spoken to."""

    compile: Callable[[Table], str]
    """To a query, behind whatever the engine needs beside it; `SEPARATOR` between them."""
    type_name: Callable[[Any], str]
    quote: str
    has_order: bool
    """Whether its tables keep rows in order."""
    as_of: AsOf
    ids: str
    """The query of rows of ``wallet_id``, of the text of their list."""


Asks = tuple[tuple[str, int, bool], ...]
"""Of each column its name, its offset from the moments in ms, and whether only what came strictly
before that counts."""


class Lookup(NamedTuple):
    """The reference prices that a table is of, for engines with a quicker way than its query."""

    times: str
    """The query of ``coin_id`` and ``time_ms`` of all moments that are asked about, each once."""
    asks: Asks


class Prices(NamedTuple):
    """Reference prices to be kept: rows as a definition, and what they answer."""

    rows: Table
    times: Table
    asks: Asks


class Step(NamedTuple):
    """A table or a view to be made before what is asked."""

    name: str
    query: str
    is_view: bool = False
    by: str | None = None
    """The column of ids of which its rows may be made a few at a time."""
    lookup: Lookup | None = None
    """What is asked for, where the table is of reference prices."""


class Tables:
    """Tables by name, of a whole dataset or of the wallets and the window asked for.

    Attributes:
        base: The tables that were there.
        whole: What is made from the whole dataset is kept there.
        part: What is made for the wallets and the window asked for is kept there.
        as_of: The engine's own.
        schemas: Columns of the tables that are known here.
        steps: What is to be made.
    """

    def __init__(
        self,
        dialect: Dialect,
        base: Schemas,
        whole: "Tables | None" = None,
        part: "Tables | None" = None,
    ):
        """Know some tables, which stand before those of the part and of the whole.

        Args:
            whole: Where these are of a part, or of a shard.
            part: Where these are of a shard, which has a place of its own.
        """
        self.dialect, self.base = dialect, base
        self.schemas = dict(base)
        self.steps: list[Step] = []
        self.whole, self.part = whole or self, part or self
        self.as_of = dialect.as_of
        self.prefix = PART if whole and not part else ""

    def table(self, name: str) -> Table:
        """Return a table: of these, or else of the part, or else of the whole dataset."""
        known = (each for each in (self, self.part) if each.has(name))
        return next(known, self.whole).bound(name)

    def bound(self, name: str) -> Table:
        """Return one of these tables, of which nothing is known but its columns."""
        return UnboundTable(self.prefix + name, self.schemas[name]).to_expr()

    @property
    def foundation(self) -> "Foundation":
        """What these tables have in common with all on which the same is expressed alike."""
        whole, part = self.whole, self.part
        return Foundation(
            self.dialect,
            whole.base,
            None if part is whole else part.base,
            None if self is part else self.base,
        )

    def has(self, name: str) -> bool:
        """Return whether a table is known here; a part's are not the whole's."""
        return name in self.schemas

    def keep(
        self,
        name: str,
        rows: Table,
        order_by: Sequence[str] = (),
        *,
        by: str | None = None,
        is_view: bool = False,
        lookup: Lookup | None = None,
    ) -> None:
        """Let rows be computed once, as a table; or wherever they are read, as a view."""
        query = self._typed(rows, order_by if self.dialect.has_order else ())
        self.steps.append(Step(name, query, is_view, by, lookup))
        self.schemas[name] = rows.schema()

    def adopt(self, others: "Tables") -> None:
        """Let what is kept among others of the same foundation be kept here."""
        levels = ((self.whole, others.whole), (self.part, others.part), (self, others))
        for mine, theirs in levels:
            for step in theirs.steps:
                if not mine.has(step.name):
                    mine.steps.append(step)
                    mine.schemas[step.name] = theirs.schemas[step.name]

    def _typed(self, rows: Table, order_by: Sequence[str]) -> str:
        """Return the query of rows with the types that Ibis thinks they have.

        Engines take the 1 of a `literal(1, "int8")` for a wider integer.
        """
        mark = self.dialect.quote
        columns = ", ".join(
            f"CAST({mark}{name}{mark} AS {self.dialect.type_name(dtype)}) AS {mark}{name}{mark}"
            for name, dtype in rows.schema().items()
        )
        by = f" ORDER BY {', '.join(order_by)}" if order_by else ""
        before, mark, query = self.dialect.compile(rows).rpartition(SEPARATOR)
        return f"{before}{mark}SELECT {columns} FROM ({query}){by}"


class Foundation(NamedTuple):
    """The tables that definitions find: of a dataset, of a part of it, and of a shard of that."""

    dialect: Dialect
    of_whole: Schemas
    of_part: Schemas | None
    """Those that a part has of its own; None where everything is asked for."""
    of_shard: Schemas | None
    """Those that a shard has of its own; None without shards."""

    def tables(self) -> Tables:
        """Return these tables, among which nothing is kept."""
        whole = part = found = Tables(self.dialect, self.of_whole)
        if self.of_part is not None:
            part = found = Tables(self.dialect, self.of_part, whole)
        if self.of_shard is not None:
            found = Tables(self.dialect, self.of_shard, whole, part)
        return found


def keep(
    con: Tables,
    name: str,
    build: Callable[..., Table | Prices],
    *args: Hashable,
    order_by: tuple[str, ...] = (),
    by: str | None = None,
    is_view: bool = False,
) -> Table:
    """Return the table ``name``, made of ``build(con, *args)`` where it does not exist.

    Args:
        con: The tables that it is kept among.
        name: Of the table.
        build: From the tables to the rows: the same of the same arguments always.
        order_by: How the rows are to lie, where an engine keeps them in order.
        by: The column of a coin or a wallet whose rows are made of its own rows alone, so that an
            engine may make them a few at a time.
        is_view: The rows are computed anew wherever they are read.
    """
    if not con.has(name):
        asked = _Asked(name, build, args, order_by, by, is_view)
        con.adopt(_kept(con.foundation, asked))
    return con.table(name)


class _Asked(NamedTuple):
    """The arguments of `keep`."""

    name: str
    build: Callable[..., Table | Prices]
    args: tuple[Hashable, ...]
    order_by: tuple[str, ...]
    by: str | None
    is_view: bool


@lru_cache(maxsize=1_000)
def _kept(foundation: Foundation, asked: _Asked) -> Tables:
    """Return tables among which one is kept, and whatever it is made of.

    It takes Ibis longer to express it than an engine needs to make it of a small dataset.
    """
    con, lookup = foundation.tables(), None
    rows = asked.build(con, *asked.args)
    if isinstance(rows, Prices):
        rows, lookup = rows.rows, Lookup(con.dialect.compile(rows.times), rows.asks)
    is_view, by = asked.is_view, asked.by
    con.keep(asked.name, rows, asked.order_by, by=by, is_view=is_view, lookup=lookup)
    return con


Definition = TypeVar("Definition", bound=Callable[..., Table])


def expressed_once(define: Definition) -> Definition:
    """Let a definition be expressed once for like tables and the same arguments, by position.

    For those that several others are made of, and that take Ibis long.
    """

    @lru_cache(maxsize=20)  # a window that is no `variable` is soon followed by another
    def expressed(foundation: Foundation, args: tuple[Hashable, ...]) -> tuple[Table, Tables]:
        con = foundation.tables()
        return define(con, *args), con

    @wraps(define)
    def found(con: Tables, *args: Hashable) -> Table:
        rows, kept = expressed(con.foundation, args)
        con.adopt(kept)
        return rows

    return cast(Definition, found)
