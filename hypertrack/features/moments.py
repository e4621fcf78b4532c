"""Reference prices around the moments something traded: shared by many features, looked up once.

A moment is a coin and a time at which something was executed. All executions of a moment ask for
the same prices, and the answers do not depend on any cut: a feature that looks ahead must itself
leave out the moments whose later price lies beyond its window.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import ibis
from ibis import Table, _

from hypertrack.features.executions import answer, executions, keep, last_trades


@dataclass(frozen=True)
class Ask:
    """A price asked for at an offset from each moment."""

    offset_ms: int
    is_strict: bool = False
    """Whether only what came strictly before that time counts."""


MINUTES_5_MS = 300_000
IMPACT_MS = 5_000

AROUND: Mapping[str, Ask] = {
    "before": Ask(0, is_strict=True),
    "before_5m": Ask(-MINUTES_5_MS, is_strict=True),
    "after_5s": Ask(IMPACT_MS),
}

LATER: Mapping[str, Ask] = {
    "after_30s": Ask(30_000),
    "after_5m": Ask(MINUTES_5_MS),
    "after_30m": Ask(1_800_000),
}


def prices_around(con: Any) -> Table:
    """Return coin_id, time_ms, before, before_5m, after_5s of every moment; made once."""
    return keep(con, "prices_around", partial(_priced_moments, asks=AROUND))


def prices_later(con: Any) -> Table:
    """Return coin_id, time_ms, after_30s, after_5m, after_30m of every moment; made once."""
    return keep(con, "prices_later", partial(_priced_moments, asks=LATER))


def priced(con: Any, moments: Table, asks: Mapping[str, Ask]) -> Table:
    """Return moments with a reference price per ask.

    Args:
        con: Ibis backend holding the dataset.
        moments: coin_id, time_ms; each once.
        asks: What to look up, by the name of its column.

    Returns:
        coin_id, time_ms and a column per ask; NULL where there is no reference price.
    """
    asked = ibis.union(
        *(
            moments.select(
                "coin_id",
                ask_id=ibis.literal(number, "int64"),
                time_ms=(_.time_ms + ask.offset_ms).cast("int64"),
                is_strict=ibis.literal(ask.is_strict),
            )
            for number, ask in enumerate(asks.values())
        )
    )
    offsets = [(_.ask_id == number, ask.offset_ms) for number, ask in enumerate(asks.values())]
    return (
        answer(asked, last_trades(con), con.table("bbo"))
        .mutate(time_ms=_.time_ms - ibis.cases(*offsets, else_=0))
        .group_by("coin_id", "time_ms")
        .aggregate(
            **{
                name: ibis.ifelse(_.ask_id == number, _.price, None).max()
                for number, name in enumerate(asks)
            }
        )
    )


def _priced_moments(con: Any, asks: Mapping[str, Ask]) -> Table:
    return priced(con, executions(con).select("coin_id", "time_ms").distinct(), asks)
