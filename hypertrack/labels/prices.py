"""Reference prices before and after everything that traded, looked up once for all windows.

Prices do not depend on a window. Whoever looks ahead must leave out what lies beyond its window.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import ibis
from ibis import Table, _

from hypertrack.features.executions import answer, keep, last_trades
from hypertrack.records import MINUTE_MS

MARKOUT_MS = 300_000
"""Horizon of the markout behind `sophistication_score`."""


class Ask(NamedTuple):
    """A price asked for at an offset from a moment."""

    offset_ms: int
    is_strict: bool
    """Whether only what came strictly before counts."""


AT_TRADES: Mapping[str, Ask] = {
    "before": Ask(0, is_strict=True),
    "before_1m": Ask(-MINUTE_MS, is_strict=True),
    "before_15m": Ask(-15 * MINUTE_MS, is_strict=True),
    "later": Ask(MARKOUT_MS, is_strict=False),
}

AT_MINUTES: Mapping[str, Ask] = {
    "now": Ask(0, is_strict=False),
    "later": Ask(MARKOUT_MS, is_strict=False),
}


def trade_prices(con: Any) -> Table:
    """Return coin_id, time_ms and the columns of `AT_TRADES` for all times a coin traded at."""
    return keep(con, "label_trade_prices", _trade_prices)


def minute_prices(con: Any) -> Table:
    """Return coin_id, time_ms, now, later at each whole minute from a coin's first trade on."""
    return keep(con, "label_minute_prices", _minute_prices)


def _trade_prices(con: Any) -> Table:
    return _priced(con, last_trades(con).select("coin_id", "time_ms"), AT_TRADES)


def _minute_prices(con: Any) -> Table:
    spans = (
        last_trades(con)
        .group_by("coin_id")
        .aggregate(
            first=(_.time_ms.min() + MINUTE_MS - 1) // MINUTE_MS, last=_.time_ms.max() // MINUTE_MS
        )
    )
    spans = spans.mutate(last=_["last"].max().over(ibis.window()))
    minutes = ibis.range(spans["first"], spans["last"] + 1, 1).unnest()
    moments = spans.select("coin_id", time_ms=minutes * MINUTE_MS)
    return _priced(con, moments, AT_MINUTES)


def _priced(con: Any, moments: Table, asks: Mapping[str, Ask]) -> Table:
    """Return moments (coin_id, time_ms) with a column per ask, NULL where there is no price."""
    numbered = list(enumerate(asks.items()))
    asked = ibis.union(
        *(
            moments.select(
                "coin_id",
                ask_id=ibis.literal(number, "int64"),
                time_ms=_.time_ms + ask.offset_ms,
                is_strict=ibis.literal(ask.is_strict),
            )
            for number, (_name, ask) in numbered
        )
    )
    offset_ms = ibis.cases(*((_.ask_id == i, ask.offset_ms) for i, (_n, ask) in numbered), else_=0)
    return (
        answer(asked, last_trades(con), con.table("bbo"))
        .mutate(time_ms=_.time_ms - offset_ms)
        .group_by("coin_id", "time_ms")
        .aggregate(
            **{name: _.price.max(where=_.ask_id == i) for i, (name, _ask) in numbered},
        )
    )
