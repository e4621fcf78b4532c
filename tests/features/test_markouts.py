import math
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade


def by(
    wallet: str, time_s: float, price: float, *, is_buy: bool = True, size: float = 1.0
) -> dict[str, Any]:
    buyer, seller = (wallet, BOB) if is_buy else (BOB, wallet)
    time_ms = START_MS + round(time_s * 1_000)
    return trade(time_ms, buyer=buyer, seller=seller, taker=wallet, price=price, size=size)


def test_markout_is_weighted_by_notional(features_of: Any) -> None:
    # Within a minute there is no whole minute after the first with a price: see the drift below.
    trades = [
        by(ALICE, 1, 100.0, size=3.0),  # at 6 s: 101, +100 bps on 300 USD
        by(ALICE, 2, 100.0, is_buy=False, size=1.0),  # at 7 s: 102, -200 bps on 100 USD
        by(CAROL, 6, 101.0),
        by(CAROL, 7, 102.0),
    ]

    alice = features_of("markout_5s_bps", trades=trades)[ALICE]

    assert alice["markout_5s_bps"] == pytest.approx((300 * 100 - 100 * 200) / 400)


def test_markout_leaves_the_drift_of_the_coin_out(features_of: Any) -> None:
    # Minutes 0, 1, 2 and their prices 30 s on: 100 -> 101, 101 -> 101, 101 -> 103.02: returns
    # 1 %, 0, 2 %: the coin drifts 1 % in 30 s.
    trades = [
        by(CAROL, 0, 100.0),
        by(CAROL, 25, 101.0),
        by(CAROL, 140, 103.02),
        by(ALICE, 141, 103.02),  # 30 s on: 106.1106, +3 %
        by(CAROL, 160, 106.1106),
        by(CAROL, 171, 106.1106),
    ]

    alice = features_of("markout_30s_bps", trades=trades)[ALICE]

    assert alice["markout_30s_bps"] == pytest.approx(300 - 100)


def test_a_seller_gains_what_the_drift_takes(features_of: Any) -> None:
    trades = [by(CAROL, 0, 100.0), by(ALICE, 20, 101.0, is_buy=False), by(CAROL, 60, 101.0)]

    alice = features_of("markout_30s_bps", trades=trades)[ALICE]

    # Flat after the sale; the only minute with 30 s after it rose by 1 %.
    assert alice["markout_30s_bps"] == pytest.approx(0 + 100)


def test_without_a_later_price_it_is_missing(features_of: Any) -> None:
    trades = [by(ALICE, 1, 100.0), by(CAROL, 5.999, 101.0)]

    alice = features_of(trades=trades)[ALICE]

    for name in ("markout_5s_bps", "markout_30s_bps", "markout_5m_bps", "markout_30m_bps"):
        assert math.isnan(alice[name]), name


@pytest.mark.parametrize(
    ("name", "horizon_s"), [("markout_5m_bps", 300), ("markout_30m_bps", 1_800)]
)
def test_long_horizons(features_of: Any, name: str, horizon_s: int) -> None:
    trades = [by(ALICE, 1, 100.0), by(CAROL, 1 + horizon_s, 102.0)]

    assert features_of(name, trades=trades)[ALICE][name] == pytest.approx(200)
