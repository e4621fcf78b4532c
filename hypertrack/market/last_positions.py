"""What each wallet held when a time came, as far as the venue told it."""

import ibis
from ibis import Table, _

from hypertrack.market.account_states import last_held, stated_levels, with_dex
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import fills
from hypertrack.market.positions import is_known, positions

KEYS = ("wallet_id", "coin_id")


def last_positions(con: Tables, until_ms: int) -> Table:
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


def accounts_asked(con: Tables, until_ms: int) -> Table:
    """Return wallet_id, dex, told_ms: when each account was told last before a cut."""
    states = con.table("account_states").filter(_.time_ms < until_ms)
    return states.group_by("wallet_id", "dex").aggregate(told_ms=_.time_ms.max())


def positions_asked(con: Tables, until_ms: int) -> Table:
    """Return wallet_id, coin_id, size: what each account holds at a cut, by what was told last.

    That and the trades since; a coin without a row is flat. Whether trades are missing is not
    looked at: of the last moments before the cut the ledger may not have told yet.
    """
    held = last_held(con, until_ms).select(*KEYS, size=_["size"].cast("float64"))
    coins = with_dex(con.table("coins")).select("coin_id", "dex")
    traded = fills(con).filter(_.time_ms < until_ms).join(coins, "coin_id")
    since = traded.join(accounts_asked(con, until_ms), ["wallet_id", "dex"])
    since = since.filter(_.time_ms > _.told_ms)
    both = held.union(since.select(*KEYS, size=(_["size"] * _.direction).cast("float64")))
    return both.group_by(*KEYS).aggregate(size=_["size"].sum())
