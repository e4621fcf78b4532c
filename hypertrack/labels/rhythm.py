"""How a wallet trades in a window, as far as it tells a program from a person."""

from typing import Any

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.executions import executions
from hypertrack.market.gaps import timer_values, with_gaps
from hypertrack.market.window import Window
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS

SHORTEST_TIMER_MS = 1_000
"""Shorter gaps repeat because blocks do."""

REACTION_MS = 250


def rhythm(con: Any, window: Window) -> Table:
    """Return a row per wallet that traded in the window.

    Slices of TWAP orders are left out: it is the venue that times them.

    Columns: wallet_id, n_executions, maker_share (of executions), median_gap_s, burstiness (std /
    mean of gaps), longest_pause_s (gaps, and what lies before the first and after the last
    execution), max_hours_a_day (different UTC hours), timer_share (of gaps, on one timer value),
    n_quoted_takes and reaction_share (see `_reactions`), typical_coins_a_minute (median number of
    coins filled as maker, over UTC minutes with any). NULL where there is nothing to measure.
    """
    traded = window.of(executions(con)).filter(~_.is_twap)
    gaps = with_gaps(traded)
    measured = gaps.group_by("wallet_id").aggregate(
        n_executions=_.count(),
        maker_share=(~_.is_taker).cast("int8").mean(),
        median_gap_s=_.gap_ms.median() / 1_000,
        burstiness=_.gap_ms.std(how="pop") / _.gap_ms.mean().nullif(0),
        longest_pause_s=ibis.greatest(
            _.gap_ms.max().fill_null(0),
            _.time_ms.min() - window.start_ms,
            window.end_ms - _.time_ms.max(),
        )
        / 1_000,
    )
    for more in (_hours(traded), _timers(gaps), _reactions(con, window), _quotes(traded)):
        measured = measured.left_join(more, "wallet_id").drop("wallet_id_right")
    return measured


def _hours(traded: Table) -> Table:
    hours = _.time_ms // HOUR_MS
    a_day = traded.group_by("wallet_id", day=_.time_ms // DAY_MS).aggregate(n=hours.nunique())
    return a_day.group_by("wallet_id").aggregate(max_hours_a_day=_.n.max())


def _timers(gaps: Table) -> Table:
    near = timer_values(gaps, shortest_ms=SHORTEST_TIMER_MS)
    n_gaps = gaps.group_by("wallet_id").aggregate(n_gaps=_.gap_ms.count())
    most = near.group_by("wallet_id").aggregate(n_timer=_.n_near.max())
    return n_gaps.join(most, "wallet_id").select("wallet_id", timer_share=_.n_timer / _.n_gaps)


def _reactions(con: Any, window: Window) -> Table:
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


def _takes(con: Any) -> Table:
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


def _quotes(traded: Table) -> Table:
    made = traded.filter(~_.is_taker)
    a_minute = made.group_by("wallet_id", minute=_.time_ms // MINUTE_MS).aggregate(
        n=_.coin_id.nunique()
    )
    return a_minute.group_by("wallet_id").aggregate(typical_coins_a_minute=_.n.median())
