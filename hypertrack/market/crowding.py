"""How much of a coin's open interest a wallet's position is."""

from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.funding import stages
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS

MAX_AGE_MS = HOUR_MS
"""Open interest of longer ago says nothing of a position."""


def position_shares(con: Tables, window: Window) -> Table:
    """Return wallet_id, coin_id, time_ms, share_frac of each known position when it was taken.

    Also of those that a wallet came into the window with. No row where no open interest above 0
    was told in the hour before.
    """
    told = con.table("contexts").filter(_.open_interest > 0)
    points = told.select(coin="coin_id", told_ms="time_ms", open_interest="open_interest")
    held = stages(con, window).filter(_.side != 0)
    found = con.as_of(held.mutate(seen_ms=_.time_ms.cast("int64")), points, "told_ms")
    fresh = found.filter(_.told_ms >= _.time_ms - MAX_AGE_MS)
    return fresh.select(
        "wallet_id", "coin_id", "time_ms", share_frac=_.held.abs() / _.open_interest
    )
