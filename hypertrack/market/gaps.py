"""The time between a wallet's executions, and whether a timer sets it."""

import math

import ibis
from ibis import Table, Value, _

from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions
from hypertrack.market.window import Window

TIMER_TOLERANCE = 1.05
"""Gaps within this factor of a timer's value are its own."""

BY_WALLET = ibis.window(group_by="wallet_id", order_by="time_ms")
"""What is done at once is 0 apart, whichever comes first."""


def gaps(con: Tables, window: Window) -> Table:
    """Return wallet_id and gap_ms since the wallet's execution before; NULL for its first.

    A row for each of its executions in the window that is no slice of a TWAP order.
    """
    rows = window.of(keep(con, "gaps", _gaps))
    return rows.select("wallet_id", gap_ms=_known(_.gap_ms, _.time_ms - _.gap_ms, window))


def paces(con: Tables, window: Window) -> Table:
    """Return wallet_id, gap_ms and before_ms, the gap before that; NULL where there is none.

    A row for each of its executions in the window as taker that is no slice of a TWAP order.
    """
    rows, before_ms = window.of(keep(con, "paces", _paces)), _.time_ms - _.gap_ms - _.before_ms
    return rows.select(
        "wallet_id",
        gap_ms=_known(_.gap_ms, _.time_ms - _.gap_ms, window),
        before_ms=_known(_.before_ms, before_ms, window),
    )


def timer_values(gaps: Table, *, shortest_ms: int) -> Table:
    """Return wallet_id, and for timer values 5 % apart: n gaps above, n_near gaps around it.

    Args:
        gaps: wallet_id, gap_ms.
        shortest_ms: Shorter gaps are no timer's; those of 0 are several coins or sides in a block.
    """
    value = (_.gap_ms.ln() / math.log(TIMER_TOLERANCE)).floor().cast("int32")
    counted = (
        gaps.filter(_.gap_ms >= shortest_ms)
        .group_by("wallet_id", value=value)
        .aggregate(n=_.count())
    )
    below = ibis.window(group_by="wallet_id", order_by="value")
    is_next = _.value.lag().over(below) == _.value - 1
    return counted.mutate(n_near=_.n + ibis.ifelse(is_next, _.n.lag().over(below), 0))


def _gaps(con: Tables) -> Table:
    # Gaps look only back, so that they are those of every window that they lie in: sorted once.
    rows = executions(con).filter(~_.is_twap)
    return rows.select("wallet_id", "time_ms", gap_ms=_.time_ms - _.time_ms.lag().over(BY_WALLET))


def _paces(con: Tables) -> Table:
    rows = executions(con).filter(~_.is_twap, _.is_taker)
    last_ms, second_last_ms = (_.time_ms.lag(n).over(BY_WALLET) for n in (1, 2))
    return rows.select(
        "wallet_id", "time_ms", gap_ms=_.time_ms - last_ms, before_ms=last_ms - second_last_ms
    )


def _known(gap_ms: Value, since_ms: Value, window: Window) -> Value:
    """Return a gap that began in the window."""
    return ibis.ifelse(since_ms >= window.start_ms, gap_ms, None)
