"""Funding: what longs and shorts pay each other at each full hour, where rates are known.

A payment is − size · oracle price · rate of the position held at the hour. The rate that fell due
is told by the venue's history of a coin, or by the contexts before the hour; where neither was
seen, it is unknown, which is not 0. Contexts alone tell the oracle price: in its place stands what
the coin was traded at, and the source of each number says so.
"""

import ibis
from ibis import Table, Value, _

from hypertrack.market.coins import is_outcome, is_spot
from hypertrack.market.engine.kept_tables import Tables, expressed_once, keep
from hypertrack.market.positions import KEYS, is_known, positions
from hypertrack.market.prices import last_trades
from hypertrack.market.window import Window, as_value
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS

LAST_MINUTES_MS = 600_000
"""The rate of an hour moves until it is over: only contexts of its last ten minutes tell it."""

MAX_AGE_MS = DAY_MS
"""An older trade says too little of the price at an hour: coins move some percent a day, and a
payment would be as far off."""

ORACLE, CANDLE, TRADE = 0, 1, 2
"""``source``: what stands beside a rate, from the best to the worst. The oracle price that a
context told; the close of the minutes before the hour; the price of the last trade or fill."""

SUMS = (
    *("n_rates", "price_rate", "price", "price_above", "price_below"),
    *("price_known", "price_premium", "n_candles", "n_trades"),
)
"""Sums over hours of a coin: how many rates are known; of price · rate; of the price, also where
longs paid (above), where shorts did (below), and where the premium is known; of price · premium;
how many prices are those of candles, and of last trades."""


def hourly_rates(con: Tables) -> Table:
    """Return coin_id, time_ms, rate, price, premium, source: what fell due at full hours.

    Rate and premium as the venue's history tells them, else as the last context of the ten minutes
    before did; premium is NULL where none was told. Hours without any price are left out. A table,
    made once.
    """
    keep(con.whole, "hourly_rates", _hourly_rates, order_by=("coin_id", "time_ms"))
    return con.table("hourly_rates")


def _hourly_rates(con: Tables) -> Table:
    rates = con.table("funding_rates").mutate(is_told=ibis.literal(True))
    hours = _last_contexts(con).outer_join(rates, ["coin_id", "time_ms"])
    hours = hours.select(
        "oracle_price",
        coin_id=ibis.coalesce(_.coin_id, _.coin_id_right),
        time_ms=ibis.coalesce(_.time_ms, _.time_ms_right),
        rate=ibis.coalesce(_.rate, _.funding_rate),
        premium=ibis.ifelse(_.is_told, _.premium_right, _.premium),
    )
    found = _with_traded_prices(con, hours)
    source = ibis.cases(
        (_.oracle_price.notnull(), ORACLE), (_.close.notnull(), CANDLE), else_=TRADE
    )
    return found.select(
        *("coin_id", "time_ms", "rate", "premium"),
        price=ibis.coalesce(_.oracle_price, _.close, _.traded),
        source=source.cast("int8"),
    ).filter(_.price.notnull())


def rates_so_far(con: Tables) -> Table:
    """Return coin_id, time_ms and `SUMS` up to and with each hour that is known; made once."""
    keep(con.whole, "rates_so_far", _rates_so_far, order_by=("coin_id", "time_ms"))
    return con.table("rates_so_far")


