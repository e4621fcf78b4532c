"""Reference prices around the moments something traded: shared by many features, looked up once.

A moment is a coin and a time at which something was executed. All executions of a moment ask for
the same prices, and the answers do not depend on any cut: a feature that looks ahead must itself
leave out the moments whose later price lies beyond its window.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ibis import Table, _

from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.prices import Ask, last_trades, priced

MINUTES_5_MS = 300_000
IMPACT_MS = 5_000

AROUND: Mapping[str, Ask] = {
    "before": Ask(is_strict=True),
    "before_5m": Ask(-MINUTES_5_MS, is_strict=True),
    "after_5s": Ask(IMPACT_MS),
}

LATER: Mapping[str, Ask] = {
    "after_30s": Ask(30_000),
    "after_5m": Ask(MINUTES_5_MS),
    "after_30m": Ask(1_800_000),
}

ORDER = ("coin_id", "time_ms")


def prices_around(con: Any) -> Table:
    """Return coin_id, time_ms, before, before_5m, after_5s of every moment; made once."""
    return _prices(con, "prices_around", AROUND)


def prices_later(con: Any) -> Table:
    """Return coin_id, time_ms, after_30s, after_5m, after_30m of every moment; made once."""
    return _prices(con, "prices_later", LATER)


def moments(con: Any) -> Table:
    """Return coin_id, time_ms of everything traded by the wallets that are asked for."""
    if con.part is con.whole:
        return last_trades(con).select(*ORDER)
    trades = con.table("trades").filter(_.buyer_id != _.seller_id)
    return trades.select(*ORDER).distinct()


def _prices(con: Any, name: str, asks: Mapping[str, Ask]) -> Table:
    if name not in con.whole.list_tables():  # where they are, a part's are among them
        build = partial(_priced_moments, asks=asks)
        keep(con.part, name, build, order_by=ORDER, by_coin=True)
    return con.table(name)


def _priced_moments(con: Any, asks: Mapping[str, Ask]) -> Table:
    return priced(con, moments(con), asks)
