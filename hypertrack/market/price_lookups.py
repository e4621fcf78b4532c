"""Reference prices around everything that traded, and at whole minutes: looked up once for all.

Everything that was executed in a coin at one time asks for the same prices, and what is found
does not depend on any cut: whoever looks ahead must leave out what lies beyond its own window.
"""

from collections.abc import Callable, Hashable, Mapping

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Prices, Tables, keep
from hypertrack.market.prices import Ask, last_trades, prices_at
from hypertrack.market.window import as_value
from hypertrack.records import MINUTE_MS

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

EARLIER: Mapping[str, Ask] = {
    "before_1m": Ask(-MINUTE_MS, is_strict=True),
    "before_15m": Ask(-15 * MINUTE_MS, is_strict=True),
}

HORIZONS: Mapping[str, Ask] = {"after_5s": AROUND["after_5s"], **LATER}
"""Of markouts."""

ORDER = ("coin_id", "time_ms")


def prices_around(con: Tables) -> Table:
    """Return coin_id, time_ms and the columns of `AROUND` for all that traded; made once."""
    return _prices(con, "prices_around", AROUND)


def prices_later(con: Tables) -> Table:
    """Return coin_id, time_ms and the columns of `HORIZONS` for all that traded; made once."""
    return _prices(con, "prices_later", HORIZONS)


def prices_earlier(con: Tables) -> Table:
    """Return coin_id, time_ms and the columns of `EARLIER` for all that traded; made once."""
    return _prices(con, "prices_earlier", EARLIER)


def minute_prices(con: Tables, start_ms: int | None = None) -> Table:
    """Return coin_id, time_ms, now and the columns of `HORIZONS` at whole minutes; made once.

    NULL before the first price of a coin.

    Args:
        con: Holds the dataset, or a part of it.
        start_ms: Where the minutes begin: with the first trade where None. A part of a dataset
            has minutes before its own first trade, and must say when it starts.
    """
    asks = (("now", Ask()), *HORIZONS.items())
    keep(con.part, "minute_prices", asked_prices, minutes, asks, start_ms, order_by=ORDER)
    return con.table("minute_prices")


def traded_times(con: Tables) -> Table:
    """Return coin_id, time_ms of everything traded by the wallets that are asked for."""
    if con.part is con.whole:
        return last_trades(con).select(*ORDER)
    trades = con.table("trades").filter(_.buyer_id != _.seller_id)
    return trades.select(*ORDER).distinct()


def minutes(con: Tables, start_ms: int | None = None) -> Table:
    """Return coin_id, time_ms: each whole minute of each coin traded by who is asked for.

    Args:
        start_ms: As for `minute_prices`.
    """
    traded = last_trades(con).aggregate(first=_.time_ms.min(), last=_.time_ms.max())
    begin_ms = traded["first"] if start_ms is None else as_value(start_ms)
    first = (begin_ms + MINUTE_MS - 1) // MINUTE_MS
    each = traded.select(minute=ibis.range(first, traded["last"] // MINUTE_MS + 1, 1).unnest())
    times = each.select(time_ms=(_.minute * MINUTE_MS).cast("int64"))
    return traded_times(con).select("coin_id").distinct().cross_join(times)


def asked_prices(
    con: Tables,
    moments: Callable[..., Table],
    asks: tuple[tuple[str, Ask], ...],
    *args: Hashable,
) -> Prices:
    """Return the prices of ``moments(con, *args)``, to be kept (see `prices_at`)."""
    times = moments(con, *args)
    named = tuple((name, ask.offset_ms, ask.is_strict) for name, ask in asks)
    return Prices(prices_at(con, times, dict(asks)), times, named)


def _prices(con: Tables, name: str, asks: Mapping[str, Ask]) -> Table:
    if not con.whole.has(name):  # where they are, a part's are among them
        asked = tuple(asks.items())
        keep(con.part, name, asked_prices, traded_times, asked, order_by=ORDER, by="coin_id")
    return con.table(name)
