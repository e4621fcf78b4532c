"""Reference prices: what a coin was worth at a time, as far as one could know then.

The mid of the last quote where that is at most 60 s old, else the last trade price.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables, keep

REFERENCE_MAX_AGE_MS = 60_000
"""An older quote is not a price any more; the last trade is then the better witness."""


@dataclass(frozen=True)
class Ask:
    """A price asked for at an offset from each moment."""

    offset_ms: int = 0
    is_strict: bool = False
    """Whether only what came strictly before that time counts."""


def last_trades(con: Tables) -> Table:
    """Return the last price of each coin and time: coin_id, time_ms, price. A table, made once.

    Trades of one coin and time are ordered by their id. Of the whole dataset, whoever is asked for.
    """
    keep(con.whole, "last_trades", _last_trades, order_by=("coin_id", "time_ms"), by="coin_id")
    return con.table("last_trades")


def prices_at(con: Tables, times: Table, asks: Mapping[str, Ask]) -> Table:
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
            seen_ms=(_.time_ms + ask.offset_ms - int(ask.is_strict)).cast("int64"),
            unseen_ms=ibis.literal(int(ask.is_strict), "int8"),
            nth=ibis.literal(nth, "int8"),
        )
        for nth, ask in enumerate(asks.values())
    ]
    found = _looked_up(con, ibis.union(*asked), con.table("bbo"), last_trades(con))
    prices = {name: _.price.max(where=_.nth == nth) for nth, name in enumerate(asks)}
    return found.group_by("coin_id", "time_ms").aggregate(**prices)


def reference_prices(con: Tables, asks: Table, *, strictly_before: bool) -> Table:
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
    unseen_ms = int(strictly_before)
    asked = asks.mutate(
        seen_ms=(_.time_ms - unseen_ms).cast("int64"), unseen_ms=ibis.literal(unseen_ms, "int8")
    )
    return _looked_up(con, asked, quotes, trades).select("ask_id", "price")


def closing_prices(con: Tables, at_ms: int) -> Table:
    """Return the reference price of every coin traded by then at one time: coin_id, price."""
    trades = last_trades(con).filter(_.time_ms <= at_ms)
    # An older quote is none; few rows are near one time, and engines skip the others.
    quotes = con.table("bbo").filter(_.time_ms.between(at_ms - REFERENCE_MAX_AGE_MS, at_ms))
    last_trade = trades.group_by("coin_id").aggregate(trade_price=_.price.argmax(_.time_ms))
    last_quote_ms = quotes.group_by(quote_coin_id=_.coin_id).aggregate(quote_ms=_.time_ms.max())
    mids = quotes.select(mid_coin_id="coin_id", quote_ms="time_ms", mid_price="mid_price")
    last_quote = last_quote_ms.join(
        mids, [last_quote_ms.quote_coin_id == mids.mid_coin_id, "quote_ms"]
    )
    return last_trade.left_join(last_quote, last_trade.coin_id == last_quote.quote_coin_id).select(
        "coin_id", price=_reference(at_ms)
    )


def _looked_up(con: Tables, asked: Table, quotes: Table, trades: Table) -> Table:
    """Return what is asked for with its price, by what was seen until ``seen_ms``.

    The time asked about is ``unseen_ms`` later.
    """
    quotes = _near(asked, quotes).select(coin="coin_id", quote_ms="time_ms", mid_price="mid_price")
    trades = trades.select(coin="coin_id", trade_ms="time_ms", trade_price="price")
    found = con.as_of(con.as_of(asked, trades, "trade_ms"), quotes, "quote_ms")
    return found.select(*asked.columns, price=_reference(_.seen_ms + _.unseen_ms))


def _near(asked: Table, quotes: Table) -> Table:
    """Return the quotes that may be fresh when they are asked for: many coins are mostly quiet.

    A fresh one is at most `REFERENCE_MAX_AGE_MS` old, so in the same stretch of that length as
    what is asked for, or in the one before.
    """
    stretch = _.seen_ms // REFERENCE_MAX_AGE_MS
    within = asked.select("coin_id", stretch=stretch)
    before = asked.select("coin_id", stretch=stretch - 1)
    marked = quotes.mutate(stretch=_.time_ms // REFERENCE_MAX_AGE_MS)
    return marked.semi_join(within.union(before).distinct(), ["coin_id", "stretch"])


def _last_trades(con: Tables) -> Table:
    return (
        con.table("trades")
        .filter(_.buyer_id != _.seller_id)
        .group_by("coin_id", "time_ms")
        .aggregate(price=_.price.argmax(_.trade_id))
    )


def _reference(at_ms: ibis.Deferred | int) -> ibis.Value:
    is_fresh = _.quote_ms >= at_ms - REFERENCE_MAX_AGE_MS
    return ibis.ifelse(is_fresh, _.mid_price, None).fill_null(_.trade_price)
