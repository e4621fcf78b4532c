"""Tables of prices, looked up in arrays: to the bit what their definition says."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, START_MS, quote, trade
from ibis import Table

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.engine import duckdb_market
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.price_lookups import (
    AROUND,
    EARLIER,
    HORIZONS,
    ORDER,
    minute_prices,
    minutes,
    prices_around,
    prices_earlier,
    prices_later,
    traded_times,
)
from hypertrack.market.prices import Ask, prices_at

Made = Callable[[Tables], Table]

TABLES = [
    (prices_around, traded_times, AROUND),
    (prices_later, traded_times, HORIZONS),
    (prices_earlier, traded_times, EARLIER),
    (minute_prices, minutes, {"now": Ask(), **HORIZONS}),
]


def sparse_market() -> dict[str, list[dict[str, Any]]]:
    """Return coins with stale, fresh, one-sided and no quotes, one of them quoted before it trades.

    One coin is quoted and never traded. Quotes and trades meet in one millisecond.
    """
    at_s = {"BTC": (0, 10, 70, 75, 400), "ETH": (5, 100, 3_000), "SOL": (0, 2_000)}
    trades = [
        trade(START_MS + s * 1_000, buyer=ALICE, seller=BOB, taker=BOB, price=100.0 + s, coin=coin)
        for coin, times in at_s.items()
        for s in times
    ]
    quotes = [
        quote(START_MS + round(s * 1_000), bid, ask, coin)
        for coin, s, bid, ask in (
            *(("BTC", 10, 109.0, 112.0), ("BTC", 72, None, 172.0), ("BTC", 390, 498.0, 500.0)),
            *(("ETH", -30, 98.0, 99.0), ("ETH", 2_999.999, 3_098.0, 3_099.0)),
            *(("DOGE", 0, 1.0, 1.1), ("DOGE", 60, 1.0, 1.1)),
        )
    ]
    return {"trades": trades, "bbo": quotes}


@pytest.mark.parametrize("n_at_once", [1, 5_000_000])
@pytest.mark.parametrize(
    ("made", "times", "asks"), TABLES, ids=lambda each: getattr(each, "__name__", "")
)
def test_table_of_a_sparse_market_is_its_definition(
    open_engine: Any,
    monkeypatch: pytest.MonkeyPatch,
    made: Made,
    times: Made,
    asks: Mapping[str, Ask],
    n_at_once: int,
) -> None:
    monkeypatch.setattr(duckdb_market, "ROWS_AT_ONCE", n_at_once)

    assert_as_defined(open_engine(**sparse_market()), made, times, asks)


@pytest.mark.parametrize(
    ("made", "times", "asks"), TABLES, ids=lambda each: getattr(each, "__name__", "")
)
def test_table_of_a_busy_market_is_its_definition(
    busy_engine: FeatureEngine, made: Made, times: Made, asks: Mapping[str, Ask]
) -> None:
    assert_as_defined(busy_engine, made, times, asks)


def assert_as_defined(
    engine: FeatureEngine, made: Made, times: Made, asks: Mapping[str, Ask]
) -> None:
    con = engine.backend

    found = con.fetch(made(con).order_by(ORDER))

    expected = con.fetch(prices_at(con, times(con), asks).order_by(ORDER))
    assert list(found) == [*ORDER, *asks]
    assert len(found["time_ms"]) > 0
    for name in found:
        np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    assert all(np.isfinite(found[name]).any() for name in asks)


def test_nothing_traded_has_no_prices(open_engine: Any) -> None:
    con = open_engine(trades=[], bbo=[quote(START_MS, 1.0, 1.1)]).backend

    assert con.rows(prices_around(con)) == []


def test_coins_are_divided_by_their_trades_and_quotes(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is quoted all the time takes as much memory as one that is traded."""
    monkeypatch.setattr(duckdb_market, "ROWS_AT_ONCE", 4)
    market = sparse_market()
    market["bbo"] += [quote(START_MS + s * 1_000, 1.0, 1.1, "SOL") for s in range(1, 8)]
    con = open_engine(**market).backend

    con.fetch(prices_around(con))

    schemas = {
        name
        for (name,) in con.connection.execute(
            "SELECT schema_name FROM duckdb_schemas() WHERE schema_name LIKE 'prices_around_%'"
        ).fetchall()
    }
    coins = {row["coin"]: row["coin_id"] for row in con.rows(con.table("coins"))}
    assert f"prices_around_{coins['SOL']}" in schemas


def test_prices_that_are_forgotten_are_made_again(open_engine: Any) -> None:
    con = open_engine(**sparse_market()).backend
    before = con.rows(minute_prices(con).order_by(ORDER))

    con.forget("minute_prices")

    assert con.rows(minute_prices(con).order_by(ORDER)) == before


def test_minutes_that_are_asked_about_count_as_rows_of_their_coin(
    open_engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coins that are hardly traded have as many minutes as any other."""
    monkeypatch.setattr(duckdb_market, "ROWS_AT_ONCE", 30)
    con = open_engine(**sparse_market()).backend

    con.fetch(minute_prices(con))

    schemas = con.connection.execute(
        "SELECT count(*) FROM duckdb_schemas() WHERE schema_name LIKE 'minute_prices_%'"
    )
    assert schemas.fetchall() == [(4,)]  # three of 51 minutes, and one that is quoted alone
