"""What the category rules look at; every number worked by hand."""

import math
import random
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, candle, fill_of, trade

MINUTE_MS = 60_000


def by(
    wallet: str, time_ms: int, *, is_buy: bool, price: float = 100.0, size: float = 1.0, **more: Any
) -> dict[str, Any]:
    buyer, seller = (wallet, BOB) if is_buy else (BOB, wallet)
    more = {"coin": "BTC", **more}
    return trade(
        START_MS + time_ms,
        buyer=buyer,
        seller=seller,
        taker=wallet,
        price=price,
        size=size,
        **more,
    )


def test_reversals_are_measured_from_the_last_opposite_execution(features_of: Any) -> None:
    trades = [
        by(ALICE, 0, is_buy=True),  # nothing opposite before
        by(ALICE, 10_000, is_buy=True),  # nor here
        by(ALICE, 40_000, is_buy=False),  # 30 s after the buy at 10 s
        by(ALICE, 15 * MINUTE_MS + 40_000, is_buy=True),  # 15 min to the millisecond
        by(ALICE, 15 * MINUTE_MS + 50_000, is_buy=False, coin="ETH"),  # another coin
    ]

    alice = features_of(
        "reversal_15m_share", "reversal_median_s", "execution_count", trades=trades
    )[ALICE]

    assert alice["execution_count"] == 5
    assert alice["reversal_15m_share"] == pytest.approx(2 / 5)
    assert alice["reversal_median_s"] == (30 + 900) / 2


def test_reversal_a_millisecond_late_does_not_count(features_of: Any) -> None:
    trades = [by(ALICE, 0, is_buy=True), by(ALICE, 15 * MINUTE_MS + 1, is_buy=False)]

    assert features_of("reversal_15m_share", trades=trades)[ALICE]["reversal_15m_share"] == 0


def test_sales_come_before_purchases_of_the_same_time(features_of: Any) -> None:
    trades = [
        by(ALICE, 0, is_buy=True, trade_id=1),  # at once after the sale
        by(ALICE, 0, is_buy=False, trade_id=2),  # nothing opposite before
        by(ALICE, 500, is_buy=False),
    ]

    alice = features_of("reversal_15m_share", "reversal_median_s", trades=trades)[ALICE]

    assert alice["reversal_15m_share"] == pytest.approx(2 / 3)
    assert alice["reversal_median_s"] == 0.25


def test_who_never_turned_has_no_time_to_the_way_back(features_of: Any) -> None:
    trades = [by(ALICE, 0, is_buy=True), by(ALICE, 1, is_buy=True)]

    alice = features_of("reversal_15m_share", "reversal_median_s", trades=trades)[ALICE]

    assert alice["reversal_15m_share"] == 0
    assert math.isnan(alice["reversal_median_s"])


def test_opposite_legs_are_in_another_coin_within_two_seconds(features_of: Any) -> None:
    trades = [
        by(ALICE, 0, is_buy=True),
        by(ALICE, 2_000, is_buy=False, coin="ETH"),  # a leg of the one before, and the other way
        by(ALICE, 10_000, is_buy=True),
        by(ALICE, 10_000, is_buy=True, coin="ETH"),  # same direction: none
        by(ALICE, 20_000, is_buy=True, trade_id=1),
        by(ALICE, 20_000, is_buy=False, trade_id=2),  # same coin: none
        by(ALICE, 30_000, is_buy=True),
        by(ALICE, 32_001, is_buy=False, coin="ETH"),  # too late
    ]

    alice = features_of("opposite_leg_share", trades=trades)[ALICE]

    assert alice["opposite_leg_share"] == pytest.approx(2 / 8)


def test_legs_are_found_wherever_in_time_they_lie(features_of: Any) -> None:
    rng = random.Random(4)
    asked = [
        (nth * 700 + rng.randrange(700), rng.random() < 0.5, rng.choice(("BTC", "ETH")))
        for nth in range(300)
        if rng.random() < 0.4
    ]
    trades = [by(ALICE, at_ms, is_buy=is_buy, coin=coin) for at_ms, is_buy, coin in asked]

    alice = features_of("opposite_leg_share", trades=trades)[ALICE]

    n_legs = sum(
        any(abs(a - b) <= 2_000 and x != y and c != d for b, y, d in asked) for a, x, c in asked
    )
    assert 20 < n_legs < len(asked) - 20
    assert alice["opposite_leg_share"] == pytest.approx(n_legs / len(asked))


