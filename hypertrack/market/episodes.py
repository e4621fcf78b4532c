"""Episodes: from flat to flat, only where it is known that the wallet was flat at both ends.

Of 93 wallets of the venue with a "closed episode" counted as if all had begun flat, 66 were never
flat at all.
"""

from typing import Any

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.positions import KEYS, positions


def episode_steps(con: Any) -> Table:
    """Return all changes of known positions with the episodes that they close; made once.

    Columns: those of `positions`, and open_ms: when the episode began that ended here. NULL where
    none ended, or where it was open already when the position became known. A trade through zero
    ends one episode and begins the next.
    """
    return keep(con, "episode_steps", _episode_steps)


def _episode_steps(con: Any) -> Table:
    # Windows look only back: what closed before a cut is the same at every later one.
    earlier = ibis.window(group_by=[*KEYS, "chain"], order_by="nth", rows=(None, -1))
    known = positions(con).filter(_.before.notnull())
    is_turn = _.side_after != _.side_before
    opened_ms = ibis.ifelse(is_turn & (_.side_after != 0), _.time_ms, None)
    begun = known.mutate(opened_ms=opened_ms).mutate(begun_ms=_.opened_ms.max().over(earlier))
    is_end = is_turn & (_.side_before != 0)
    return begun.mutate(open_ms=ibis.ifelse(is_end, _.begun_ms, None)).drop("opened_ms", "begun_ms")