@expressed_once
def held_hours(con: Tables, window: Window) -> Table:
    """Return known positions that were held at a full hour of a window, and what fell due then.

    Columns: wallet_id, coin_id, time_ms and until_ms (the position is that of hours after the one,
    up to and with the other), held (coins), n_hours, and `SUMS` over these hours. Perps alone have
    funding.
    """
    coins = con.table("coins")
    perps = coins.filter(~(is_spot(_.coin) | is_outcome(_.coin)))
    n_hours = _.until_ms // HOUR_MS - _.time_ms // HOUR_MS
    due = stages(con, window).semi_join(perps, "coin_id").mutate(n_hours=n_hours)
    rows = due.filter((_.n_hours > 0) & (_.side != 0)).drop("side")
    for name, at in (("first", _.time_ms), ("last", _.until_ms)):
        points = rates_so_far(con).select(
            coin="coin_id",
            **{f"{name}_ms": "time_ms"},
            **{f"{name}_{column}": column for column in SUMS},
        )
        columns = [*rows.columns, *(f"{name}_{column}" for column in SUMS)]
        rows = con.as_of(rows.mutate(seen_ms=at), points, f"{name}_ms").select(columns)
    sums = {name: _since(rows, name) for name in SUMS}
    return rows.select(*KEYS, "time_ms", "until_ms", "held", "n_hours", **sums)


def window_funding(con: Tables, window: Window) -> Table:
    """Return wallet_id, coin_id, funding_usd (received, paid if below 0), funding_source.

    Of wallets that held at a full hour; NULL where a rate is not known that fell due on them. The
    source is the worst of the hours'.
    """
    summed = (
        held_hours(con, window)
        .group_by(*KEYS)
        .aggregate(
            usd=-(_.held * _.price_rate).sum(),
            n_hours=_.n_hours.sum(),
            **{name: _[name].sum() for name in ("n_rates", "n_candles", "n_trades")},
        )
    )
    is_known = _.n_rates == _.n_hours
    source = ibis.cases((_.n_trades > 0, TRADE), (_.n_candles > 0, CANDLE), else_=ORACLE)
    return summed.select(
        *KEYS,
        funding_usd=ibis.ifelse(is_known, _.usd, None),
        funding_source=ibis.ifelse(is_known, source, None).cast("int8"),
    )


def payments(con: Tables, window: Window) -> Table:
    """Return wallet_id, coin_id, time_ms, funding_usd of each full hour at which a position paid.

    NULL where the rate is not known.
    """
    held = held_hours(con, window).select(*KEYS, "time_ms", "until_ms", "held")
    first, end = held.time_ms // HOUR_MS + 1, held.until_ms // HOUR_MS + 1
    hours = held.mutate(hour=ibis.range(first, end, 1).unnest())
    rates = hourly_rates(con).select("coin_id", "time_ms", "rate", "price")
    due = hours.select(*KEYS, "held", time_ms=(_.hour * HOUR_MS).cast("int64"))
    due = due.left_join(rates, ["coin_id", "time_ms"])
    return due.select(*KEYS, "time_ms", funding_usd=-_.held * _.rate * _.price)


def _rates_so_far(con: Tables) -> Table:
    so_far = ibis.window(group_by="coin_id", order_by="time_ms", rows=(None, 0))
    price = _.price
    parts = {
        "n_rates": ibis.literal(1, "int64"),
        "price_rate": price * _.rate,
        "price": price,
        "price_above": ibis.ifelse(_.rate > 0, price, 0.0),
        "price_below": ibis.ifelse(_.rate < 0, price, 0.0),
        "price_known": ibis.ifelse(_.premium.notnull(), price, 0.0),
        "price_premium": (price * _.premium).fill_null(0.0),
        "n_candles": (_.source == CANDLE).cast("int64"),
        "n_trades": (_.source == TRADE).cast("int64"),
    }
    rows = hourly_rates(con).mutate(**parts)
    sums = {name: rows[name].sum().over(so_far) for name in SUMS}
    return rows.select("coin_id", "time_ms", **sums)