def test_pure_makers_have_no_share_of_takes(features_of: Any) -> None:
    bob = features_of("opposite_leg_share", trades=[by(ALICE, 0, is_buy=True)])[BOB]

    assert math.isnan(bob["opposite_leg_share"])


def rising() -> list[dict[str, Any]]:
    """A price that rises by 1 a minute for half an hour, traded by others."""
    return [by(CAROL, i * MINUTE_MS, is_buy=True, price=100.0 + i) for i in range(31)]


def test_alignment_adds_notional_with_the_move_over_blocks(features_of: Any) -> None:
    trades = [
        *rising(),
        # Five minutes before each the price was lower: with it, with it, against it.
        by(ALICE, 10 * MINUTE_MS + 1, is_buy=True, price=100.0, size=2.0),  # +200, block 2
        by(ALICE, 11 * MINUTE_MS + 1, is_buy=True, price=100.0, size=1.0),  # +100, block 2
        by(ALICE, 20 * MINUTE_MS + 1, is_buy=False, price=100.0, size=1.0),  # -100, block 4
    ]

    alice = features_of(
        "move_alignment",
        "move_alignment_z",
        "move_block_count",
        "moved_execution_count",
        trades=trades,
    )[ALICE]

    assert alice["move_block_count"] == 2
    assert alice["moved_execution_count"] == 3
    assert alice["move_alignment"] == pytest.approx((300 - 100) / 400)
    assert alice["move_alignment_z"] == pytest.approx(200 / math.sqrt(300**2 + 100**2))


def test_without_a_known_move_nothing_is_aligned(features_of: Any) -> None:
    alice = features_of("move_alignment", "move_block_count", trades=[by(ALICE, 0, is_buy=True)])[
        ALICE
    ]

    assert math.isnan(alice["move_alignment"])
    assert alice["move_block_count"] == 0


def test_volatile_minutes_count_beyond_the_coins_share_of_them(features_of: Any) -> None:
    # Minutes 0 and 5 are quiet (range 0), minutes 10 and 15 wide: the median is between them.
    candles = [
        candle(START_MS + minute * MINUTE_MS, prices=(100, 100 + wide, 100, 100), volume=1)
        for minute, wide in ((0, 0), (5, 0), (10, 4), (15, 4))
    ]
    trades = [
        by(ALICE, 10 * MINUTE_MS, is_buy=True),
        by(ALICE, 15 * MINUTE_MS, is_buy=True),
        by(CAROL, 0, is_buy=True),
        by(CAROL, 5 * MINUTE_MS, is_buy=True),
    ]

    found = features_of("volatile_z", trades=trades, candles=candles)

    # Half of the minutes are volatile: each of her executions is +.5, in two blocks.
    assert found[ALICE]["volatile_z"] == pytest.approx(1.0 / math.sqrt(2 * 0.25))
    assert found[CAROL]["volatile_z"] == pytest.approx(-1.0 / math.sqrt(2 * 0.25))


def test_liquidations_are_the_wallets_own_fills(features_of: Any) -> None:
    lines = [by(ALICE, 0, is_buy=False), by(ALICE, 1_000, is_buy=True)]
    fills = [
        fill_of(lines[0], ALICE, dir="Liquidated Cross Long"),
        fill_of(lines[0], BOB, dir="Open Long"),
        fill_of(lines[1], ALICE, dir="Open Long"),
    ]

    found = features_of("liquidation_count", trades=lines, fills=fills)

    assert found[ALICE]["liquidation_count"] == 1
    assert found[BOB]["liquidation_count"] == 0


def test_twap_slices_are_counted(features_of: Any) -> None:
    trades = [by(ALICE, i, is_buy=True, is_twap=i < 3) for i in range(4)]

    assert features_of("twap_slice_count", trades=trades)[ALICE]["twap_slice_count"] == 3
