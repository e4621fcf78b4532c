"""What fills report of a wallet's executions: the fee paid, the profit booked, the position.

Fills come from the venue's archives and answers; trades alone tell none of this.
"""

import math

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions

EXECUTION = ("wallet_id", "coin_id", "time_ms", "direction", "is_taker")
"""What tells executions apart."""

DIGITS = 11
"""Of a position in floating point that can be relied on after a few sums."""


def reported_executions(con: Tables) -> Table:
    """Return the columns of `EXECUTION` with what the fills of each report; a table, made once.

    reported_fee_usd: paid where positive; reported_pnl_usd: booked by the venue, before fees, over
    whatever had been opened before; reported_start: position in coins before the execution.
    Executions of which a fill is missing, or does not tell, have no row.

    Source: fills of the venue's node archives; that ``closedPnl`` is gross of fees is the common
    reading of it.
    """
    return keep(con, "reported_executions", _reported_executions)


def _reported_executions(con: Tables) -> Table:
    fills, trades = con.table("imported_fills"), con.table("trades")
    key = ["time_ms", "coin_id", "trade_id"]
    sides = trades.select(*key, taker_bought=_.is_buy)
    reported = (
        fills.join(sides, key)
        .mutate(
            direction=ibis.ifelse(_.is_buy, 1, -1).cast("int8"),
            is_taker=_.is_buy == _.taker_bought,
            is_whole=(_.fee_usd + _.closed_pnl_usd + _.start_position).notnull(),
        )
        .group_by(*EXECUTION)
        .aggregate(
            n_reported=_.is_whole.cast("int64").sum(),
            reported_fee_usd=_.fee_usd.sum(),
            reported_pnl_usd=_.closed_pnl_usd.sum(),
            # Before a purchase the position is lowest, before a sale highest.
            reported_start=(_.start_position * _.direction).min() * _.direction.max(),
        )
    )
    return (
        executions(con)
        .select(*EXECUTION, "n_fills")
        .join(reported, list(EXECUTION))
        .filter(_.n_reported == _.n_fills)
        .drop("n_fills", "n_reported")
    )


def reported_levels(con: Tables) -> Table:
    """Return wallet_id, coin_id, time_ms, reported_level, is_broken: positions that fills tell.

    The position before everything that the wallet did in the coin at that time. Fills of one time
    come in no order: each begins where another ended, so that the first one begins where none
    did. Where they go round in a circle, as a trade with oneself does, they begin where the wallet
    was before, or else with the smallest trade id; where more than one could be the first, their
    chain is broken: something is missing between them.
    """
    fills = con.table("imported_fills").filter(_.start_position.notnull())
    moment = ["wallet_id", "coin_id", "time_ms"]
    alike = ibis.window(group_by=moment)
    signed = ibis.ifelse(_.is_buy, _["size"], -_["size"])
    steps = fills.mutate(start=_.start_position, end=_.start_position + signed)
    largest = ibis.greatest(_.start.abs(), _.end.abs(), 1e-6).max().over(alike)
    # Decimal text in floating point: ends are told apart by eleven digits of the largest.
    steps = steps.mutate(largest=largest)
    steps = steps.mutate(unit=((_.largest.log10().ceil() - DIGITS) * math.log(10)).exp())
    begun = steps.select(*moment, "unit", place=_.start, degree=ibis.literal(1, "int64"))
    ended = steps.select(*moment, "unit", place=_.end, degree=ibis.literal(-1, "int64"))
    heads = (
        begun.union(ended)
        .group_by(*moment, node=(_.place / _.unit).round())
        .aggregate(degree=_.degree.sum(), place=_.place.min())
        .filter(_.degree > 0)
        .group_by(*moment)
        .aggregate(n_heads=_.degree.sum(), chain_start=_.place.min())
    )
    first = steps.group_by(*moment).aggregate(
        by_id=_.start.argmin(_.trade_id),
        lowest=_.start.min(),
        highest=_.start.max(),
        net=(_.end - _.start).sum(),
    )
    levels = first.left_join(heads, moment)
    levels = levels.drop(*(f"{name}_right" for name in moment))
    levels = levels.mutate(level=ibis.ifelse(_.n_heads == 1, _.chain_start, _.by_id))
    return _with_circles(levels).select(
        *moment,
        "reported_level",
        is_broken=(_.n_heads > 1).fill_null(False),
    )


def _with_circles(levels: Table) -> Table:
    """Return levels with reported_level: of circles the one at which the wallet was before."""
    so_far = ibis.window(group_by=("wallet_id", "coin_id"), order_by="time_ms", rows=(None, 0))
    is_circle = _.n_heads.isnull()
    ends = levels.mutate(end=ibis.ifelse(is_circle, None, _.level + _.net))
    ends = ends.mutate(n_ends=_.end.count().over(so_far))
    since = ibis.window(group_by=("wallet_id", "coin_id", "n_ends"))
    carried = ends.mutate(was=_.end.max().over(since))
    slack = 1e-9 * ibis.greatest(_.lowest.abs(), _.highest.abs())
    is_there = (_.was >= _.lowest - slack) & (_.was <= _.highest + slack)
    return carried.mutate(
        reported_level=ibis.ifelse(is_circle & is_there.fill_null(False), _.was, _.level)
    )
