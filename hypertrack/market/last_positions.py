"""What each wallet held when a time came, as far as the venue told it."""

from typing import Any

import ibis
from ibis import Table, _

from hypertrack.market.account_states import stated_levels
from hypertrack.market.positions import is_known, positions

KEYS = ("wallet_id", "coin_id")


def last_positions(con: Any, until_ms: int) -> Table:
    """Return wallet_id, coin_id, time_ms, size: what was last told of a position before a cut.

    ``size`` is signed, in coins, of ``time_ms``; what was traded since it is in it, since every
    trade of a wallet whose position is known tells it anew. Positions that were not known at their
    last trade are left out.
    """
    traded = positions(con).filter(_.time_ms < until_ms)
    traded = traded.mutate(size=ibis.ifelse(is_known(until_ms), _.after, ibis.null("float64")))
    stated = stated_levels(con).filter(_.time_ms < until_ms)
    both = traded.select(*KEYS, "time_ms", "size", nth=_.nth.cast("int64")).union(
        stated.select(
            *KEYS, "time_ms", size=_.stated_level.cast("float64"), nth=ibis.literal(-1, "int64")
        )
    )
    newest = ibis.window(group_by=KEYS, order_by=[ibis.desc("time_ms"), ibis.desc("nth")])
    ranked = both.mutate(place=ibis.row_number().over(newest))
    return ranked.filter(_.place == 0, _["size"].notnull()).select(*KEYS, "time_ms", "size")