def _last_contexts(con: Tables) -> Table:
    """Return coin_id, time_ms (a full hour), funding_rate, oracle_price, premium, as told before.

    Of hours in whose last ten minutes a context told rate and oracle price.
    """
    told = con.table("contexts").filter(_.funding_rate.notnull() & _.oracle_price.notnull())
    due_ms = (_.time_ms // HOUR_MS + 1) * HOUR_MS
    near = told.mutate(due_ms=due_ms).filter(_.due_ms - _.time_ms <= LAST_MINUTES_MS)
    in_turn = ibis.window(group_by=["coin_id", "due_ms"], order_by=_.time_ms.desc())
    last = near.mutate(nth=ibis.row_number().over(in_turn)).filter(_.nth == 0)
    columns = ("coin_id", "funding_rate", "oracle_price", "premium")
    return last.select(*columns, time_ms=_.due_ms.cast("int64"))


def _with_traded_prices(con: Tables, hours: Table) -> Table:
    """Return hours with close, traded: what a coin was traded at, if its oracle price lacks.

    close: of the last candle that ended in the ten minutes before; traded: of the last trade or
    fill; NULL where there is none. What came after the hour tells nothing: a window may end there.
    """
    wanted = hours.filter(_.oracle_price.isnull()).select("coin_id").distinct()
    candles = con.table("candles").filter(_.start_ms % HOUR_MS >= HOUR_MS - LAST_MINUTES_MS)
    closes = candles.semi_join(wanted, "coin_id").select(
        "close", coin="coin_id", closed_ms=_.start_ms + MINUTE_MS
    )
    fills = con.table("imported_fills").filter(~_.has_trade & (_.price > 0))
    fills = fills.group_by("coin_id", "time_ms").aggregate(price=_.price.max())
    prices = last_trades(con).semi_join(wanted, "coin_id").union(fills.semi_join(wanted, "coin_id"))
    prices = prices.group_by("coin_id", "time_ms").aggregate(price=_.price.max())
    trades = prices.select(coin="coin_id", traded_ms="time_ms", traded="price")
    found = hours
    for points, at_ms in ((closes, "closed_ms"), (trades, "traded_ms")):
        columns = [*found.columns, *(name for name in points.columns if name != "coin")]
        found = con.as_of(found.mutate(seen_ms=_.time_ms), points, at_ms).select(columns)
    return found.select(
        *hours.columns,
        close=ibis.ifelse(_.time_ms - _.closed_ms < LAST_MINUTES_MS, _.close, None),
        traded=ibis.ifelse(_.time_ms - _.traded_ms <= MAX_AGE_MS, _.traded, None),
    )


def stages(con: Tables, window: Window) -> Table:
    """Return what each wallet with known positions held, from change to change.

    Columns: wallet_id, coin_id, time_ms, until_ms, held, side; the first stage is that of the
    window's beginning, whose first instant is in it. Where the next change does not begin with
    what was held, nothing is known of the time between.
    """
    changes = window.of(positions(con)).filter(is_known(window.end_ms))
    begun = changes.group_by(*KEYS).aggregate(
        nth=_.nth.min() - 1,
        held=_.before.argmin(_.nth),
        side=_.side_before.argmin(_.nth),
        chain=_.chain.argmin(_.nth),
    )
    begun = begun.mutate(time_ms=as_value(window.start_ms - 1))
    columns = (*KEYS, "nth", "chain", "time_ms", "held", "side")
    moved = changes.select(*KEYS, "nth", "chain", "time_ms", held="after", side="side_after")
    in_turn = ibis.window(group_by=KEYS, order_by="nth")
    held = begun.select(columns).union(moved.select(columns))
    last_ms = as_value(window.end_ms - 1)
    held = held.mutate(
        next_ms=_.time_ms.lead().over(in_turn).fill_null(last_ms),
        next_chain=_.chain.lead().over(in_turn).fill_null(_.chain),
    )
    until_ms = ibis.ifelse(_.next_chain == _.chain, _.next_ms, _.time_ms)
    return held.select(*KEYS, "time_ms", "held", "side", until_ms=until_ms)


def _since(rows: Table, name: str) -> Value:
    """Return a sum over the hours of a stage: what it came to, less what it was before."""
    return rows[f"last_{name}"].fill_null(0) - rows[f"first_{name}"].fill_null(0)
