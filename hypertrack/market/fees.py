"""Fees: as paid where fills tell, else the venue's base schedule."""

import ibis
from ibis import Table, _

from hypertrack.config import FeeSettings
from hypertrack.market.coins import is_hip3, is_outcome, is_spot
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.reports import EXECUTION, reported_executions

BPS = 1e-4


def with_fees(con: Tables, executed: Table, fees: FeeSettings) -> Table:
    """Return executions with what they cost and what fills report of them.

    Added: fee_usd, negative for a rebate; is_fee_reported, whether it is what was paid;
    reported_fee_usd, reported_pnl_usd and reported_start (see `reported_executions`), NULL where
    no fill tells.

    The schedule is by role and kind of coin: on real fills it said 3.10 bps where 1.71 were paid.
    """
    rates = scheduled_rates(con, fees).rename(fee_coin_id="coin_id")
    reports = reported_executions(con).select(
        *(_[name].name(f"report_{name}") for name in EXECUTION),
        "reported_fee_usd",
        "reported_pnl_usd",
        "reported_start",
    )
    same = [executed[name] == reports[f"report_{name}"] for name in EXECUTION]
    rows = executed.left_join(reports, same).drop(*(f"report_{name}" for name in EXECUTION))
    rows = rows.join(rates, rows.coin_id == rates.fee_coin_id)
    rate_bps = ibis.ifelse(_.is_taker, _.taker_bps, _.maker_bps)
    return rows.mutate(
        fee_usd=_.reported_fee_usd.fill_null(_.notional_usd * rate_bps * BPS),
        is_fee_reported=_.reported_fee_usd.notnull(),
    ).drop("taker_bps", "maker_bps", "fee_coin_id")


def scheduled_rates(con: Tables, fees: FeeSettings) -> Table:
    """Return coin_id, taker_bps, maker_bps: what the schedule takes of notional in each coin."""
    return con.table("coins").select(
        "coin_id",
        taker_bps=_rate_bps(fees.spot_taker_bps, fees.perp_taker_bps, fees.hip3_multiplier),
        maker_bps=_rate_bps(fees.spot_maker_bps, fees.perp_maker_bps, fees.hip3_multiplier),
    )


def _rate_bps(spot_bps: float, perp_bps: float, hip3_multiplier: float) -> ibis.Value:
    return ibis.cases(
        (is_outcome(_.coin), 0.0),
        (is_spot(_.coin), spot_bps),
        (is_hip3(_.coin), perp_bps * hip3_multiplier),
        else_=perp_bps,
    )
