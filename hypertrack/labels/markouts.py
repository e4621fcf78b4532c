"""Whether prices moved a wallet's way after it traded, beyond where its coins went anyway."""

from typing import Any

import ibis
from ibis import Table, _

from hypertrack.labels.cuts import Window
from hypertrack.labels.prices import MARKOUT_MS, minute_prices, trade_prices
from hypertrack.market.executions import executions

MIN_EXECUTIONS = 10
"""Fewer markouts have no t-statistic worth the name."""

BET_MS = MARKOUT_MS
"""Executions of a coin this close together look at the same move: they are one bet."""

MIN_BETS = 5
"""Fewer bets have no standard error worth the name, however many executions they are."""


def markout_outcomes(con: Any, window: Window) -> Table:
    """Return wallet_id and markout_t: the t-statistic of its drift-adjusted 5-minute markouts.

    Mean over standard error of bets, a coin's executions within 5 minutes, each the mean of its
    markouts: a burst of executions is no evidence of skill many times over. NULL with fewer than
    `MIN_EXECUTIONS` markouts or `MIN_BETS` bets, or all of them alike.
    """
    counted = bets(con, window)
    is_enough = (_.n_executions >= MIN_EXECUTIONS) & (_.n_bets >= MIN_BETS)
    t = _.mean_bps / _.sd_bps.nullif(0) * _.n_bets.sqrt()
    return counted.select("wallet_id", markout_t=ibis.ifelse(is_enough, t, None))


def bets(con: Any, window: Window) -> Table:
    """Return wallet_id, n_executions, n_bets, and mean_bps and sd_bps of its bets' markouts."""
    by_bet = (
        markouts(con, window)
        .group_by("wallet_id", "coin_id", bet=_.time_ms // BET_MS)
        .aggregate(n=_.count(), bet_bps=_.markout_bps.mean())
    )
    return by_bet.group_by("wallet_id").aggregate(
        n_executions=_.n.sum(),
        n_bets=_.count(),
        mean_bps=_.bet_bps.mean(),
        sd_bps=_.bet_bps.std(how="sample"),
    )


def markouts(con: Any, window: Window) -> Table:
    """Return wallet_id, coin_id, time_ms, markout_bps of executions whose 5 minutes are inside.

    direction · ((price 5 minutes later − vwap) / vwap − the coin's drift), executions without a
    later reference price left out.
    """
    within = Window(window.start_ms, window.end_ms - MARKOUT_MS)
    prices = trade_prices(con).select("coin_id", "time_ms", "later")
    drift = coin_drift(con, within)
    return (
        within.of(executions(con))
        .join(prices, ["coin_id", "time_ms"])
        .left_join(drift, "coin_id")
        .filter(_.later.notnull())
        .select(
            "wallet_id",
            "coin_id",
            "time_ms",
            markout_bps=_.direction * (_.later / _.vwap - 1 - _.drift.fill_null(0.0)) * 1e4,
        )
    )


def coin_drift(con: Any, within: Window) -> Table:
    """Return coin_id and drift: its mean 5-minute return from all whole minutes inside."""
    minutes = within.of(minute_prices(con))
    return minutes.group_by("coin_id").aggregate(drift=(_.later / _.now - 1).mean())
