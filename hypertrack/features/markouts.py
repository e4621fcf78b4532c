"""How prices moved after a wallet traded, on average by notional."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.markouts import markouts
from hypertrack.market.price_lookups import HORIZONS


def marked_out(scope: Scope) -> Table:
    """Return executions with their markouts: wallet_id, and for each horizon two columns.

    ``usd_{after}``: notional that has a later price in the window; ``bps_usd_{after}``: the same
    times its drift-adjusted markout in bps.
    """
    rows = markouts(scope.con, scope.window, start_ms=scope.start_ms)
    known = {f"usd_{name}": _if_known(name, _.notional_usd) for name in HORIZONS}
    gains = {f"bps_usd_{name}": _.notional_usd * _[f"{name}_bps"] for name in HORIZONS}
    return rows.select("wallet_id", **known, **gains)


@feature(marked_out, unit="bps", group="extended")
def markout_5s_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 5 s after it traded, by notional, less the coin's drift."""
    return _mean(rows, "after_5s")


@feature(marked_out, unit="bps", group="extended")
def markout_30s_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 30 s after it traded, by notional, less the coin's drift."""
    return _mean(rows, "after_30s")


@feature(marked_out, unit="bps", group="extended")
def markout_5m_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 5 min after it traded, by notional, less the coin's drift."""
    return _mean(rows, "after_5m")


@feature(marked_out, unit="bps", group="extended")
def markout_30m_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 30 min after it traded, by notional, less coin's drift."""
    return _mean(rows, "after_30m")


def _if_known(name: str, value: Value) -> Value:
    return ibis.ifelse(_[f"{name}_bps"].notnull(), value, None)


def _mean(rows: Table, after: str) -> Value:
    return rows[f"bps_usd_{after}"].sum() / rows[f"usd_{after}"].sum()
