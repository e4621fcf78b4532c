from typing import Any

import ibis
import pytest
from engine_fakes import price_asks
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade

from hypertrack.config import FeeSettings
from hypertrack.market.executions import executions, fills
from hypertrack.market.fees import with_fees
from hypertrack.market.prices import reference_prices


def price_at(engine: Any, *times_ms: int, coin_id: int = 0, strictly_before: bool = False) -> Any:
    asks = price_asks(times_ms, coin_id)
    found = reference_prices(engine.backend, asks, strictly_before=strictly_before)
    rows = engine.backend.rows(found.order_by("ask_id"))
    assert [row["ask_id"] for row in rows] == list(range(len(times_ms)))
    return [row["price"] for row in rows]


def bought(time_ms: int, price: float, trade_id: int | None = None, coin: str = "BTC") -> Any:
    return trade(
        time_ms, buyer=ALICE, seller=BOB, taker=ALICE, price=price, trade_id=trade_id, coin=coin
    )


def test_a_trade_is_two_fills(open_engine: Any) -> None:
    line = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, price=10.0, size=2.0, is_twap=True)
    con = open_engine(trades=[line]).backend

    rows = con.rows(fills(con).order_by("wallet_id"))

    common = {"coin_id": 0, "time_ms": START_MS, "trade_id": line["tid"]}
    common |= {"price": 10, "size": 2, "notional_usd": 20}
    alice = {"wallet_id": 0, "counterparty_id": 1, "direction": 1, "is_taker": False}
    bob = {"wallet_id": 1, "counterparty_id": 0, "direction": -1, "is_taker": True}
    assert rows == [
        {**alice, **common, "is_twap": False},
        {**bob, **common, "is_twap": True},
    ]


def test_an_execution_sums_its_fills(open_engine: Any) -> None:
    trades = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=1, trade_id=1),
        trade(START_MS, buyer=ALICE, seller=CAROL, taker=ALICE, price=103, size=2, trade_id=2),
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=104, size=1, trade_id=3),
    ]
    con = open_engine(trades=trades).backend

    rows = con.rows(executions(con).filter(ibis._.wallet_id == 0))

    assert len(rows) == 1
    row = rows[0]
    assert (row["size"], row["notional_usd"], row["vwap"]) == (4, 410, 102.5)
    assert row["n_fills"] == 3
    assert (row["direction"], row["is_taker"], row["is_twap"]) == (1, True, False)


def test_reference_is_the_last_trade_without_quotes(open_engine: Any) -> None:
    engine = open_engine(
        trades=[bought(START_MS, 100.0), bought(START_MS + 10, 101.0), bought(START_MS + 20, 102.0)]
    )

    times = (START_MS - 1, START_MS, START_MS + 9, START_MS + 10, START_MS + 10_000_000)

    assert price_at(engine, *times) == [None, 100, 100, 101, 102]
    assert price_at(engine, *times, strictly_before=True) == [None, None, 100, 100, 102]


def test_trades_of_one_time_are_ordered_by_id(open_engine: Any) -> None:
    engine = open_engine(
        trades=[bought(START_MS, 100.0, 9), bought(START_MS, 101.0, 5), bought(START_MS, 102.0, 7)]
    )

    assert price_at(engine, START_MS) == [100]


def test_a_quote_of_the_last_minute_beats_a_later_trade(open_engine: Any) -> None:
    engine = open_engine(
        trades=[bought(START_MS + 5_000, 100.0)], bbo=[quote(START_MS, 200.0, 202.0)]
    )

    times = (START_MS + 5_000, START_MS + 60_000, START_MS + 60_001)

    assert price_at(engine, *times) == [201, 201, 100]
    assert price_at(engine, *times, strictly_before=True) == [201, 201, 100]
    assert price_at(engine, START_MS, strictly_before=True) == [None]


def test_a_one_sided_quote_has_no_mid(open_engine: Any) -> None:
    engine = open_engine(
        trades=[bought(START_MS, 100.0)],
        bbo=[quote(START_MS + 1, 200.0, 202.0), quote(START_MS + 2, None, 202.0)],
    )

    assert price_at(engine, START_MS + 1, START_MS + 2) == [201, 100]


def test_prices_are_the_coins_own(open_engine: Any) -> None:
    engine = open_engine(
        trades=[bought(START_MS, 100.0, coin="BTC"), bought(START_MS, 7.0, coin="ETH")],
        bbo=[quote(START_MS, 8.0, 10.0, coin="ETH")],
    )

    assert price_at(engine, START_MS, coin_id=0) == [100]
    assert price_at(engine, START_MS, coin_id=1) == [9]


@pytest.mark.parametrize(
    ("coin", "taker_bps", "maker_bps"),
    [("BTC", 4, 1), ("xyz:CL", 12, 3), ("@107", 7, 2), ("PURR/USDC", 7, 2)],
)
def test_fees_follow_the_kind_of_coin(
    open_engine: Any, coin: str, taker_bps: float, maker_bps: float
) -> None:
    fees = FeeSettings(
        perp_taker_bps=4, perp_maker_bps=1, spot_taker_bps=7, spot_maker_bps=2, hip3_multiplier=3
    )
    con = open_engine(trades=[bought(START_MS, 10_000.0, coin=coin)]).backend

    rows = con.rows(with_fees(con, executions(con), fees))

    by_wallet = {row["wallet_id"]: row["fee_usd"] for row in rows}
    assert by_wallet == {0: pytest.approx(taker_bps), 1: pytest.approx(maker_bps)}
