"""What a sliding window keeps of the market beside the rows: extended, and not made anew."""

from typing import Any

import ibis

from hypertrack.market.engine.backend import DUCKDB, WHOLE, described
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.plans import Layout, recipe
from hypertrack.market.prices import last_trades


def made_of_trades(connection: Any) -> dict[str, str]:
    """Return by name the queries of tables whose rows follow from the trades of their moment.

    Args:
        connection: Knows the columns of ``trades``.
    """
    trades = dict(described(connection, WHOLE))["trades"]
    steps = recipe(Layout(DUCKDB, (("trades", trades),)), _kept).whole
    return {step.name: step.query for step in steps}


def _kept(con: Tables) -> tuple[ibis.Table]:
    return (last_trades(con),)
