"""Markouts: where the price went after a wallet traded, less where its coin went anyway."""

from collections.abc import Iterable

import ibis
from ibis import Table, Value, _

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.executions import executions
from hypertrack.market.price_lookups import HORIZONS, minute_prices, prices_later
from hypertrack.market.window import Window

TO_BPS = 1e4


def markouts(
    con: Tables, window: Window, horizons: Iterable[str] = HORIZONS, *, start_ms: int | None = None
) -> Table:
    """Return the executions of a window with ``{horizon}_bps``: their markout at each horizon.

    direction · (later price / vwap − 1 − the coin's drift), in bps of the price; NULL where there
    is no later price, or the horizon ends beyond the window.

    Args:
        con: Holds the dataset, or a part of it.
        window: Nothing outside of it is looked at.
        horizons: Of `HORIZONS`.
        start_ms: As for `minute_prices`.
    """
    rows, horizons = window.of(executions(con)), tuple(horizons)
    drift = coin_drift(con, window, horizons, start_ms=start_ms).rename(drift_coin="coin_id")
    looked_up = prices_later(con).select(*horizons, coin="coin_id", at_ms="time_ms")
    found = rows.join(looked_up, [rows.coin_id == looked_up.coin, rows.time_ms == looked_up.at_ms])
    found = found.left_join(drift, found.coin_id == drift.drift_coin)
    return found.select(
        *rows.columns, **{f"{name}_bps": _markout(name, window.end_ms) for name in horizons}
    )


def coin_drift(
    con: Tables, window: Window, horizons: Iterable[str] = HORIZONS, *, start_ms: int | None = None
) -> Table:
    """Return coin_id and ``drift_{horizon}``: its mean return over each horizon in the window.

    From every whole minute, but only minutes whose horizon ends inside the window.
    """
    minutes = window.of(minute_prices(con, start_ms))
    return minutes.group_by("coin_id").aggregate(
        **{
            f"drift_{name}": ibis.ifelse(
                _.time_ms + HORIZONS[name].offset_ms < window.end_ms, _[name] / _.now - 1, None
            ).mean()
            for name in horizons
        }
    )


def _markout(name: str, end_ms: int) -> Value:
    gain = _.direction * (_[name] / _.vwap - 1 - _[f"drift_{name}"].fill_null(0.0))
    return ibis.ifelse(_.time_ms + HORIZONS[name].offset_ms < end_ms, gain * TO_BPS, None)
