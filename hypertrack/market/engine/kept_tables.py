"""What is made once and read again and again: named tables of a backend."""

from collections.abc import Callable, Sequence
from typing import Any

from ibis import Table


def keep(
    con: Any, name: str, build: Callable[[Any], Table], *, order_by: Sequence[str] = ()
) -> Table:
    """Return the table ``name``, after making it from ``build(con)`` where it does not exist.

    Args:
        con: The backend that keeps it.
        name: Of the table.
        build: From the backend to the rows.
        order_by: How the rows are to lie, where a backend keeps them in order.
    """
    if name not in con.list_tables():
        con.keep(name, build(con), order_by)
    return con.table(name)


def view(con: Any, name: str, build: Callable[[Any], Table]) -> Table:
    """Return the rows called ``name``, which are computed anew wherever they are read."""
    if name not in con.list_tables():
        con.define(name, build(con))
    return con.table(name)
