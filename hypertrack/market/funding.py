"""Funding: what longs and shorts pay each other at each full hour, where rates are known.

A payment is − size · oracle price · rate of the position held at the hour. The rate that falls due
is told by the contexts before it; where none was seen, it is unknown, which is not 0.
"""

from typing import Any

import ibis
from ibis import Table, Value, _

from hypertrack.market.coins import is_outcome, is_spot
from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.positions import KEYS, is_known, positions
from hypertrack.market.window import Window, as_value
from hypertrack.records import HOUR_MS

LAST_MINUTES_MS = 600_000
"""The rate of an hour moves until it is over: only contexts of its last ten minutes tell it."""

SUMS = (
    *("n_rates", "price_rate", "price", "price_above", "price_below"),
    *("price_known", "price_premium"),
)
"""Sums over hours of a coin: how many rates are known; of oracle price · rate; of the oracle price,
also where longs paid (above), where shorts did (below), and where the premium is known; of oracle
price · premium."""


def hourly_rates(con: Any) -> Table:
    """Return coin_id, time_ms, rate, oracle_price, premium: what fell due at full hours.

    Of hours in whose last ten minutes a context told rate and oracle price; premium is NULL where
    that context told none.
    """
    told = con.table("contexts").filter(_.funding_rate.notnull() & _.oracle_price.notnull())
    due_ms = (_.time_ms // HOUR_MS + 1) * HOUR_MS
    near = told.mutate(due_ms=due_ms).filter(_.due_ms - _.time_ms <= LAST_MINUTES_MS)
    in_turn = ibis.window(group_by=["coin_id", "due_ms"], order_by=_.time_ms.desc())
    last = near.mutate(nth=ibis.row_number().over(in_turn)).filter(_.nth == 0)
    return last.select(
        "coin_id",
        "oracle_price",
        "premium",
        time_ms=_.due_ms.cast("int64"),
        rate="funding_rate",
    )


def rates_so_far(con: Any) -> Table:
    """Return coin_id, time_ms and `SUMS` up to and with each hour that is known; made once."""
    keep(con.whole, "rates_so_far", _rates_so_far, order_by=("coin_id", "time_ms"))
    return con.table("rates_so_far")


def held_hours(con: Any, window: Window) -> Table:
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


def window_funding(con: Any, window: Window) -> Table:
    """Return wallet_id, coin_id, funding_usd: received by positions in a window, paid if below 0.

    Of wallets that held at a full hour; NULL where a rate is not known that fell due on them.
    """
    summed = (
        held_hours(con, window)
        .group_by(*KEYS)
        .aggregate(
            usd=-(_.held * _.price_rate).sum(), n_hours=_.n_hours.sum(), n_rates=_.n_rates.sum()
        )
    )
    return summed.select(*KEYS, funding_usd=ibis.ifelse(_.n_rates == _.n_hours, _.usd, None))


def payments(con: Any, window: Window) -> Table:
    """Return wallet_id, coin_id, time_ms, funding_usd of each full hour at which a position paid.

    NULL where the rate is not known.
    """
    held = held_hours(con, window).select(*KEYS, "time_ms", "until_ms", "held")
    first, end = held.time_ms // HOUR_MS + 1, held.until_ms // HOUR_MS + 1
    hours = held.mutate(hour=ibis.range(first, end, 1).unnest())
    rates = hourly_rates(con).select("coin_id", "time_ms", "rate", "oracle_price")
    due = hours.select(*KEYS, "held", time_ms=(_.hour * HOUR_MS).cast("int64"))
    due = due.left_join(rates, ["coin_id", "time_ms"])
    return due.select(*KEYS, "time_ms", funding_usd=-_.held * _.rate * _.oracle_price)


def _rates_so_far(con: Any) -> Table:
    so_far = ibis.window(group_by="coin_id", order_by="time_ms", rows=(None, 0))
    price = _.oracle_price
    parts = {
        "n_rates": ibis.literal(1, "int64"),
        "price_rate": price * _.rate,
        "price": price,
        "price_above": ibis.ifelse(_.rate > 0, price, 0.0),
        "price_below": ibis.ifelse(_.rate < 0, price, 0.0),
        "price_known": ibis.ifelse(_.premium.notnull(), price, 0.0),
        "price_premium": (price * _.premium).fill_null(0.0),
    }
    rows = hourly_rates(con).mutate(**parts)
    sums = {name: rows[name].sum().over(so_far) for name in SUMS}
    return rows.select("coin_id", "time_ms", **sums)


def stages(con: Any, window: Window) -> Table:
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
