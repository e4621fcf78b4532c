"""How a wallet trades in a window, as far as it tells a program from a person."""

import ibis
from ibis import Table, _

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import executions
from hypertrack.market.gaps import gaps, paces, timer_values
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

SHORTEST_TIMER_MS = 1_000
"""Shorter gaps repeat because blocks do."""

LONGEST_STEADY_GAP_MS = 30 * MINUTE_MS
"""A longer gap is between two sittings, and says nothing of the pace of either."""

ROUND_FRAC = 0.01
"""How near a notional is to half its leading digit, of that: it moves with the price."""


def rhythm(con: Tables, window: Window) -> Table:
    """Return a row per wallet that traded in a window.

    Slices of TWAP orders are left out: it is the venue that times them.

    When a resting order is filled, others decide: paces are those of what was taken.

    Columns: wallet_id, n_executions, maker_share (of executions), median_gap_s, timer_share (of
    gaps, on one timer value), n_paces and unsteadiness (see `_steadiness`), n_takes, size_spread
    and round_share (see `_sizes`), typical_coins_a_minute (median number of coins filled as maker,
    over UTC minutes with any). NULL where there is nothing to measure.
    """
    traded = window.of(executions(con)).filter(~_.is_twap)
    measured = traded.group_by("wallet_id").aggregate(
        n_executions=_.count(), maker_share=(~_.is_taker).cast("int8").mean()
    )
    for more in (
        _timers(gaps(con, window)),
        _steadiness(paces(con, window)),
        _sizes(traded.filter(_.is_taker)),
        _quotes(traded),
    ):
        measured = measured.left_join(more, "wallet_id").drop("wallet_id_right")
    return measured


def _timers(gaps: Table) -> Table:
    """Return wallet_id, median_gap_s and timer_share."""
    between = gaps.group_by("wallet_id").aggregate(
        n_gaps=_.gap_ms.count(), median_gap_s=_.gap_ms.median() / 1_000
    )
    near = timer_values(gaps, shortest_ms=SHORTEST_TIMER_MS)
    most = near.group_by("wallet_id").aggregate(n_timer=_.n_near.max())
    return between.left_join(most, "wallet_id").select(
        "wallet_id", "median_gap_s", timer_share=_.n_timer / _.n_gaps
    )


def _steadiness(paces: Table) -> Table:
    """Return wallet_id, n_paces and unsteadiness: how far gaps differ from the one before.

    The median of the absolute logarithm of their ratio, over pairs of gaps above 0 within one
    sitting. A program that waits the same time again has little of it, however often it stops.
    """
    paced = paces.filter(
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


def _quotes(traded: Table) -> Table:
    made = traded.filter(~_.is_taker)
    a_minute = made.group_by("wallet_id", minute=_.time_ms // MINUTE_MS).aggregate(
        n=_.coin_id.nunique()
    )
    return a_minute.group_by("wallet_id").aggregate(typical_coins_a_minute=_.n.median())
