"""The equity curve of a wallet in a window: what it earned, its worst loss, how long it held.

Only what a wallet opened in the window counts. What it brought along earns and costs it nothing
here, and to close that opens nothing: imported fills tell how much it was, and without them the
wallet's own trades since the recording began; what it held before that is unknown. What it still
holds at the end is worth the last reference price.
"""

from typing import Any

import ibis
from ibis import Table, Value, _

from hypertrack.config import FeeSettings
from hypertrack.market.executions import executions
from hypertrack.market.fees import with_fees
from hypertrack.market.positions import entry_positions
from hypertrack.market.price_lookups import minute_prices
from hypertrack.market.prices import closing_prices
from hypertrack.market.window import Window, as_value
from hypertrack.records import MINUTE_MS

N_MARKS = 24
"""Times, about, at which all that is held is marked, beside each coin's own executions."""

KEYS = ["wallet_id", "coin_id"]
ORDER = ["time_ms", "coin_id", "direction", "is_taker"]

AFTER_EXECUTIONS = 2
"""In place of a mark's direction, so that it follows the executions of its time."""

FLAT_COINS = 1e-9
"""A smaller position is what floating point left of none."""


def equity_outcomes(con: Any, window: Window, fees: FeeSettings) -> Table:
    """Return a row per wallet that traded in the window.

    Columns: wallet_id; notional_usd, both sides; net_return_bps: what it earned after fees over
    its notional; drawdown_frac: largest fall of equity from its peak (0 at the start) over the
    largest gross exposure; holding_s: mean time that what it opened stayed open, to the window's
    end at most (by Little's law: exposure summed over time / notional opened); reported_frac and
    inherited_frac: of its notional, in coins of which a fill tells the position that it entered
    the window with, and in coins that it entered with a position.
    """
    curve = equity_curve(con, window, fees)
    ahead = ibis.window(group_by="wallet_id", order_by=ORDER)
    so_far = ibis.window(group_by="wallet_id", order_by=ORDER, rows=(None, 0))
    walked = (
        curve.mutate(
            peak_usd=ibis.greatest(_.equity_usd.max().over(so_far), 0.0),
            open_ms=_.time_ms.lead().over(ahead) - _.time_ms,
        )
        .group_by("wallet_id")
        .aggregate(
            drawdown_usd=(_.peak_usd - _.equity_usd).max(),
            max_gross_usd=_.gross_usd.max(),
            open_usd_ms=(_.gross_usd * _.open_ms).sum(),
            opened_usd=_.opened_usd.sum(),
        )
    )
    return (
        _earned(curve)
        .join(walked, "wallet_id")
        .select(
            "wallet_id",
            "notional_usd",
            "reported_frac",
            "inherited_frac",
            net_return_bps=_.net_usd / _.notional_usd * 1e4,
            drawdown_frac=_.drawdown_usd / _.max_gross_usd.nullif(0),
            holding_s=_.open_usd_ms / _.opened_usd.nullif(0) / 1_000,
        )
    )


def _earned(curve: Table) -> Table:
    """Return wallet_id, notional_usd, net_usd, reported_frac, inherited_frac.

    Where fills tell all of a round trip (flat at its start and at its end), what the venue booked
    less the fees it took is exact even where a trade was lost; elsewhere the curve's end counts.
    """
    is_execution = _.notional_usd > 0
    by_coin = curve.group_by(KEYS).aggregate(
        notional_usd=_.notional_usd.sum(),
        gained_usd=_.gain_usd.sum(),
        booked_usd=_.reported_net_usd.sum(),
        is_reported=_.reported_net_usd.notnull().all(where=is_execution),
        is_entry_reported=_.is_entry_reported.any(),
        is_carried=(_.entry.abs() > FLAT_COINS).any(),
        end=_.position.argmax(ibis.ifelse(is_execution, _.time_ms, None)),
    )
    is_round = by_coin.is_reported & ~by_coin.is_carried & (by_coin.end.abs() <= FLAT_COINS)
    return (
        by_coin.mutate(net_usd=ibis.ifelse(is_round, _.booked_usd, _.gained_usd))
        .group_by("wallet_id")
        .aggregate(
            notional_usd=_.notional_usd.sum(),
            net_usd=_.net_usd.sum(),
            reported_frac=_share(_.is_entry_reported),
            inherited_frac=_share(_.is_carried),
        )
    )


