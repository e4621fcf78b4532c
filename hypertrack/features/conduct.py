"""What the category rules of the edition `hypertrack` look at: which way a wallet trades, and when.

Not given to the model unless it is asked to: the rules read it whatever the groups.
"""

import ibis
from ibis import Table, Value, _

from hypertrack.features.candles import candle_matches, candle_measures
from hypertrack.features.definition import Scope, feature
from hypertrack.features.impact import against_prices
from hypertrack.features.traded import traded
from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import executions
from hypertrack.records import MINUTE_MS

BLOCK_MS = 5 * MINUTE_MS
"""Within it a wallet's executions are one decision more often than not: a z counts blocks."""

TRADE = ("wallet_id", "coin_id", "time_ms", "direction")

QUICK_REVERSAL_MS = 15 * MINUTE_MS
LEG_MS = 2_000
"""Both legs of an arbitrage are sent at once; the second may wait for the first to be filled."""


def reversals(scope: Scope) -> Table:
    """Return wallet_id, time_ms and since_ms of each execution: since its last opposite one.

    Of the same coin; NULL where the wallet had done nothing the other way.
    """
    return scope.before(keep(scope.con, "reversals", _reversals))


def legs(scope: Scope) -> Table:
    """Return wallet_id and has_leg of each taker execution.

    Whether the wallet traded another coin the other way within 2 s: a perp, its spot and its
    builder-deployed twin are coins of their own.
    """
    rows = traded(scope).select(*TRADE, "is_taker").mutate(stretch=_.time_ms // LEG_MS)
    takes = rows.filter(_.is_taker)
    # What is near lies in the same stretch of as long, or in the one before or after it, whose last
    # and first moment tell whether any of it is.
    sides = rows.group_by("wallet_id", "coin_id", "direction", "stretch").aggregate(
        first_ms=_.time_ms.min(), last_ms=_.time_ms.max()
    )
    sides = sides.rename({f"{name}_there": name for name in ("coin_id", "direction")})
    stretches = ibis.array([takes.stretch - 1, takes.stretch, takes.stretch + 1])
    around = takes.mutate(stretch=stretches.unnest())
    paired = around.join(
        sides,
        [
            "wallet_id",
            "stretch",
            around.coin_id != sides.coin_id_there,
            around.direction == -sides.direction_there,
            sides.last_ms >= around.time_ms - LEG_MS,
            sides.first_ms <= around.time_ms + LEG_MS,
        ],
    )
    found = paired.select(*TRADE).distinct().mutate(has_leg=True)
    return takes.left_join(found, TRADE).select("wallet_id", has_leg=_.has_leg.fill_null(False))


def moves(scope: Scope) -> Table:
    """Return a row per wallet and five minutes with executions after a move of the price.

    Columns: wallet_id, n, moved_usd, and net_usd: the notional traded with the last five minutes'
    move less that against it.
    """
    rows = against_prices(scope).mutate(sign=_.move.sign().nullif(0)).filter(_.sign.notnull())
    return rows.group_by("wallet_id", block=_.time_ms // BLOCK_MS).aggregate(
        n=_.count(),
        moved_usd=_.notional_usd.sum(),
        net_usd=(_.notional_usd * _.direction * _.sign).sum(),
    )


def volatile_blocks(scope: Scope) -> Table:
    """Return a row per wallet and five minutes: its executions in volatile minutes, over chance.

    Columns: wallet_id, excess. Chance is the share of its coins' minutes that are volatile.
    """
    rows = candle_matches(scope).select("wallet_id", "coin_id", "minute_ms", "is_volatile")
    rows = rows.mutate(is_volatile=rows.is_volatile.cast("int8"))
    minutes = candle_measures(scope)
    medians = minutes.group_by("coin_id").aggregate(median=_.volatility.median())
    share = (
        minutes.join(medians, "coin_id")
        .group_by("coin_id")
        .aggregate(chance=(_.volatility > _["median"]).cast("int8").mean())
    )
    return (
        rows.join(share, "coin_id")
        .group_by("wallet_id", block=_.minute_ms // BLOCK_MS)
        .aggregate(excess=(_.is_volatile - _.chance).sum())
    )


def liquidations(scope: Scope) -> Table:
    """Return wallet_id of each fill that the venue calls a liquidation of that wallet."""
    fills = scope.within(scope.con.table("imported_fills"))
    return fills.filter(_.dir.lower().contains("liquidat")).select("wallet_id", "time_ms")


@feature(traded, unit="count", group="conduct", is_extensive=True, missing=0.0)
def execution_count(rows: Table) -> Value:
    """Executions of the wallet."""
    return rows.count()


@feature(traded, unit="count", group="conduct", is_extensive=True, missing=0.0)
def twap_slice_count(rows: Table) -> Value:
    """Executions that were slices of a TWAP order."""
    return rows.is_twap.cast("int8").sum()


@feature(reversals, unit="0..1", group="conduct")
def reversal_15m_share(rows: Table) -> Value:
    """Share of executions at most 15 minutes after one in the other direction, same coin."""
    return (rows.since_ms <= QUICK_REVERSAL_MS).fill_null(False).cast("int8").mean()


@feature(reversals, unit="s", group="conduct")
def reversal_median_s(rows: Table) -> Value:
    """Median time since the last execution in the other direction, same coin."""
    return rows.since_ms.median() / 1_000


@feature(legs, unit="0..1", group="conduct")
def opposite_leg_share(rows: Table) -> Value:
    """Share of taker executions with an opposite one of its own in another coin within 2 s."""
    return rows.has_leg.cast("int8").mean()


@feature(moves, unit="-1..1", group="conduct")
def move_alignment(rows: Table) -> Value:
    """Notional traded with the last 5 minutes' move less that against it, over both."""
    return rows.net_usd.sum() / rows.moved_usd.sum()


@feature(moves, unit="sd", group="conduct")
def move_alignment_z(rows: Table) -> Value:
    """Sum over 5-minute blocks of notional with less against the move, over its error."""
    return rows.net_usd.sum() / (rows.net_usd**2).sum().sqrt().nullif(0)


@feature(moves, unit="count", group="conduct", is_extensive=True, missing=0.0)
def move_block_count(rows: Table) -> Value:
    """5-minute blocks with executions after a known move."""
    return rows.count()


@feature(moves, unit="count", group="conduct", is_extensive=True, missing=0.0)
def moved_execution_count(rows: Table) -> Value:
    """Executions after a known move of the price."""
    return rows.n.sum()


@feature(volatile_blocks, unit="sd", group="conduct")
def volatile_z(rows: Table) -> Value:
    """Executions in volatile minutes over its coins' share of them, by 5-minute blocks."""
    return rows.excess.sum() / (rows.excess**2).sum().sqrt().nullif(0)


@feature(liquidations, unit="count", group="conduct", is_extensive=True, missing=0.0)
def liquidation_count(rows: Table) -> Value:
    """Fills by which the wallet was liquidated, where its fills are known."""
    return rows.count()


def _reversals(con: Tables) -> Table:
    # Looks only back, so what it finds holds at any cut. At one time sales come before purchases.
    rows = executions(con).select(*TRADE)
    rows = rows.mutate(seen_ms=_.time_ms - ibis.ifelse(_.direction < 0, 1, 0))
    others = rows.select(
        wallet="wallet_id", coin="coin_id", opposite=-_.direction, opposite_ms="time_ms"
    )
    same = {"wallet_id": "wallet", "coin_id": "coin", "direction": "opposite"}
    found = con.as_of(rows, others, "opposite_ms", same)
    return found.select("wallet_id", "time_ms", since_ms=_.time_ms - _.opposite_ms)
