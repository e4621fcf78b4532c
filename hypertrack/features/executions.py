"""Fills, executions, reference prices, fees: what features and labels are both made from.

Everything here is an Ibis expression over the tables of a dataset; only `executions` and
`last_trades` are kept as tables, once, because everything else reads them again and again.
"""

from collections.abc import Callable
from typing import Any

import ibis
from ibis import _

from hypertrack.config import FeeSettings

REFERENCE_MAX_AGE_MS = 60_000
"""An older quote is not a price any more; the last trade is then the better witness."""

BPS = 1e-4


def fills(con: Any) -> ibis.Table:
    """Return one row per wallet and trade; trades with oneself are left out.

    Columns: wallet_id, counterparty_id, coin_id, time_ms, trade_id, price, size, notional_usd,
    direction (+1 bought, -1 sold), is_taker, is_twap (takers only).
    """
    trades = con.table("trades").filter(_.buyer_id != _.seller_id)
    bought = _fills_of(trades, _.buyer_id, _.seller_id, 1, _.is_buy)
    sold = _fills_of(trades, _.seller_id, _.buyer_id, -1, ~_.is_buy)
    return bought.union(sold)


def executions(con: Any) -> ibis.Table:
    """Return what wallets did: a wallet's fills of one coin, time, direction and role as one.

    Columns: wallet_id, coin_id, time_ms, direction, is_taker, is_twap (any fill of it), size,
    notional_usd, twap_notional_usd, vwap, n_fills, n_counterparties. A table, made once.
    """
    return keep(con, "executions", lambda con: executions_of(fills(con)))


def last_trades(con: Any) -> ibis.Table:
    """Return the last price of each coin and time: coin_id, time_ms, price. A table, made once.

    Trades of one coin and time are ordered by their id.
    """
    return keep(con, "last_trades", _last_trades)


def keep(con: Any, name: str, build: Callable[[Any], ibis.Table]) -> ibis.Table:
    """Return the table ``name``, after making it from ``build(con)`` where it does not exist."""
    if name not in con.list_tables():
        con.create_table(name, build(con))
    return con.table(name)


def reference_prices(con: Any, asks: ibis.Table, *, strictly_before: bool) -> ibis.Table:
    """Return the reference price at the times asked for.

    The mid of the last quote where that is at most 60 s old, else the last trade price.

    Args:
        con: Ibis backend holding the dataset.
        asks: ask_id, coin_id, time_ms.
        strictly_before: Whether quotes and trades at the very time asked for are ignored.

    Returns:
        ask_id, price: a row per ask; price is NULL where there is no reference.
    """
    asks = asks.select("ask_id", "coin_id", "time_ms", is_strict=ibis.literal(strictly_before))
    found = answer(asks, last_trades(con), con.table("bbo"), only_asked_coins=True)
    return found.select("ask_id", "price")


def answer(
    asks: ibis.Table, trades: ibis.Table, quotes: ibis.Table, *, only_asked_coins: bool = False
) -> ibis.Table:
    """Return `reference_prices` for asks that say each for itself whether they are strict.

    Args:
        asks: ask_id, coin_id, time_ms, is_strict.
        trades: `last_trades`.
        quotes: The dataset's ``bbo``.
        only_asked_coins: Look first which coins are asked for; worth it where few are.

    Returns:
        ask_id, coin_id, time_ms, price: a row per ask.
    """
    asks = asks.cast({"ask_id": "int64", "coin_id": "int32", "time_ms": "int64"})
    if only_asked_coins:
        trades, quotes = (rows.semi_join(asks, "coin_id") for rows in (trades, quotes))
    timeline = (
        _points(trades, trade_ms=_.time_ms)
        .union(_points(quotes, quote_ms=_.time_ms))
        .union(_points(asks, ask_id=_.ask_id, place=ibis.ifelse(_.is_strict, 0, 2)))
    )
    # Portable as-of lookup: the running maximum of the times of trades and quotes is the time of
    # the last one, by which its price is then joined.
    past = ibis.window(group_by="coin_id", order_by=["time_ms", "place"], rows=(None, 0))
    found = timeline.select(
        "ask_id",
        "coin_id",
        "time_ms",
        trade_ms=_.trade_ms.max().over(past),
        quote_ms=_.quote_ms.max().over(past),
    ).filter(_.ask_id.notnull())
    at_trade = trades.select(trade_coin_id="coin_id", trade_ms="time_ms", trade_price="price")
    at_quote = quotes.select(quote_coin_id="coin_id", quote_ms="time_ms", mid_price="mid_price")
    return (
        found.left_join(at_trade, [found.coin_id == at_trade.trade_coin_id, "trade_ms"])
        .left_join(at_quote, [found.coin_id == at_quote.quote_coin_id, "quote_ms"])
        .select("ask_id", "coin_id", "time_ms", price=_reference(_.time_ms))
    )