def _share(is_so: Value) -> Value:
    return ibis.ifelse(is_so, _.notional_usd, 0.0).sum() / _.notional_usd.sum()


def equity_curve(con: Any, window: Window, fees: FeeSettings) -> Table:
    """Return the events of each wallet's curve: its executions, and marks of what it opened.

    Columns: wallet_id, coin_id, time_ms, direction, is_taker, notional_usd (0 for marks);
    entry: position in coins with which it entered the window, is_entry_reported: whether fills tell
    it; position: after the event, all that it holds; reported_net_usd: what fills say that it
    earned here, NULL where they do not; gain_usd: what equity gained since the coin's event before,
    after fees; opened_usd: notional by which grew what it opened; equity_usd and gross_usd
    (exposure) after the event, over all coins, each at its last event's price.
    """
    by_coin = ibis.window(group_by=KEYS, order_by=ORDER)
    so_far = ibis.window(group_by="wallet_id", order_by=ORDER, rows=(None, 0))
    held = _positions(_events(con, window, fees), entry_positions(con, window))
    moved = held.mutate(
        own_before=_.own.lag().over(by_coin).fill_null(0.0),
        price_before=_.price.lag().over(by_coin).fill_null(_.price),
    ).mutate(
        gain_usd=_.own_before * (_.price - _.price_before) - _.fee_usd,
        gross_change_usd=_.own.abs() * _.price - _.own_before.abs() * _.price_before,
        opened_usd=ibis.greatest(_.own.abs() - _.own_before.abs(), 0.0) * _.price,
    )
    return moved.select(
        *KEYS,
        "time_ms",
        "direction",
        "is_taker",
        "notional_usd",
        "entry",
        "is_entry_reported",
        "position",
        "reported_net_usd",
        "gain_usd",
        "opened_usd",
        equity_usd=_.gain_usd.sum().over(so_far),
        gross_usd=_.gross_change_usd.sum().over(so_far),
    )


def _positions(events: Table, entries: Table) -> Table:
    """Return events with position, and own: the part of it that was opened in the window.

    What was brought along shrinks when trades go against it and never grows again, so that the
    least that was held since is what is left of it: what was opened last is closed first.
    """
    so_far = ibis.window(group_by=KEYS, order_by=ORDER, rows=(None, 0))
    held = (
        events.left_join(entries, KEYS)
        .drop("wallet_id_right", "coin_id_right")
        .mutate(
            entry=_.entry.fill_null(0.0), is_entry_reported=_.is_entry_reported.fill_null(False)
        )
        .mutate(position=_.entry + _.signed_size.sum().over(so_far))
    )
    least, most = _.position.min().over(so_far), _.position.max().over(so_far)
    brought = ibis.ifelse(
        _.entry > 0,
        ibis.greatest(ibis.least(least, _.entry), 0.0),
        ibis.least(ibis.greatest(most, _.entry), 0.0),
    )
    return held.mutate(own=_.position - brought)


def _events(con: Any, window: Window, fees: FeeSettings) -> Table:
    traded = with_fees(con, window.of(executions(con)), fees).select(
        *ORDER,
        "wallet_id",
        "notional_usd",
        "fee_usd",
        reported_net_usd=_.reported_pnl_usd - _.reported_fee_usd,
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
            reported_net_usd=ibis.null("float64"),
            signed_size=nothing,
        )
    )
    return traded.union(marked.select(traded.columns))


def _marks(con: Any, window: Window) -> Table:
    """Return coin_id, time_ms, price at some whole minutes of the window, and at its end."""
    step = ibis.greatest(-(-as_value(window.length_ms) // (N_MARKS * MINUTE_MS)), 1)  # in minutes
    minutes = window.of(minute_prices(con)).filter(
        _.now.notnull(), _.time_ms // MINUTE_MS % step == 0
    )
    end_ms = window.end_ms - 1
    closing = closing_prices(con, end_ms).mutate(time_ms=as_value(end_ms))
    columns = ("coin_id", "time_ms", "price")
    return minutes.rename(price="now").select(columns).union(closing.select(columns))
