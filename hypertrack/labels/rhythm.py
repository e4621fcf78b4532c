"""How a wallet trades in a window, as far as it tells a program from a person."""

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions
from hypertrack.market.price_lookups import ORDER as TIME_ORDER
from hypertrack.market.price_lookups import traded_times
from hypertrack.market.rhythm import rhythm as rhythm_of
from hypertrack.market.window import Window, as_value
from hypertrack.records import MINUTE_MS

REACTION_MS = 250

DECIMALS = 9

_MINUTE = _.time_ms // MINUTE_MS


def rhythm(con: Tables, window: Window) -> Table:
    """Return a row per wallet that traded in the window.

    Columns: those of `hypertrack.market.rhythm`, n_quoted_takes and reaction_share (see
    `_reactions`). NULL where there is nothing to measure.
    """
    measured = rhythm_of(con, window)
    return measured.left_join(_reactions(con, window), "wallet_id").drop("wallet_id_right")


def _reactions(con: Tables, window: Window) -> Table:
    """Return wallet_id, n_quoted_takes and reaction_share, where quotes are recorded.

    Share of takes within `REACTION_MS` after a change of the best bid or offer, less chance: the
    share of their minutes that lies so close after a change. Where quotes change all the time, to
    trade just after one says nothing.
    """
    traded = window.of(executions(con)).filter(_.is_taker, ~_.is_twap)
    takes = traded.join(_quoted_times(con), ["coin_id", "time_ms"]).mutate(minute=_MINUTE)
    share = (
        takes.left_join(_chances(con, window), ["coin_id", "minute"])
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
        # Chances are added up in any order, and a share of nothing more must be nothing always.
        reaction_share=(_.share - _.chance).round(DECIMALS),
    )


def _chances(con: Tables, window: Window) -> Table:
    """Return coin_id, minute, chance: the share of a minute that lies close after a quote change.

    Of most minutes it is the same in every window, and known; where the window begins and ends it
    is what lies inside.
    """
    first, last = as_value(window.start_ms) // MINUTE_MS, (window.end_ms - REACTION_MS) // MINUTE_MS
    inner = keep(con.part, "quote_minutes", _quote_minutes)
    inner = inner.filter(_.minute > first, _.minute < last)
    quotes = window.of(con.table("bbo"))
    # Read a little further: until the next quote is at most so long, as far as it counts.
    begun_ms = (first + 1) * MINUTE_MS + REACTION_MS
    ends = quotes.filter(_.time_ms < begun_ms).union(
        quotes.filter(_.time_ms >= ibis.greatest(last * MINUTE_MS, begun_ms))
    )
    outer = _close_after(ends, window.end_ms)
    return inner.union(outer.filter((_.minute <= first) | (_.minute >= last)))


def _quote_minutes(con: Tables) -> Table:
    return _close_after(con.table("bbo"), None)


def _close_after(quotes: Table, end_ms: int | None) -> Table:
    """Return coin_id, minute, chance of some quotes, of which the last lasts until the end."""
    by_coin = ibis.window(group_by="coin_id", order_by="time_ms")
    next_ms = _.time_ms.lead().over(by_coin)
    lasts_ms = (next_ms if end_ms is None else next_ms.fill_null(end_ms)) - _.time_ms
    return (
        quotes.select(
            "coin_id",
            minute=_MINUTE,
            close_ms=ibis.least(lasts_ms.fill_null(REACTION_MS), REACTION_MS),
        )
        .group_by("coin_id", "minute")
        .aggregate(chance=ibis.least(_.close_ms.sum() / MINUTE_MS, 1.0))
    )


def _quoted_times(con: Tables) -> Table:
    """Return coin_id, time_ms, is_reaction of all that traded in quoted coins; made once."""
    return keep(con.part, "quoted_times", _reacting_times, order_by=TIME_ORDER, by="coin_id")


def _reacting_times(con: Tables) -> Table:
    quotes = con.table("bbo").select(coin="coin_id", quote_ms="time_ms")
    times = traded_times(con).semi_join(quotes, _.coin_id == quotes.coin)
    # Those of its own block come after it.
    found = con.as_of(times.mutate(seen_ms=_.time_ms - 1), quotes, "quote_ms")
    return found.select(
        *TIME_ORDER, is_reaction=(_.time_ms - _.quote_ms <= REACTION_MS).fill_null(False)
    )
