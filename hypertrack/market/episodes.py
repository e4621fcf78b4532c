"""Episodes: from flat to flat, only where it is known that the wallet was flat at both ends.

Of 93 wallets of the venue with a "closed episode" counted as if all had begun flat, 66 were never
flat at all.
"""

import ibis
from ibis import Table, Value, _

from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.positions import KEYS, positions

EPISODE = [*KEYS, "chain", "episode"]


def episode_steps(con: Tables) -> Table:
    """Return all changes of known positions with the episodes that they close; made once.

    Columns: those of `positions`; is_end: whether the wallet was flat then, or went through zero;
    open_ms: when the episode began that ended here, NULL where none ended, or where it was open
    already when the position became known; episode: how many ended before it in its chain. A trade
    through zero ends one episode and begins the next.
    """
    return keep(con, "episode_steps", _episode_steps)


def closed_episodes(con: Tables) -> Table:
    """Return a row per closed episode: wallet_id, coin_id, open_ms, close_ms, known_ms, pnl_usd.

    pnl_usd is the cash flow of all that was traded in it, before fees: what it opened with and
    closed with cancel out in coins.
    """
    steps = episode_steps(con)
    # A trade through zero is two: what closes the old position, and what opens the new one.
    closing = ibis.cases(
        ((_.side_before == 0) | (_.signed_size.sign() == _.side_before), 0.0),
        (_.is_end & (_.side_after != 0), -_.before),
        else_=_.signed_size,
    )
    split = steps.mutate(closing=closing).mutate(opening=_.signed_size - _.closing)
    old = split.select(
        *EPISODE,
        cash_usd=-_.closing * _.price,
        open_ms=_.open_ms,
        close_ms=_if_end(_.time_ms),
        known_ms=_if_end(_.known_ms),
    )
    nothing = {name: ibis.null("int64") for name in ("open_ms", "close_ms", "known_ms")}
    new = split.select(
        *KEYS,
        "chain",
        episode=_.episode + _.is_end.cast("int64"),
        cash_usd=-_.opening * _.price,
        **nothing,
    )
    whole = (
        old.union(new)
        .group_by(*EPISODE)
        .aggregate(
            open_ms=_.open_ms.max(),
            close_ms=_.close_ms.max(),
            known_ms=_.known_ms.max(),
            pnl_usd=_.cash_usd.sum(),
        )
    )
    return whole.filter(_.open_ms.notnull()).drop("chain", "episode")


def _episode_steps(con: Tables) -> Table:
    # Windows look only back: what closed before a cut is the same at every later one.
    earlier = ibis.window(group_by=[*KEYS, "chain"], order_by="nth", rows=(None, -1))
    known = positions(con).filter(_.before.notnull())
    is_turn = _.side_after != _.side_before
    begun = known.mutate(
        opened_ms=ibis.ifelse(is_turn & (_.side_after != 0), _.time_ms, None),
        is_end=is_turn & (_.side_before != 0),
    )
    counted = begun.mutate(
        begun_ms=_.opened_ms.max().over(earlier),
        episode=_.is_end.cast("int64").sum().over(earlier).fill_null(0),
    )
    ended = counted.mutate(open_ms=_if_end(_.begun_ms))
    return ended.drop("opened_ms", "begun_ms")


def _if_end(value: Value) -> Value:
    return ibis.ifelse(_.is_end, value, None)
