"""Whether prices moved a wallet's way after it traded, beyond where its coins went anyway."""

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.markouts import markouts
from hypertrack.market.price_lookups import MINUTES_5_MS
from hypertrack.market.window import Window

MIN_EXECUTIONS = 10
"""Fewer markouts have no t-statistic worth the name."""

BET_MS = MINUTES_5_MS
"""Executions of a coin this close together look at the same move: they are one bet."""

MIN_BETS = 5
"""Fewer bets have no standard error worth the name, however many executions they are."""


def markout_outcomes(con: Tables, window: Window) -> Table:
    """Return wallet_id and markout_t: the t-statistic of its drift-adjusted 5-minute markouts.

    Mean over standard error of bets, a coin's executions within 5 minutes, each the mean of its
    markouts: a burst of executions is no evidence of skill many times over. NULL with fewer than
    `MIN_EXECUTIONS` markouts or `MIN_BETS` bets, or all of them alike.
    """
    counted = bets(con, window)
    is_enough = (_.n_executions >= MIN_EXECUTIONS) & (_.n_bets >= MIN_BETS)
    t = _.mean_bps / _.sd_bps.nullif(0) * _.n_bets.sqrt()
    return counted.select("wallet_id", markout_t=ibis.ifelse(is_enough, t, None))


def bets(con: Tables, window: Window) -> Table:
    """Return wallet_id, n_executions, n_bets, and mean_bps and sd_bps of its bets' markouts."""
    by_bet = (
        markouts(con, window, ["after_5m"])
        .filter(_.after_5m_bps.notnull())
        .group_by("wallet_id", "coin_id", bet=_.time_ms // BET_MS)
        .aggregate(n=_.count(), bet_bps=_.after_5m_bps.mean())
    )
    return by_bet.group_by("wallet_id").aggregate(
        n_executions=_.n.sum(),
        n_bets=_.count(),
        mean_bps=_.bet_bps.mean(),
        sd_bps=_.bet_bps.std(how="sample"),
    )
