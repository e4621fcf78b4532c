import math
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, trade


def step(time_s: int, signed_size: float, coin: str = "BTC") -> dict[str, Any]:
    buyer, seller = (ALICE, BOB) if signed_size > 0 else (BOB, ALICE)
    size = abs(signed_size)
    return trade(
        START_MS + time_s * 1_000, buyer=buyer, seller=seller, taker=ALICE, size=size, coin=coin
    )


def test_an_episode_runs_from_flat_to_flat(features_of: Any) -> None:
    # Long 0 -> 2 -> 3 -> 0 in 40 s; short from 50 to 60 s; a position that stays open.
    trades = [step(0, 2), step(10, 1), step(40, -3), step(50, -1), step(60, 1), step(70, 5)]

    alice = features_of("closed_episode_count", "median_holding_s", trades=trades)[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (40 + 10) / 2}


def test_a_trade_through_zero_closes_one_and_opens_the_next(features_of: Any) -> None:
    trades = [step(0, 1), step(30, -3), step(100, 2)]

    alice = features_of("closed_episode_count", "median_holding_s", trades=trades)[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (30 + 70) / 2}


def test_coins_have_their_own_episodes(features_of: Any) -> None:
    trades = [step(0, 1), step(5, -1, "ETH"), step(10, -1), step(65, 1, "ETH")]

    alice = features_of("closed_episode_count", "median_holding_s", trades=trades)[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (10 + 60) / 2}


def test_rounding_does_not_keep_a_position_open(features_of: Any) -> None:
    # 0.1 + 0.2 - 0.3 is 5.6e-17.
    trades = [step(0, 0.1), step(1, 0.2), step(7, -0.3), step(9, 1.0), step(12, -1.0)]

    alice = features_of("closed_episode_count", "median_holding_s", trades=trades)[ALICE]

    assert alice == {"closed_episode_count": 2, "median_holding_s": (7 + 3) / 2}


def test_what_is_left_of_a_position_keeps_it_open(features_of: Any) -> None:
    # A four-thousandth of what was traded is left: far more than rounding.
    trades = [step(0, 1.0), step(10, -0.9995)]

    alice = features_of("closed_episode_count", trades=trades)[ALICE]

    assert alice["closed_episode_count"] == 0


def test_an_open_position_is_no_episode(features_of: Any) -> None:
    alice = features_of("closed_episode_count", "median_holding_s", trades=[step(0, 1)])[ALICE]

    assert alice["closed_episode_count"] == 0
    assert math.isnan(alice["median_holding_s"])


def test_an_episode_counts_from_its_close(features_of: Any) -> None:
    trades = [step(0, 1), step(30, -1), step(40, 1), step(90, -1)]

    early = features_of("closed_episode_count", until_ms=START_MS + 90_000, trades=trades)
    late = features_of("closed_episode_count", until_ms=START_MS + 90_001, trades=trades)

    assert early[ALICE]["closed_episode_count"] == 1
    assert late[ALICE]["closed_episode_count"] == pytest.approx(2)