def closing_prices(con: Any, at_ms: int) -> ibis.Table:
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


def with_fees(executed: ibis.Table, coins: ibis.Table, fees: FeeSettings) -> ibis.Table:
    """Return executions (or fills) with ``fee_usd``: the venue's base fee on their notional.

    ``dex:COIN`` is a builder's perp, ``@7`` and ``X/Y`` are spot, anything else is a perp.
    """
    rates = coins.select(
        "coin_id",
        taker_bps=_rate_bps(fees.spot_taker_bps, fees.perp_taker_bps, fees.hip3_multiplier),
        maker_bps=_rate_bps(fees.spot_maker_bps, fees.perp_maker_bps, fees.hip3_multiplier),
    )
    rate_bps = ibis.ifelse(_.is_taker, _.taker_bps, _.maker_bps)
    return (
        executed.join(rates, "coin_id")
        .mutate(fee_usd=_.notional_usd * rate_bps * BPS)
        .drop("taker_bps", "maker_bps")
    )


def is_hip3(coin: ibis.Value) -> ibis.Value:
    """Return whether a coin's name is that of a builder-deployed perp (``dex:COIN``)."""
    return coin.contains(":")


def is_spot(coin: ibis.Value) -> ibis.Value:
    """Return whether a coin's name is that of a spot pair (``@107``, ``PURR/USDC``)."""
    return coin.startswith("@") | coin.contains("/")


def _fills_of(
    trades: ibis.Table,
    wallet_id: ibis.Deferred,
    counterparty_id: ibis.Deferred,
    direction: int,
    is_taker: ibis.Deferred,
) -> ibis.Table:
    return trades.select(
        wallet_id=wallet_id,
        counterparty_id=counterparty_id,
        coin_id=_.coin_id,
        time_ms=_.time_ms,
        trade_id=_.trade_id,
        price=_.price,
        size=_.size,
        notional_usd=_.price * _.size,
        direction=ibis.literal(direction, "int8"),
        is_taker=is_taker,
        is_twap=is_taker & _.is_twap,
    )


def executions_of(filled: ibis.Table) -> ibis.Table:
    """Return the `executions` that these `fills` make."""
    # Two steps, by counterparty first: half the time of a distinct count inside one.
    keys = ["wallet_id", "coin_id", "time_ms", "direction", "is_taker"]
    return (
        filled.group_by([*keys, "counterparty_id"])
        .aggregate(
            size=_.size.sum(),
            notional_usd=_.notional_usd.sum(),
            twap_notional_usd=ibis.ifelse(_.is_twap, _.notional_usd, 0.0).sum(),
            n_fills=_.count(),
        )
        .group_by(keys)
        .aggregate(
            size=_.size.sum(),
            notional_usd=_.notional_usd.sum(),
            twap_notional_usd=_.twap_notional_usd.sum(),
            n_fills=_.n_fills.sum(),
            n_counterparties=_.count(),
        )
        .mutate(is_twap=_.twap_notional_usd > 0, vwap=_.notional_usd / _.size)
    )


def _last_trades(con: Any) -> ibis.Table:
    return (
        con.table("trades")
        .filter(_.buyer_id != _.seller_id)
        .group_by("coin_id", "time_ms")
        .aggregate(price=_.price.argmax(_.trade_id))
    )


def _points(rows: ibis.Table, **known: ibis.Value) -> ibis.Table:
    """Return rows of a timeline; at one time strict asks come first, then prices, then asks."""
    columns = {
        "place": ibis.literal(1, "int8"),
        "trade_ms": ibis.null("int64"),
        "quote_ms": ibis.null("int64"),
        "ask_id": ibis.null("int64"),
        **known,
    }
    return rows.select("coin_id", "time_ms", **columns)


def _reference(at_ms: ibis.Deferred | int) -> ibis.Value:
    is_fresh = _.quote_ms >= at_ms - REFERENCE_MAX_AGE_MS
    return ibis.ifelse(is_fresh, _.mid_price, None).fill_null(_.trade_price)


def _rate_bps(spot_bps: float, perp_bps: float, hip3_multiplier: float) -> ibis.Value:
    return ibis.cases(
        (is_spot(_.coin), spot_bps), (is_hip3(_.coin), perp_bps * hip3_multiplier), else_=perp_bps
    )
