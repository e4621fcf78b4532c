"""Profit of a window: cash flow, and what was held at its end less what was held at its start.

profit = cash flow of fills + position(end) · ref(end) − position(start) · ref(start) − fees +
funding, per wallet and coin. It is called profit only where the positions are known; as if all had
been flat before, it is the `flow` of what was seen, whose sign was the opposite of the venue's own
figure for 4 of 10 real wallets.
"""

import ibis
from ibis import Table, _

from hypertrack.config import FeeSettings
from hypertrack.market.engine.kept_tables import Tables, expressed_once
from hypertrack.market.executions import executions
from hypertrack.market.fees import with_fees
from hypertrack.market.funding import window_funding
from hypertrack.market.positions import DERIVED, EXACT, KEYS, is_known, positions
from hypertrack.market.prices import closing_prices, last_trades
from hypertrack.market.window import Window

VENUE, AS_IF_FLAT = "venue", "as_if_flat"
"""``pnl_source`` beside `EXACT` and `DERIVED`: fills with the profit that the venue booked; or
nothing is known of the positions."""

ONLY_KNOWN = True
"""Of `cash_flows` and `window_profit`, by position."""

FLOW_COLUMNS = (
    *("wallet_id", "coin_id", "time_ms", "notional_usd", "size", "direction"),
    *("fee_usd", "is_fee_reported", "reported_pnl_usd"),
)


@expressed_once
def cash_flows(con: Tables, window: Window, fees: FeeSettings, only_known: bool = False) -> Table:
    """Return executions and one-sided fills (settlements and the like) of a window.

    Columns: wallet_id, coin_id, time_ms, notional_usd, size, direction, fee_usd, is_fee_reported,
    reported_pnl_usd (before fees; NULL where no fill tells).

    Args:
        only_known: For wallets of which a position is known; for all otherwise.
    """
    rows, fills = (window.of(each) for each in (executions(con), con.table("imported_fills")))
    if only_known:
        known = _known(con, window)
        rows, fills = (each.semi_join(known, "wallet_id") for each in (rows, fills))
    executed = with_fees(con, rows, fees).select(FLOW_COLUMNS)
    one_sided = fills.filter(~_.has_trade)
    settled = one_sided.mutate(
        notional_usd=_.price * _["size"],
        direction=ibis.ifelse(_.is_buy, 1, -1).cast("int8"),
        is_fee_reported=_.fee_usd.notnull(),
        fee_usd=_.fee_usd.fill_null(0.0),
        reported_pnl_usd=_.closed_pnl_usd,
    )
    return executed.union(settled.select(FLOW_COLUMNS))


@expressed_once
def window_profit(
    con: Tables, window: Window, fees: FeeSettings, only_known: bool = False
) -> Table:
    """Return the profit of each wallet and coin that it traded in the window, and its parts.

    Columns: wallet_id, coin_id, notional_usd, fees_usd, is_fee_reported (of all of it),
    flow_pnl_usd (as if flat before), profit_usd, realised_pnl_usd (booked by the venue, before
    fees), unrealised_change_usd, funding_usd (received), funding_source (see `market.funding`),
    start_position (coins), start_price: all NULL where not known; pnl_source.

    Funding is in the profit where it is known, and in no other part: without the rate of an hour
    at which something was held, profit is what it would be without funding.

    Args:
        only_known: As for `cash_flows`.
    """
    flows = cash_flows(con, window, fees, only_known)
    traded = flows.group_by(*KEYS).aggregate(
        notional_usd=_.notional_usd.sum(),
        cash_usd=-(_.notional_usd * _.direction).sum(),
        held=(_["size"] * _.direction).sum(),
        fees_usd=_.fee_usd.sum(),
        is_fee_reported=_.is_fee_reported.all(),
        n=_.count(),
        n_booked=_.reported_pnl_usd.count(),
        booked_usd=_.reported_pnl_usd.sum(),
    )
    moved = (
        _known(con, window)
        .group_by(*KEYS)
        .aggregate(
            n_known=_.count(),
            n_chains=_.chain.nunique(),
            start=_.before.argmin(_.nth),
            end=_.after.argmax(_.nth),
            n_exact=(_.state == EXACT).cast("int64").sum(),
        )
    )
    rows = traded.left_join(moved, KEYS).drop("wallet_id_right", "coin_id_right")
    funding = window_funding(con, window).mutate(is_due=True)
    rows = rows.left_join(funding, KEYS).drop("wallet_id_right", "coin_id_right")
    rows = rows.join(boundary_prices(con, window), "coin_id")
    return _in_parts(rows)


