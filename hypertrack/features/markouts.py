"""Markouts: where the price went after a wallet traded, less where its coin went anyway."""

from functools import partial
from typing import Any

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.features.traded import traded
from hypertrack.market.engine.kept_tables import keep
from hypertrack.market.price_lookups import (
    AROUND,
    LATER,
    ORDER,
    moments,
    prices_around,
    prices_later,
)
from hypertrack.market.prices import Ask, last_trades, priced
from hypertrack.records import MINUTE_MS

TO_BPS = 1e4

HORIZONS = {"after_5s": AROUND["after_5s"], **LATER}


def marked_out(scope: Scope) -> Table:
    """Return executions with their markouts: wallet_id, and for each horizon two columns.

    ``usd_{after}``: notional that has a later price in the window; ``bps_usd_{after}``: the same
    times its drift-adjusted markout in bps.
    """
    around = prices_around(scope.con).select("after_5s", coin="coin_id", at_ms="time_ms")
    later = prices_later(scope.con).select(*LATER, later_coin="coin_id", later_ms="time_ms")
    drift = coin_drift(scope).rename(drift_coin="coin_id")
    rows = traded(scope)
    rows = rows.join(around, [rows.coin_id == around.coin, rows.time_ms == around.at_ms])
    rows = rows.join(later, [rows.coin_id == later.later_coin, rows.time_ms == later.later_ms])
    rows = rows.left_join(drift, rows.coin_id == drift.drift_coin)
    return rows.select(
        "wallet_id",
        **{
            name: column
            for after, ask in HORIZONS.items()
            for name, column in _weighted(after, ask, scope).items()
        },
    )


def coin_drift(scope: Scope) -> Table:
    """Return coin_id and ``drift_{after}``: its mean return over each horizon in the window.

    From every whole minute, but only minutes whose horizon ends inside the window.
    """
    build = partial(_minute_prices, start_ms=scope.start_ms)
    keep(scope.con.part, "minute_prices", build, order_by=ORDER)
    minutes = scope.con.table("minute_prices")
    return minutes.group_by("coin_id").aggregate(
        **{
            f"drift_{after}": ibis.ifelse(
                _.time_ms + ask.offset_ms < scope.end_ms, _[after] / _.now - 1, None
            ).mean()
            for after, ask in HORIZONS.items()
        }
    )


@feature(marked_out, unit="bps", group="extended")
def markout_5s_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 5 s after it traded, by notional, less the coin's drift."""
    return _mean(rows, "after_5s")


@feature(marked_out, unit="bps", group="extended")
def markout_30s_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 30 s after it traded, by notional, less the coin's drift."""
    return _mean(rows, "after_30s")


@feature(marked_out, unit="bps", group="extended")
def markout_5m_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 5 min after it traded, by notional, less the coin's drift."""
    return _mean(rows, "after_5m")


@feature(marked_out, unit="bps", group="extended")
def markout_30m_bps(rows: Table) -> Value:
    """Mean move in the wallet's favor 30 min after it traded, by notional, less coin's drift."""
    return _mean(rows, "after_30m")


def _weighted(after: str, ask: Ask, scope: Scope) -> dict[str, Value]:
    gain = _.direction * (_[after] / _.vwap - 1 - _[f"drift_{after}"].fill_null(0.0))
    is_known = (_.time_ms + ask.offset_ms < scope.end_ms) & _[after].notnull()
    return {
        f"usd_{after}": ibis.ifelse(is_known, _.notional_usd, None),
        f"bps_usd_{after}": ibis.ifelse(is_known, _.notional_usd * gain * TO_BPS, None),
    }


def _mean(rows: Table, after: str) -> Value:
    return rows[f"bps_usd_{after}"].sum() / rows[f"usd_{after}"].sum()


def _minute_prices(con: Any, start_ms: int) -> Table:
    """Return the prices of each executed coin at and after every whole minute from a time on."""
    first_ms = ibis.literal(start_ms + -start_ms % MINUTE_MS, "int64")
    end = last_trades(con).aggregate(end_ms=_.time_ms.max() + 1)
    times = end.select(time_ms=ibis.range(first_ms, end.end_ms, MINUTE_MS).unnest())
    minutes = moments(con).select("coin_id").distinct().cross_join(times)
    return priced(con, minutes, {"now": Ask(), **HORIZONS})
