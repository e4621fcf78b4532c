"""How a wallet trades in a window, as far as it tells a program from a person."""

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import ORDER, executions
from hypertrack.market.gaps import timer_values, with_gaps
from hypertrack.market.price_lookups import ORDER as TIME_ORDER
from hypertrack.market.price_lookups import traded_times
from hypertrack.market.window import Window, as_value
from hypertrack.records import MINUTE_MS

SHORTEST_TIMER_MS = 1_000
"""Shorter gaps repeat because blocks do."""

REACTION_MS = 250

_MINUTE = _.time_ms // MINUTE_MS

LONGEST_STEADY_GAP_MS = 30 * MINUTE_MS
"""A longer gap is between two sittings, and says nothing of the pace of either."""

ROUND_FRAC = 0.01
"""How near a notional is to half its leading digit, of that: it moves with the price."""


def rhythm(con: Tables, window: Window) -> Table:
    """Return a row per wallet that traded in the window.

    Slices of TWAP orders are left out: it is the venue that times them.

    When a resting order is filled, others decide: paces are those of what was taken.

    Columns: wallet_id, n_executions, maker_share (of executions), median_gap_s, timer_share (of
    gaps, on one timer value), n_paces and unsteadiness (see `_paces`), n_takes, size_spread and
    round_share (see `_sizes`), n_quoted_takes and reaction_share (see `_reactions`),
    typical_coins_a_minute (median number of coins filled as maker, over UTC minutes with any).
    NULL where there is nothing to measure.
    """
    traded = window.of(executions(con)).filter(~_.is_twap)
    gaps = with_gaps(traded)
    measured = gaps.group_by("wallet_id").aggregate(
        n_executions=_.count(),
        maker_share=(~_.is_taker).cast("int8").mean(),
        median_gap_s=_.gap_ms.median() / 1_000,
    )
    taken = traded.filter(_.is_taker)
    for more in (
        *(_timers(gaps), _paces(with_gaps(taken)), _sizes(taken)),
        *(_reactions(con, window), _quotes(traded)),
    ):
        measured = measured.left_join(more, "wallet_id").drop("wallet_id_right")
    return measured


def _timers(gaps: Table) -> Table:
    near = timer_values(gaps, shortest_ms=SHORTEST_TIMER_MS)
    n_gaps = gaps.group_by("wallet_id").aggregate(n_gaps=_.gap_ms.count())
    most = near.group_by("wallet_id").aggregate(n_timer=_.n_near.max())
    return n_gaps.join(most, "wallet_id").select("wallet_id", timer_share=_.n_timer / _.n_gaps)


def _paces(gaps: Table) -> Table:
    """Return wallet_id, n_paces and unsteadiness: how far gaps differ from the one before.

    The median of the absolute logarithm of their ratio, over pairs of gaps above 0 within one
    sitting. A program that waits the same time again has little of it, however often it stops.
    """
    by_wallet = ibis.window(group_by="wallet_id", order_by=ORDER[1:])
    paced = gaps.mutate(before_ms=_.gap_ms.lag().over(by_wallet)).filter(
        *(gap.between(1, LONGEST_STEADY_GAP_MS) for gap in (_.gap_ms, _.before_ms))
    )
    change = (_.gap_ms / _.before_ms).ln().abs()
    return paced.group_by("wallet_id").aggregate(n_paces=_.count(), unsteadiness=change.median())


def _sizes(taken: Table) -> Table:
    """Return wallet_id, and of its taker executions n_takes, size_spread and round_share.

    size_spread: standard deviation of the logarithm of their notional. round_share: of a size with
    at most two significant digits, or of a notional near half a leading digit: the larger share.
    """
    coins_step = 10 ** (_["size"].log10().floor() - 1)
    usd_step = 10 ** _.notional_usd.log10().floor() / 2
    in_coins, in_usd = _["size"] / coins_step, _.notional_usd / usd_step
    return (
        taken.mutate(
            is_round_size=((in_coins - in_coins.round()).abs() < 1e-6).cast("int8"),
            is_round_usd=((in_usd - in_usd.round()).abs() < ROUND_FRAC).cast("int8"),
        )
        .group_by("wallet_id")
        .aggregate(
            n_takes=_.count(),
            size_spread=_.notional_usd.ln().std(how="pop"),
            round_share=ibis.greatest(_.is_round_size.mean(), _.is_round_usd.mean()),
        )
    )


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
        reaction_share=_.share - _.chance,
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
    return keep(con.part, "quoted_times", _reacting_times, order_by=TIME_ORDER, by_coin=True)


def _reacting_times(con: Tables) -> Table:
    quotes = con.table("bbo").select(coin="coin_id", quote_ms="time_ms")
    times = traded_times(con).semi_join(quotes, _.coin_id == quotes.coin)
    # Those of its own block come after it.
    found = con.as_of(times.mutate(seen_ms=_.time_ms - 1), quotes, "quote_ms")
    return found.select(
        *TIME_ORDER, is_reaction=(_.time_ms - _.quote_ms <= REACTION_MS).fill_null(False)
    )


def _quotes(traded: Table) -> Table:
    made = traded.filter(~_.is_taker)
    a_minute = made.group_by("wallet_id", minute=_.time_ms // MINUTE_MS).aggregate(
        n=_.coin_id.nunique()
    )
    return a_minute.group_by("wallet_id").aggregate(typical_coins_a_minute=_.n.median())
