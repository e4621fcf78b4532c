"""What imported fills tell of executions: the fee that was paid, the PnL booked, the position."""

from typing import Any

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.executions import executions

EXECUTION = ["wallet_id", "coin_id", "time_ms", "direction", "is_taker"]
"""What tells executions apart."""


def told_executions(con: Any) -> Table:
    """Return the columns of `EXECUTION` with what the fills of each say; a table, made once.

    told_fee_usd: paid where positive; told_pnl_usd: booked by the venue, before fees, over
    whatever had been opened before; start_position: in coins, before the execution. Executions
    of which a fill is missing, or does not tell, have no row.

    Source: fills of the venue's node archives; that ``closedPnl`` is gross of fees is the common
    reading of it.
    """
    return keep(con, "label_told_executions", _told_executions)


def _told_executions(con: Any) -> Table:
    fills, trades = con.table("imported_fills"), con.table("trades")
    key = ["time_ms", "coin_id", "trade_id"]
    sides = trades.select(*key, taker_bought=_.is_buy)
    told = (
        fills.join(sides, key)
        .mutate(
            direction=ibis.ifelse(_.is_buy, 1, -1).cast("int8"),
            is_taker=_.is_buy == _.taker_bought,
            is_whole=(_.fee_usd + _.closed_pnl_usd + _.start_position).notnull(),
        )
        .group_by(EXECUTION)
        .aggregate(
            n_told=_.is_whole.cast("int64").sum(),
            told_fee_usd=_.fee_usd.sum(),
            told_pnl_usd=_.closed_pnl_usd.sum(),
            # Before a purchase the position is lowest, before a sale highest.
            start_position=(_.start_position * _.direction).min() * _.direction.max(),
        )
    )
    return (
        executions(con)
        .select(*EXECUTION, "n_fills")
        .join(told, EXECUTION)
        .filter(_.n_told == _.n_fills)
        .drop("n_fills", "n_told")
    )
