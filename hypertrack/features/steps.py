"""From one execution to the next: gaps in time, flips of direction."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.executions import ORDER, executions
from hypertrack.market.gaps import timer_values
from hypertrack.records import MINUTE_MS

LONGEST_PACED_MS = 30 * MINUTE_MS
"""A longer gap is between two sittings, and says nothing of the pace of either."""

MIN_GAPS = 2
"""Two gaps, three executions: fewer have no rhythm."""


def steps(scope: Scope) -> Table:
    """Return executions with what came before them, for the wallet and in the coin.

    Columns: wallet_id, coin_id, time_ms, gap_ms since the wallet's previous execution, before_ms,
    the gap before that, and is_flip: whether the direction differs from the previous one in the
    coin. NULL for the first.
    """
    return scope.before(keep(scope.con, "steps", _steps))


def timers(scope: Scope) -> Table:
    """Return wallet_id, and for timer values 5 % apart: n gaps above, n_near gaps around it.

    Gaps of 0 (several coins or sides in one block) are no timer's.
    """
    return timer_values(steps(scope), shortest_ms=1)


@feature(steps, unit="ratio")
def burstiness(rows: Table) -> Value:
    """Std / mean of the gaps between consecutive executions; 0 with fewer than 3 or mean 0."""
    is_defined = (rows.gap_ms.count() >= MIN_GAPS) & (rows.gap_ms.sum() > 0)
    return ibis.ifelse(is_defined, rows.gap_ms.std(how="pop") / rows.gap_ms.mean().nullif(0), 0.0)


@feature(steps, unit="0..1")
def flip_rate(rows: Table) -> Value:
    """Share of consecutive executions within a coin whose directions differ, over all pairs."""
    return rows.is_flip.cast("int8").mean()


@feature(steps, unit="s", group="extended")
def median_gap_s(rows: Table) -> Value:
    """Median gap between consecutive executions; NaN with fewer than 2."""
    return rows.gap_ms.median() / 1_000


@feature(steps, unit="ratio", group="extended")
def gap_unsteadiness(rows: Table) -> Value:
    """Median of |ln(gap / gap before)|, both above 0 and at most 30 min; NaN with no such pair."""
    paced = rows.gap_ms.between(1, LONGEST_PACED_MS) & rows.before_ms.between(1, LONGEST_PACED_MS)
    return ibis.ifelse(paced, (rows.gap_ms / rows.before_ms.nullif(0)).ln().abs(), None).median()


@feature(timers, unit="0..1", group="extended")
def gap_mode_share(rows: Table) -> Value:
    """Share of gaps within 5 % of the most common gap, gaps of 0 apart; NaN with fewer than 2."""
    n_gaps = rows.n.sum()
    return ibis.ifelse(n_gaps >= MIN_GAPS, rows.n_near.max() / n_gaps, None)


def _steps(con: Tables) -> Table:
    # Both windows look only back, so what they find holds at any cut. Each is sorted for once, as
    # all that is asked of it is asked in one place.
    by_coin = ibis.window(
        group_by=["wallet_id", "coin_id"], order_by=["time_ms", "direction", "is_taker"]
    )
    by_wallet = ibis.window(group_by="wallet_id", order_by=ORDER[1:])
    last_ms, second_last_ms = (_.time_ms.lag(n).over(by_wallet) for n in (1, 2))
    return executions(con).select(
        "wallet_id",
        "coin_id",
        "time_ms",
        gap_ms=_.time_ms - last_ms,
        before_ms=last_ms - second_last_ms,
        is_flip=_.direction != _.direction.lag().over(by_coin),
    )
