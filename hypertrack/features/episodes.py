"""Flat-to-flat episodes: from the opening of a position to the moment it is closed."""

from typing import Any

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.executions import executions

FLAT_FRAC = 1e-12
"""A position below this share of all that was traded is rounding, and flat."""


def episodes(scope: Scope) -> Table:
    """Return wallet_id, coin_id, open_ms, close_ms of the episodes closed in the window.

    A wallet counts as flat when the recording starts. A trade through zero closes one episode
    and opens the next.
    """
    return scope.before(keep(scope.con, "episodes", _episodes), "close_ms")


@feature(episodes, unit="s", group="extended")
def median_holding_s(rows: Table) -> Value:
    """Median time from opening to closing of flat-to-flat episodes; NaN with none."""
    return (rows.close_ms - rows.open_ms).median() / 1_000


@feature(episodes, unit="count", group="extended", is_extensive=True, missing=0.0)
def closed_episode_count(rows: Table) -> Value:
    """Flat-to-flat episodes closed in the window."""
    return rows.count()


def _episodes(con: Any) -> Table:
    # Windows look only back: an episode that closed before a cut is the same at every later one.
    keys = ["wallet_id", "coin_id"]
    order = ["time_ms", "direction", "is_taker"]
    so_far = ibis.window(group_by=keys, order_by=order, rows=(None, 0))
    earlier = ibis.window(group_by=keys, order_by=order, rows=(None, -1))
    changes = (
        executions(con)
        .mutate(signed=_["size"] * _.direction)
        .select(
            *keys,
            *order,
            "signed",
            position=_.signed.sum().over(so_far),
            traded=_["size"].sum().over(so_far),
        )
        .mutate(side=_side(_.position), side_before=_side(_.position - _.signed))
        .filter(_.side != _.side_before)
    )
    return (
        changes.mutate(opened_ms=ibis.ifelse(_.side != 0, _.time_ms, None))
        .mutate(open_ms=_.opened_ms.max().over(earlier))
        .filter(_.side_before != 0)
        .select(*keys, "open_ms", close_ms=_.time_ms)
    )


def _side(position: Value) -> Value:
    is_flat = position.abs() <= _.traded * FLAT_FRAC
    return ibis.ifelse(is_flat, 0, position.sign()).cast("int8")
