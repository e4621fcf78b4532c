"""Reference prices: what a coin was worth at a time, as far as one could know then.

The mid of the last quote where that is at most 60 s old, else the last trade price.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import keep

REFERENCE_MAX_AGE_MS = 60_000
"""An older quote is not a price any more; the last trade is then the better witness."""


@dataclass(frozen=True)
class Ask:
    """A price asked for at an offset from each moment."""

    offset_ms: int = 0
    is_strict: bool = False
    """Whether only what came strictly before that time counts."""


def last_trades(con: Any) -> Table:
    """Return the last price of each coin and time: coin_id, time_ms, price. A table, made once.

    Trades of one coin and time are ordered by their id. Of the whole dataset, whoever is asked for.
    """
    keep(con.whole, "last_trades", _last_trades, order_by=("coin_id", "time_ms"), by_coin=True)
    return con.table("last_trades")


def prices_at(con: Any, times: Table, asks: Mapping[str, Ask]) -> Table:
    """Return coin_id, time_ms and a reference price per ask: NULL where there is none.

    All asks are looked up at once, as engines sort all quotes for each lookup.

    Args:
        con: Backend holding the dataset.
        times: coin_id, time_ms; each once.
        asks: What to look up, by the name of its column.
    """
    asked = [
        times.select(
            "coin_id",
            "time_ms",
            ask=ibis.literal(name),
            seen_ms=(_.time_ms + ask.offset_ms - int(ask.is_strict)).cast("int64"),
            at_ms=(_.time_ms + ask.offset_ms).cast("int64"),
        )
        for name, ask in asks.items()
    ]
    found = _looked_up(con, ibis.union(*asked), con.table("bbo"), last_trades(con))
    prices = {name: _.price.max(where=_.ask == name) for name in asks}
    return found.group_by("coin_id", "time_ms").aggregate(**prices)


def reference_prices(con: Any, asks: Table, *, strictly_before: bool) -> Table:
    """Return the reference price at the times asked for.

    Args:
        con: Backend holding the dataset.
        asks: ask_id, coin_id, time_ms.
        strictly_before: Whether quotes and trades at the very time asked for are ignored.

    Returns:
        ask_id, price: a row per ask; price is NULL where there is no reference.
    """
    asks = asks.select("ask_id", "coin_id", "time_ms")
    asks = asks.cast({"coin_id": "int32", "time_ms": "int64"})
    # Looked first which coins are asked for, as they are few.
    trades, quotes = (
        rows.semi_join(asks, "coin_id") for rows in (last_trades(con), con.table("bbo"))
    )
    asked = asks.mutate(at_ms=_.time_ms, seen_ms=(_.time_ms - int(strictly_before)).cast("int64"))
    return _looked_up(con, asked, quotes, trades).select("ask_id", "price")


def closing_prices(con: Any, at_ms: int) -> Table:
    """Return the reference price of every coin traded by then at one time: coin_id, price."""
    trades = last_trades(con).filter(_.time_ms <= at_ms)
    quotes = con.table("bbo").filter(_.time_ms <= at_ms)
    last_trade = trades.group_by("coin_id").aggregate(trade_price=_.price.argmax(_.time_ms))
    last_quote_ms = quotes.group_by(quote_coin_id=_.coin_id).aggregate(quote_ms=_.time_ms.max())
    mids = quotes.select(mid_coin_id="coin_id", quote_ms="time_ms", mid_price="mid_price")
    last_quote = last_quote_ms.join(
        mids, [last_quote_ms.quote_coin_id == mids.mid_coin_id, "quote_ms"]
    )
    return last_trade.left_join(last_quote, last_trade.coin_id == last_quote.quote_coin_id).select(
        "coin_id", price=_reference(at_ms)
    )


def _looked_up(con: Any, asked: Table, quotes: Table, trades: Table) -> Table:
    """Return what is asked for with its price: ``at_ms`` by what was seen until ``seen_ms``."""
    trades = trades.select(coin="coin_id", trade_ms="time_ms", trade_price="price")
    quotes = quotes.select(coin="coin_id", quote_ms="time_ms", mid_price="mid_price")
    found = con.as_of(con.as_of(asked, trades, "trade_ms"), quotes, "quote_ms")
    return found.select(*asked.columns, price=_reference(_.at_ms))


def _last_trades(con: Any) -> Table:
    return (
        con.table("trades")
        .filter(_.buyer_id != _.seller_id)
        .group_by("coin_id", "time_ms")
        .aggregate(price=_.price.argmax(_.trade_id))
    )


def _reference(at_ms: ibis.Deferred | int) -> ibis.Value:
    is_fresh = _.quote_ms >= at_ms - REFERENCE_MAX_AGE_MS
    return ibis.ifelse(is_fresh, _.mid_price, None).fill_null(_.trade_price)
