"""What sealed hours say for ever: executions, last trades and the prices around them.

An execution is of one wallet and one moment, and all trades of a moment are of the same hour: none
spans two. What is kept of it holds at any cut.
"""

from collections.abc import Callable, Sequence
from typing import Any

import ibis

from hypertrack.market.engine.duckdb_dialect import DUCKDB, described
from hypertrack.market.engine.kept_tables import Step, Tables
from hypertrack.market.executions import executions
from hypertrack.market.price_lookups import AROUND, prices_around
from hypertrack.market.prices import REFERENCE_MAX_AGE_MS, last_trades
from hypertrack.store.dataset import Dataset
from hypertrack.store.reading.sealed_tables import SealedTable, keep_tables

AHEAD_MS = max(ask.offset_ms for ask in AROUND.values())
BACK_MS = REFERENCE_MAX_AGE_MS - min(ask.offset_ms for ask in AROUND.values())
"""How far before a moment a quote may be that tells a price around it."""


def keep_hours(dataset: Dataset) -> None:
    """Let what follows from the hours of a dataset be tables of it, if its hours are kept."""
    if dataset.hours is None:
        return
    steps = _steps(dataset.connection, executions, last_trades, prices_around)
    views = ";".join(f'CREATE VIEW "{step.name}" AS {step.query}' for step in steps if step.is_view)
    around = {"prices_around": (BACK_MS, AHEAD_MS)}
    tables = [
        SealedTable(step.name, step.query, views, *around.get(step.name, ()))
        for step in steps
        if not step.is_view
    ]
    keep_tables(dataset.connection, dataset.hours, tables)


def made_of_trades(connection: Any) -> dict[str, str]:
    """Return by name the queries of tables whose rows follow from the trades of their moment.

    A sliding window extends them, and does not make them anew.

    Args:
        connection: Knows the columns of ``trades``.
    """
    return {step.name: step.query for step in _steps(connection, last_trades)}


def _steps(connection: Any, *definitions: Callable[[Tables], ibis.Table]) -> Sequence[Step]:
    """Return what definitions keep of trades and quotes."""
    known = tuple(each for each in described(connection) if each[0] in ("trades", "bbo"))
    con = Tables(DUCKDB, known)
    for define in definitions:
        define(con)
    return con.steps