def _known(con: Tables, window: Window) -> Table:
    """Return the positions of a window that could be known by its end."""
    return window.of(positions(con)).filter(is_known(window.end_ms))


def boundary_prices(con: Tables, window: Window) -> Table:
    """Return coin_id, start_price, end_price: reference prices at both ends of a window.

    Of coins traded by its end; where one was not traded before it, its first price in it. Of
    coins without a tape, what fills say instead.
    """
    end = _closing(con, window.end_ms).rename(end_price="price")
    start = _closing(con, window.start_ms).rename(start_price="price")
    inside = window.of(last_trades(con)).union(window.of(_lone_prices(con)))
    first = inside.group_by("coin_id").aggregate(first_price=_.price.argmin(_.time_ms))
    both = end.left_join(start, "coin_id").drop("coin_id_right")
    both = both.left_join(first, "coin_id").drop("coin_id_right")
    return both.select("coin_id", "end_price", start_price=_.start_price.fill_null(_.first_price))


def _closing(con: Tables, at_ms: int) -> Table:
    """Return coin_id, price: what coins were worth just before a time; of fills without a tape."""
    told = _lone_prices(con).filter(_.time_ms < at_ms)
    lone = told.group_by("coin_id").aggregate(lone_price=_.price.argmax(_.time_ms))
    both = closing_prices(con, at_ms - 1).outer_join(lone, "coin_id")
    return both.select(
        coin_id=ibis.coalesce(_.coin_id, _.coin_id_right),
        price=ibis.coalesce(_.price, _.lone_price),
    )


def _lone_prices(con: Tables) -> Table:
    """Return coin_id, time_ms, price of fills that stand beside no trade of the tape."""
    lone = con.table("imported_fills").filter(~_.has_trade & (_.price > 0))
    return lone.group_by("coin_id", "time_ms").aggregate(price=_.price.max())


def _in_parts(rows: Table) -> Table:
    is_whole = ((_.n_known == _.n) & (_.n_chains == 1)).fill_null(False)
    is_booked = _.n_booked == _.n
    source = ibis.cases(
        (_.is_whole & _.is_booked, VENUE),
        (_.is_whole & (_.n_exact == _.n), EXACT),
        (_.is_whole, DERIVED),
        else_=AS_IF_FLAT,
    )
    gross = _.cash_usd + _.end * _.end_price - _.start * _.start_price
    return (
        rows.mutate(is_whole=is_whole, is_booked=is_booked)
        .mutate(
            gross_usd=ibis.ifelse(_.is_whole, gross, None),
            realised_pnl_usd=ibis.ifelse(_.is_booked, _.booked_usd, None),
            # Who held nothing at a full hour paid nothing.
            funding_usd=ibis.cases(
                (~_.is_whole, None), (_.is_due.isnull(), 0.0), else_=_.funding_usd
            ),
        )
        .select(
            *KEYS,
            "notional_usd",
            "fees_usd",
            "is_fee_reported",
            "realised_pnl_usd",
            "funding_source",
            flow_pnl_usd=_.cash_usd + _.held * _.end_price - _.fees_usd,
            funding_usd=_.funding_usd,
            profit_usd=_.gross_usd - _.fees_usd + _.funding_usd.fill_null(0.0),
            unrealised_change_usd=_.gross_usd - _.realised_pnl_usd,
            net_notional_usd=-_.cash_usd,
            start_position=ibis.ifelse(_.is_whole, _.start, None),
            start_price=_.start_price,
            pnl_source=source,
        )
    )
