"""Profit as it grew: marked to market at whole minutes, for wallets whose positions are known."""

import ibis
from ibis import Table, _

from hypertrack.config import FeeSettings
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.funding import payments
from hypertrack.market.positions import FLAT_FRAC, KEYS
from hypertrack.market.price_lookups import minute_prices
from hypertrack.market.profit import ONLY_KNOWN, cash_flows, window_profit
from hypertrack.market.window import Window, as_value
from hypertrack.records import MINUTE_MS


def profit_curve(con: Tables, window: Window, fees: FeeSettings) -> Table:
    """Return wallet_id, time_ms, step_usd, profit_usd: after fees, since the window began.

    At each whole minute before the window's end at which the profit changed, and at the end,
    where it is the profit of `window_profit`. Wallets with a position that is not known have no
    curve. A step is what one point gained over the one before.
    """
    # A curve takes a known position in every coin: mostly nobody has any, which is soon found.
    coins = window_profit(con, window, fees, ONLY_KNOWN)
    whole = coins.group_by("wallet_id").having(_.profit_usd.notnull().all()).aggregate(n=_.count())
    coins = coins.semi_join(whole, "wallet_id")
    values = _while_held(con, window, _stages(con, window, fees, coins))
    begin = coins.select(*KEYS, begin_usd=_.start_position * _.start_price)
    since = values.join(begin, KEYS).select(*KEYS, "time_ms", value_usd=_.value_usd - _.begin_usd)
    end = coins.select(*KEYS, time_ms=as_value(window.end_ms), value_usd=_.profit_usd)
    in_turn = ibis.window(group_by=KEYS, order_by="time_ms")
    points = since.union(end).mutate(
        step_usd=_.value_usd - _.value_usd.lag(default=0.0).over(in_turn)
    )
    by_time = points.group_by("wallet_id", "time_ms").aggregate(step_usd=_.step_usd.sum())
    so_far = ibis.window(group_by="wallet_id", order_by="time_ms", rows=(None, 0))
    return by_time.mutate(profit_usd=_.step_usd.sum().over(so_far))


def drawdowns(con: Tables, window: Window, fees: FeeSettings) -> Table:
    """Return the curve with drawdown_usd, below its highest point so far, and lasts_ms.

    A window begins at 0: who only lost is under water from the first loss on. ``lasts_ms`` is the
    time until the next point.
    """
    curve = profit_curve(con, window, fees)
    so_far = ibis.window(group_by="wallet_id", order_by="time_ms", rows=(None, 0))
    in_turn = ibis.window(group_by="wallet_id", order_by="time_ms")
    return curve.mutate(
        drawdown_usd=ibis.greatest(_.profit_usd.max().over(so_far), 0.0) - _.profit_usd,
        lasts_ms=_.time_ms.lead().over(in_turn).fill_null(window.end_ms) - _.time_ms,
    )


def _stages(con: Tables, window: Window, fees: FeeSettings, coins: Table) -> Table:
    """Return what each wallet holds of a coin, and its cash so far, from minute to minute.

    Columns: wallet_id, coin_id, time_ms, until_ms: whole minutes; cash_usd, after fees, with the
    funding that is known; held, coins; is_flat.
    """
    minute = (_.time_ms // MINUTE_MS + 1) * MINUTE_MS  # the first that knows of it
    flows = cash_flows(con, window, fees, ONLY_KNOWN).semi_join(coins, KEYS)
    traded = flows.select(
        *KEYS,
        time_ms=minute,
        cash_usd=-_.notional_usd * _.direction - _.fee_usd,
        moved=_["size"] * _.direction,
        traded=_["size"],
    )
    is_told = coins.filter(_.funding_usd.notnull())
    paid = payments(con, window).semi_join(is_told, KEYS).select(
        *KEYS,
        time_ms=minute,
        cash_usd=_.funding_usd,
        moved=ibis.literal(0.0),
        traded=ibis.literal(0.0),
    )  # fmt: skip
    first_ms = -(-window.start_ms // MINUTE_MS) * MINUTE_MS
    begun = coins.select(
        *KEYS,
        time_ms=as_value(first_ms),
        cash_usd=ibis.literal(0.0),
        moved=_.start_position,
        traded=_.start_position.abs(),
    )
    moved = traded.union(paid).union(begun).group_by(*KEYS, "time_ms").aggregate(
        cash_usd=_.cash_usd.sum(), moved=_.moved.sum(), traded=_.traded.sum()
    )  # fmt: skip
    so_far = ibis.window(group_by=KEYS, order_by="time_ms", rows=(None, 0))
    in_turn = ibis.window(group_by=KEYS, order_by="time_ms")
    return moved.select(
        *KEYS,
        "time_ms",
        until_ms=_.time_ms.lead().over(in_turn).fill_null(window.end_ms),
        cash_usd=_.cash_usd.sum().over(so_far),
        held=_.moved.sum().over(so_far),
        traded=_.traded.sum().over(so_far),
    ).mutate(is_flat=_.held.abs() <= _.traded * FLAT_FRAC)


def _while_held(con: Tables, window: Window, stages: Table) -> Table:
    """Return wallet_id, coin_id, time_ms, value_usd: cash and position at each minute held.

    Of what is not held, nothing changes: one minute says so.
    """
    end_ms = ibis.ifelse(stages.is_flat, stages.time_ms + 1, stages.until_ms)
    minutes = stages.mutate(time_ms=ibis.range(stages.time_ms, end_ms, MINUTE_MS).unnest())
    minutes = minutes.filter(_.time_ms < window.end_ms)
    prices = minute_prices(con, window.start_ms).select("coin_id", "time_ms", "now")
    priced = minutes.left_join(prices, ["coin_id", "time_ms"])
    worth_usd = ibis.ifelse(_.is_flat, 0.0, _.held * _.now)
    # Before a coin's first price nothing can be said of what a position gained.
    return priced.select(*KEYS, "time_ms", value_usd=_.cash_usd + worth_usd).filter(
        _.value_usd.notnull()
    )
