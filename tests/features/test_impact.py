import math
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade

MINUTES_5_MS = 300_000


def by(wallet: str, time_ms: int, price: float, *, is_buy: bool = True, size: float = 1.0) -> Any:
    buyer, seller = (wallet, BOB) if is_buy else (BOB, wallet)
    return trade(
        START_MS + time_ms, buyer=buyer, seller=seller, taker=wallet, price=price, size=size
    )


def test_impact_is_the_move_from_before_to_five_seconds_after(features_of: Any) -> None:
    trades = [
        by(CAROL, 0, 100.0),
        by(ALICE, 1_000, 101.0),  # before: 100; at 6 s: 102; +200 bps
        by(CAROL, 6_000, 102.0),
        by(ALICE, 7_000, 101.0, is_buy=False),  # before: 102; at 12 s: 101; sold: +98.04
        by(CAROL, 20_000, 100.0),
    ]

    alice = features_of("avg_market_impact", "max_market_impact", trades=trades)[ALICE]

    assert alice["max_market_impact"] == pytest.approx(200)
    assert alice["avg_market_impact"] == pytest.approx((200 + 1 / 102 * 1e4) / 2)


def test_impact_leaves_out_what_reaches_beyond_the_window(features_of: Any) -> None:
    trades = [by(CAROL, 0, 100.0), by(ALICE, 1_000, 110.0), by(CAROL, 6_000, 120.0)]

    whole = features_of("max_market_impact", trades=trades)[ALICE]
    later = [*trades[:2], by(CAROL, 5_999, 120.0)]
    short = features_of("max_market_impact", trades=later)[ALICE]

    assert whole["max_market_impact"] == pytest.approx(2_000)  # exactly 5 s before the last trade
    assert short["max_market_impact"] == 0  # 4.999 s before it


def test_impact_and_slippage_are_takers_only(features_of: Any) -> None:
    trades = [by(CAROL, 0, 100.0), by(CAROL, 1_000, 101.0), by(CAROL, 9_000, 102.0)]

    bob = features_of("avg_market_impact", "avg_slippage", trades=trades)[BOB]

    assert bob == {"avg_market_impact": 0, "avg_slippage": 0}


def test_slippage_is_the_average_price_against_the_mid_before(features_of: Any) -> None:
    sweep = [
        trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100.1, size=1, trade_id=1),
        trade(START_MS, buyer=ALICE, seller=CAROL, taker=ALICE, price=100.3, size=1, trade_id=2),
        by(ALICE, 10, 99.8, is_buy=False),
    ]
    quotes = [quote(START_MS - 50, 99.9, 100.1), quote(START_MS, 100.2, 100.4)]

    alice = features_of("avg_slippage", "slippage_std", trades=sweep, bbo=quotes)[ALICE]

    # Bought at 100.2 against a mid of 100.0: 20 bps. The quote of the same time is not before it.
    # Sold at 99.8 against 100.3: 0.5 / 100.3 = 49.85 bps.
    first, second = 20.0, 0.5 / 100.3 * 1e4
    assert alice["avg_slippage"] == pytest.approx((first + second) / 2)
    assert alice["slippage_std"] == pytest.approx((second - first) / 2)


def test_first_execution_of_a_coin_has_no_price_before(features_of: Any) -> None:
    alice = features_of("avg_slippage", "avg_market_impact", trades=[by(ALICE, 0, 100.0)])[ALICE]

    assert alice == {"avg_slippage": 0, "avg_market_impact": 0}


def test_momentum_is_the_share_of_notional_that_follows_the_move(features_of: Any) -> None:
    trades = [
        by(CAROL, 0, 100.0),
        by(CAROL, 1_000, 102.0),
        # Five minutes before: 100; before: 102, so the price rose.
        by(ALICE, MINUTES_5_MS + 500, 102.0, size=3.0),  # buys 306 with it
        by(ALICE, MINUTES_5_MS + 600, 102.0, is_buy=False),  # sells 102 against it
    ]

    alice = features_of("momentum_score", "mean_reversion_score", trades=trades)[ALICE]

    assert alice["momentum_score"] == pytest.approx((306 - 102) / 408)
    assert alice["mean_reversion_score"] == 0


def test_mean_reversion_is_momentum_against(features_of: Any) -> None:
    trades = [
        by(CAROL, 0, 100.0),
        by(CAROL, 1_000, 98.0),
        by(ALICE, MINUTES_5_MS + 500, 98.0),
    ]

    alice = features_of("momentum_score", "mean_reversion_score", trades=trades)[ALICE]

    assert alice == {"momentum_score": 0, "mean_reversion_score": 1}


def test_five_minute_return_sees_neither_the_execution_nor_a_zero_move(features_of: Any) -> None:
    trades = [
        by(CAROL, 0, 100.0),
        # Five minutes later the price before is still 100: no move, whatever she pays herself.
        by(ALICE, MINUTES_5_MS + 1, 150.0),
        # Here the price before is 150, and that of five minutes before 100.
        by(ALICE, MINUTES_5_MS + 2, 90.0, size=2.0),
    ]

    alice = features_of("momentum_score", trades=trades)[ALICE]

    assert alice["momentum_score"] == 1


def test_five_minutes_before_is_strict(features_of: Any) -> None:
    trades = [by(CAROL, 0, 100.0), by(CAROL, 1_000, 101.0), by(ALICE, MINUTES_5_MS, 101.0)]

    # Exactly five minutes after the first trade: nothing is strictly before that.
    assert features_of("momentum_score", trades=trades)[ALICE]["momentum_score"] == 0


def test_missing_impact_is_not_nan(features_of: Any) -> None:
    alice = features_of(trades=[by(ALICE, 0, 100.0)])[ALICE]

    assert not math.isnan(alice["avg_market_impact"])
