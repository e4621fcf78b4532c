import math
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, trade


def at(*times_s: float, coin: str = "BTC") -> list[dict[str, Any]]:
    return [
        trade(START_MS + round(t * 1_000), buyer=ALICE, seller=BOB, taker=ALICE, coin=coin)
        for t in times_s
    ]


def test_burstiness_is_std_over_mean_of_gaps(features_of: Any) -> None:
    # Gaps 10, 30, 20 s: mean 20, variance (100 + 100 + 0) / 3.
    alice = features_of("burstiness", trades=at(0, 10, 40, 60))[ALICE]

    assert alice["burstiness"] == pytest.approx(math.sqrt(200 / 3) / 20)


def test_burstiness_needs_three_executions(features_of: Any) -> None:
    assert features_of("burstiness", trades=at(0, 10))[ALICE]["burstiness"] == 0
    # Gaps 10 and 30 s: mean 20, both 10 from it.
    assert features_of("burstiness", trades=at(0, 10, 40))[ALICE]["burstiness"] == 0.5


def test_burstiness_of_executions_at_one_time_is_zero(features_of: Any) -> None:
    trades = at(5, coin="BTC") + at(5, coin="ETH") + at(5, coin="SOL")

    assert features_of("burstiness", trades=trades)[ALICE]["burstiness"] == 0


def test_gaps_run_over_all_coins_of_a_wallet(features_of: Any) -> None:
    trades = at(0, 40) + at(10, coin="ETH")

    # Gaps 10 and 30 s.
    assert features_of("median_gap_s", trades=trades)[ALICE]["median_gap_s"] == 20


def test_median_gap_of_one_execution_is_undefined(features_of: Any) -> None:
    assert math.isnan(features_of("median_gap_s", trades=at(0))[ALICE]["median_gap_s"])


def test_unsteadiness_is_the_median_change_from_gap_to_gap(features_of: Any) -> None:
    # Gaps 10, 20, 5, 5, 4,000 s: changes ln 2, ln 4, 0; the last one is between two sittings.
    alice = features_of("gap_unsteadiness", trades=at(0, 10, 30, 35, 40, 4_040))[ALICE]

    assert alice["gap_unsteadiness"] == pytest.approx(math.log(2))


def test_a_timer_is_steady_and_one_gap_has_no_pace(features_of: Any) -> None:
    assert features_of("gap_unsteadiness", trades=at(0, 60, 120))[ALICE]["gap_unsteadiness"] == 0
    assert math.isnan(features_of("gap_unsteadiness", trades=at(0, 9))[ALICE]["gap_unsteadiness"])


def test_flip_rate_counts_pairs_within_each_coin(features_of: Any) -> None:
    def step(i: int, coin: str, is_buy: bool) -> dict[str, Any]:
        buyer, seller = (ALICE, BOB) if is_buy else (BOB, ALICE)
        return trade(START_MS + i, buyer=buyer, seller=seller, taker=ALICE, coin=coin)

    # BTC: buy, sell, sell: flip, none. ETH: sell, buy: flip. Over the coins' border: no pair.
    trades = [
        step(0, "BTC", True),
        step(1, "ETH", False),
        step(2, "BTC", False),
        step(3, "ETH", True),
        step(4, "BTC", False),
    ]

    assert features_of("flip_rate", trades=trades)[ALICE]["flip_rate"] == pytest.approx(2 / 3)


def test_flip_rate_without_pairs_is_zero(features_of: Any) -> None:
    trades = at(0) + at(1, coin="ETH")

    assert features_of("flip_rate", trades=trades)[ALICE]["flip_rate"] == 0


def test_a_timer_shows_in_the_gaps(features_of: Any) -> None:
    # Gaps in s: 60, 60.4, 59.7, 61, 5, 600, and a 0 that is no timer's: 4 of 6.
    times = [0, 60, 120.4, 180.1, 241.1, 246.1, 846.1]
    trades = at(*times) + at(846.1, coin="ETH")

    alice = features_of("gap_mode_share", trades=trades)[ALICE]

    assert alice["gap_mode_share"] == pytest.approx(4 / 6)


def test_gaps_spread_over_a_timer_step_still_count_as_one(features_of: Any) -> None:
    # 1.05^226 is 61,624 ms: gaps of 61 and 62 s lie on both sides of it, within 5 %.
    alice = features_of("gap_mode_share", trades=at(0, 61, 123, 184, 246))[ALICE]

    assert alice["gap_mode_share"] == 1


def test_one_gap_has_no_rhythm(features_of: Any) -> None:
    assert math.isnan(features_of("gap_mode_share", trades=at(0, 60))[ALICE]["gap_mode_share"])
