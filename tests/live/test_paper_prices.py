"""Prices of paper orders: the schedule of fees, and what each kind of order finds."""

from decimal import Decimal
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset

from hypertrack.config import FeeSettings, Settings
from hypertrack.live.paper_prices import pays_funding, taker_bps
from hypertrack.market.fees import scheduled_rates
from hypertrack.market.funding import LAST_MINUTES_MS
from hypertrack.market.prices import REFERENCE_MAX_AGE_MS
from hypertrack.pipeline.places import open_engine
from hypertrack.store.reading.recorded_prices import QUOTE_MAX_AGE_MS, RATE_MAX_AGE_MS

COINS = ("BTC", "@107", "PURR/USDC", "#118440", "xyz:GOLD", "kPEPE")


def test_fees_are_those_of_the_market(tmp_path: Path) -> None:
    trades = [
        trade(START_MS + nth, buyer=ALICE, seller=BOB, taker=ALICE, coin=coin)
        for nth, coin in enumerate(COINS)
    ]
    write_dataset(tmp_path, trades=trades)
    fees = FeeSettings(hip3_multiplier=1.5)

    with open_engine(Settings(data=tmp_path)) as engine:
        con = engine.backend
        rows = con.rows(con.table("coins").join(scheduled_rates(con, fees), "coin_id"))

    assert {row["coin"]: row["taker_bps"] for row in rows} == {
        coin: float(taker_bps(coin, fees)) for coin in COINS
    }


@pytest.mark.parametrize("coin", COINS)
def test_perps_alone_pay_funding(coin: str) -> None:
    assert pays_funding(coin) is (coin in ("BTC", "xyz:GOLD", "kPEPE"))


def test_ages_are_those_of_the_market() -> None:
    assert RATE_MAX_AGE_MS == LAST_MINUTES_MS
    assert QUOTE_MAX_AGE_MS == REFERENCE_MAX_AGE_MS
    assert taker_bps("BTC", FeeSettings()) == Decimal("4.5")
