"""Reference prices before and after everything that traded, looked up once for all windows.

Prices do not depend on a window. Whoever looks ahead must leave out what lies beyond its window.
"""

from collections.abc import Mapping
from typing import Any

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.prices import Ask, last_trades, priced
from hypertrack.records import MINUTE_MS

MARKOUT_MS = 300_000
"""Horizon of the markout behind `sophistication_score`."""


AT_TRADES: Mapping[str, Ask] = {
    "before": Ask(is_strict=True),
    "before_1m": Ask(-MINUTE_MS, is_strict=True),
    "before_15m": Ask(-15 * MINUTE_MS, is_strict=True),
    "later": Ask(MARKOUT_MS),
}

AT_MINUTES: Mapping[str, Ask] = {
    "now": Ask(),
    "later": Ask(MARKOUT_MS),
}


def trade_prices(con: Any) -> Table:
    """Return coin_id, time_ms and the columns of `AT_TRADES` for all times a coin traded at."""
    return keep(con, "label_trade_prices", _trade_prices)


def minute_prices(con: Any) -> Table:
    """Return coin_id, time_ms, now, later at each whole minute from a coin's first trade on."""
    return keep(con, "label_minute_prices", _minute_prices)


def _trade_prices(con: Any) -> Table:
    return priced(con, last_trades(con).select("coin_id", "time_ms"), AT_TRADES)


def _minute_prices(con: Any) -> Table:
    spans = (
        last_trades(con)
        .group_by("coin_id")
        .aggregate(
            first=(_.time_ms.min() + MINUTE_MS - 1) // MINUTE_MS, last=_.time_ms.max() // MINUTE_MS
        )
    )
    spans = spans.mutate(last=_["last"].max().over(ibis.window()))
    minutes = ibis.range(spans["first"], spans["last"] + 1, 1).unnest()
    moments = spans.select("coin_id", time_ms=minutes * MINUTE_MS)
    return priced(con, moments, AT_MINUTES)
