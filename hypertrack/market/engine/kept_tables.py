"""What definitions are expressed on: named tables, made once and read again."""

from collections.abc import Callable, Sequence
from typing import Protocol

from ibis import Table


class Tables(Protocol):
    """Tables by name, of a whole dataset or of the wallets and the window asked for."""

    @property
    def whole(self) -> "Tables":
        """What is made from the whole dataset is kept here."""

    @property
    def part(self) -> "Tables":
        """What is made for the wallets and the window asked for is kept here."""

    def table(self, name: str, *, of_all: bool = False) -> Table:
        """Return a table: of these, or else of the part, or else of the whole dataset.

        Args:
            name: Of the table.
            of_all: Of the whole dataset, whoever is asked for.
        """

    def has(self, name: str) -> bool:
        """Return whether a table is known here; a part's are not the whole's."""

    def keep(self, name: str, rows: Table, order_by: Sequence[str], *, by_coin: bool) -> None:
        """Let rows be computed once, as a table (see `keep`)."""

    def define(self, name: str, rows: Table) -> None:
        """Give rows a name, by which they are computed wherever they are read."""

    def as_of(self, rows: Table, points: Table, point_ms: str) -> Table:
        """Return rows with the last point of their coin at or before their ``seen_ms``.

        Args:
            rows: With ``coin_id`` and ``seen_ms``.
            points: ``coin``, their time in ``point_ms``, and what is wanted of them; one a time.
            point_ms: Name of the column.
        """


def keep(
    con: Tables,
    name: str,
    build: Callable[[Tables], Table],
    *,
    order_by: Sequence[str] = (),
    by_coin: bool = False,
) -> Table:
    """Return the table ``name``, made of ``build(con)`` where it does not exist.

    Args:
        con: The tables that it is kept among.
        name: Of the table.
        build: From the tables to the rows.
        order_by: How the rows are to lie, where an engine keeps them in order.
        by_coin: Rows of a coin are made of that coin's rows alone, so that an engine may make
            them a few coins at a time.
    """
    if not con.has(name):
        con.keep(name, build(con), order_by, by_coin=by_coin)
    return con.table(name)


def view(con: Tables, name: str, build: Callable[[Tables], Table]) -> Table:
    """Return the rows called ``name``, which are computed anew wherever they are read."""
    if not con.has(name):
        con.define(name, build(con))
    return con.table(name)
