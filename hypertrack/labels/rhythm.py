"""How a wallet trades in a window, as far as it tells a program from a person."""

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions
from hypertrack.market.rhythm import rhythm as rhythm_of
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

REACTION_MS = 250


def rhythm(con: Tables, window: Window) -> Table:
    """Return a row per wallet that traded in the window.

    Columns: those of `hypertrack.market.rhythm`, n_quoted_takes and reaction_share (see
    `_reactions`). NULL where there is nothing to measure.
    """
    measured = rhythm_of(window.of(executions(con)))
    return measured.left_join(_reactions(con, window), "wallet_id").drop("wallet_id_right")


def _reactions(con: Tables, window: Window) -> Table:
    """Return wallet_id, n_quoted_takes and reaction_share, where quotes are recorded.

    Share of takes within `REACTION_MS` after a change of the best bid or offer, less chance: the
    share of their minutes that lies so close after a change. Where quotes change all the time, to
    trade just after one says nothing.
    """
    minute = _.time_ms // MINUTE_MS
    takes = window.of(keep(con, "label_takes", _takes)).mutate(minute=minute)
    by_coin = ibis.window(group_by="coin_id", order_by="time_ms")
    until_next = _.time_ms.lead().over(by_coin).fill_null(window.end_ms) - _.time_ms
    chances = (
        window.of(con.table("bbo"))
        .select("coin_id", minute=minute, close_ms=ibis.least(until_next, REACTION_MS))
        .group_by("coin_id", "minute")
        .aggregate(chance=ibis.least(_.close_ms.sum() / MINUTE_MS, 1.0))
    )
    share = (
        takes.left_join(chances, ["coin_id", "minute"])
        .group_by("wallet_id")
        .aggregate(
            n_quoted_takes=_.count(),
            share=_.is_reaction.cast("int8").mean(),
            chance=_.chance.fill_null(0.0).mean(),
        )
    )
    return share.select(
        "wallet_id",
        "n_quoted_takes",
        reaction_share=_.share - _.chance,
    )


def _takes(con: Tables) -> Table:
    """Return wallet_id, coin_id, time_ms, is_reaction of taker executions in quoted coins."""
    quotes = con.table("bbo").select("coin_id", "time_ms")
    takes = executions(con).filter(_.is_taker, ~_.is_twap).semi_join(quotes, "coin_id")
    timeline = quotes.select(
        "coin_id",
        "time_ms",
        wallet_id=ibis.null("int32"),
        quote_ms=_.time_ms,
        place=ibis.literal(1, "int8"),
    ).union(
        takes.select(
            "coin_id",
            "time_ms",
            wallet_id=_.wallet_id.cast("int32"),
            quote_ms=ibis.null("int64"),
            place=ibis.literal(0, "int8"),  # before the quotes of its own block
        )
    )
    past = ibis.window(group_by="coin_id", order_by=["time_ms", "place"], rows=(None, 0))
    return (
        timeline.mutate(quote_ms=_.quote_ms.max().over(past))
        .filter(_.wallet_id.notnull())
        .select(
            "wallet_id",
            "coin_id",
            "time_ms",
            is_reaction=(_.time_ms - _.quote_ms <= REACTION_MS).fill_null(False),
        )
    )
