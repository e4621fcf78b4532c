"""The equity curve of a wallet in a window: what it earned, its worst loss, how long it held.

A wallet counts as flat when the window begins: the position it brought along is unknown, and
earns and costs it nothing here. What it still holds at the end is worth the last reference price.
"""

from typing import Any

import ibis
from ibis import Table, _

from hypertrack.config import FeeSettings
from hypertrack.features.executions import executions, with_fees
from hypertrack.features.prices import closing_prices
from hypertrack.labels.cuts import Window
from hypertrack.labels.prices import minute_prices
from hypertrack.records import MINUTE_MS

N_MARKS = 24
"""Times, about, at which all that is held is marked, beside each coin's own executions."""

KEYS = ["wallet_id", "coin_id"]
ORDER = ["time_ms", "coin_id", "direction", "is_taker"]

AFTER_EXECUTIONS = 2
"""In place of a mark's direction, so that it follows the executions of its time."""


def equity_outcomes(con: Any, window: Window, fees: FeeSettings) -> Table:
    """Return a row per wallet that traded in the window.

    Columns: wallet_id; notional_usd, both sides; net_return_bps: what it earned after fees over
    its notional; drawdown_frac: largest fall of equity from its peak (0 at the start) over the
    largest gross exposure; holding_s: mean time that what it opened stayed open, to the window's
    end at most. By Little's law: exposure summed over time / notional opened.
    """
    curve = equity_curve(con, window, fees)
    ahead = ibis.window(group_by="wallet_id", order_by=ORDER)
    so_far = ibis.window(group_by="wallet_id", order_by=ORDER, rows=(None, 0))
    return (
        curve.mutate(
            peak_usd=ibis.greatest(_.equity_usd.max().over(so_far), 0.0),
            open_ms=_.time_ms.lead().over(ahead) - _.time_ms,
        )
        .group_by("wallet_id")
        .aggregate(
            notional_usd=_.notional_usd.sum(),
            net_usd=_.gain_usd.sum(),
            drawdown_usd=(_.peak_usd - _.equity_usd).max(),
            max_gross_usd=_.gross_usd.max(),
            open_usd_ms=(_.gross_usd * _.open_ms).sum(),
            opened_usd=_.opened_usd.sum(),
        )
        .select(
            "wallet_id",
            "notional_usd",
            net_return_bps=_.net_usd / _.notional_usd * 1e4,
            drawdown_frac=_.drawdown_usd / _.max_gross_usd.nullif(0),
            holding_s=_.open_usd_ms / _.opened_usd.nullif(0) / 1_000,
        )
    )


def equity_curve(con: Any, window: Window, fees: FeeSettings) -> Table:
    """Return the events of each wallet's curve: its executions, and marks of what it holds.

    Columns: wallet_id, coin_id, time_ms, direction, is_taker, notional_usd (0 for marks),
    gain_usd: what equity gained since the coin's event before, after fees; opened_usd: notional
    by which the position grew; equity_usd and gross_usd (exposure) after the event, over all
    coins, each at its last event's price.
    """
    by_coin = ibis.window(group_by=KEYS, order_by=ORDER)
    coin_so_far = ibis.window(group_by=KEYS, order_by=ORDER, rows=(None, 0))
    so_far = ibis.window(group_by="wallet_id", order_by=ORDER, rows=(None, 0))
    held = _events(con, window, fees).mutate(
        position=_.signed_size.sum().over(coin_so_far),
        price_before=_.price.lag().over(by_coin).fill_null(_.price),
    )
    moved = held.mutate(position_before=_.position - _.signed_size).mutate(
        gain_usd=_.position_before * (_.price - _.price_before) - _.fee_usd,
        gross_change_usd=_.position.abs() * _.price - _.position_before.abs() * _.price_before,
        opened_usd=ibis.greatest(_.position.abs() - _.position_before.abs(), 0.0) * _.price,
    )
    return moved.select(
        *KEYS,
        "time_ms",
        "direction",
        "is_taker",
        "notional_usd",
        "gain_usd",
        "opened_usd",
        equity_usd=_.gain_usd.sum().over(so_far),
        gross_usd=_.gross_change_usd.sum().over(so_far),
    )


def _events(con: Any, window: Window, fees: FeeSettings) -> Table:
    traded = with_fees(window.of(executions(con)), con.table("coins"), fees).select(
        *ORDER,
        "wallet_id",
        "notional_usd",
        "fee_usd",
        signed_size=_["size"] * _.direction,
        price=_.vwap,
    )
    entered = traded.group_by(KEYS).aggregate(entered_ms=_.time_ms.min())
    marks = _marks(con, window)
    nothing = ibis.literal(0.0)
    marked = (
        entered.join(marks, "coin_id")
        .filter(_.time_ms > _.entered_ms)
        .select(
            "time_ms",
            "coin_id",
            "wallet_id",
            "price",
            direction=ibis.literal(AFTER_EXECUTIONS, "int8"),
            is_taker=ibis.literal(False),
            notional_usd=nothing,
            fee_usd=nothing,
            signed_size=nothing,
        )
    )
    return traded.union(marked.select(traded.columns))


def _marks(con: Any, window: Window) -> Table:
    """Return coin_id, time_ms, price at some whole minutes of the window, and at its end."""
    step = max(-(-window.length_ms // (N_MARKS * MINUTE_MS)), 1)  # in minutes
    minutes = window.of(minute_prices(con)).filter(_.time_ms // MINUTE_MS % step == 0)
    end_ms = window.end_ms - 1
    closing = closing_prices(con, end_ms).mutate(time_ms=ibis.literal(end_ms, "int64"))
    columns = ("coin_id", "time_ms", "price")
    return minutes.rename(price="now").select(columns).union(closing.select(columns))
