"""The time between a wallet's executions, and whether a timer sets it."""

import math

import ibis
from ibis import Table, _

TIMER_TOLERANCE = 1.05
"""Gaps within this factor of a timer's value are its own."""


def with_gaps(executed: Table) -> Table:
    """Return wallet_id, is_taker, gap_ms since the wallet's execution before, and before_ms.

    That is the gap before that one; NULL where there is none.
    """
    # What is done at once is 0 apart, whichever comes first. Nothing else is carried along: it
    # would be sorted, and kept as often as it is read.
    by_wallet = ibis.window(group_by="wallet_id", order_by="time_ms")
    last_ms, second_last_ms = (_.time_ms.lag(n).over(by_wallet) for n in (1, 2))
    return executed.select(
        "wallet_id", "is_taker", gap_ms=_.time_ms - last_ms, before_ms=last_ms - second_last_ms
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
