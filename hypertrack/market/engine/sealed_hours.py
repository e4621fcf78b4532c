"""What sealed hours say for ever: executions, last trades and the prices around them.

An execution is of one wallet and one moment, and all trades of a moment are of the same hour: none
spans two. What is kept of it holds at any cut.
"""

import ibis

from hypertrack.market.engine.backend import DUCKDB, WHOLE, described
from hypertrack.market.engine.kept_tables import Step, Tables
from hypertrack.market.engine.plans import recipe
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
    base = dict(described(dataset.connection, WHOLE))
    known = tuple((name, base[name]) for name in ("trades", "bbo"))
    steps = recipe(DUCKDB, known, None, False, _kept).whole
    views = ";".join(f'CREATE VIEW "{step.name}" AS {step.query}' for step in steps if step.is_view)
    tables = [_table(step, views) for step in steps if not step.is_view]
    keep_tables(dataset.connection, dataset.hours, tables)


def _kept(con: Tables) -> tuple[ibis.Table, ...]:
    return executions(con), last_trades(con), prices_around(con)


def _table(step: Step, views: str) -> SealedTable:
    if step.name == "prices_around":
        return SealedTable(step.name, step.query, views, BACK_MS, AHEAD_MS)
    return SealedTable(step.name, step.query, views)
