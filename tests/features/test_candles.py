import math
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, candle, trade

MINUTE_MS = 60_000


def at(*times_ms: int, price: float = 100.0, size: float = 1.0) -> list[dict[str, Any]]:
    return [
        trade(START_MS + t, buyer=ALICE, seller=BOB, taker=ALICE, price=price, size=size)
        for t in times_ms
    ]


# Volatility 0.04, 0.01, 0; momentum 0.02, -0.01, 0; trend 0.5, 1, 0;
# volume 10 coins at (104+100+102)/3 = 102: 1.02; 20 at 297/3+...: see below; 0.
CANDLES = [
    candle(START_MS, prices=(100, 104, 100, 102), volume=10),
    candle(START_MS + MINUTE_MS, prices=(100, 100, 99, 99), volume=20),
    candle(START_MS + 2 * MINUTE_MS, prices=(100, 100, 100, 100), volume=0),
]
# Two executions in the first minute, one in each of the others.
TRADES = at(0, 59_999, MINUTE_MS, 2 * MINUTE_MS)


def test_candle_shapes_are_averaged_over_executions(features_of: Any) -> None:
    alice = features_of(trades=TRADES, candles=CANDLES)[ALICE]

    assert alice["avg_candle_volatility"] == pytest.approx((0.04 + 0.04 + 0.01 + 0) / 4)
    assert alice["max_candle_volatility"] == pytest.approx(0.04)
    # mean 0.0225; squares: 2 * 0.0175² + 0.0125² + 0.0225² = 0.001275.
    assert alice["volatility_std"] == pytest.approx(math.sqrt(0.001275 / 4))
    assert alice["avg_candle_momentum"] == pytest.approx((0.02 + 0.02 - 0.01 + 0) / 4)
    # mean 0.0075; squares: 2 * 0.0125² + 0.0175² + 0.0075² = 0.000675.
    assert alice["momentum_std"] == pytest.approx(math.sqrt(0.000675 / 4))
    assert alice["positive_momentum_ratio"] == 0.5
    assert alice["avg_trend_strength"] == pytest.approx((0.5 + 0.5 + 1 + 0) / 4)


def test_candle_volume_is_in_thousand_usd(features_of: Any) -> None:
    alice = features_of(trades=TRADES, candles=CANDLES)[ALICE]

    # 10 * (104 + 100 + 102) / 3 / 1000 = 1.02; 20 * (100 + 99 + 99) / 3 / 1000 = 1.98667; 0.
    volumes = [1.02, 1.02, 20 * 298 / 3_000, 0]
    mean = sum(volumes) / 4
    assert alice["avg_candle_volume"] == pytest.approx(mean)
    assert alice["max_candle_volume"] == pytest.approx(20 * 298 / 3_000)
    variance = sum((volume - mean) ** 2 for volume in volumes) / 4
    assert alice["volume_std"] == pytest.approx(math.sqrt(variance))


def test_volatility_trading_is_above_the_coins_median_candle(features_of: Any) -> None:
    alice = features_of("volatility_trading_score", trades=TRADES, candles=CANDLES)[ALICE]

    # Volatilities of the candles: 0, 0.01, 0.04. Median 0.01, not itself above: 2 of 4.
    assert alice["volatility_trading_score"] == 0.5


def test_median_is_over_all_candles_of_the_window_and_no_others(features_of: Any) -> None:
    outside = [candle(START_MS + i * MINUTE_MS, prices=(1, 2, 1, 1)) for i in (-3, -2, -1, 3, 4)]

    alice = features_of(trades=TRADES, candles=CANDLES + outside)[ALICE]

    assert alice["volatility_trading_score"] == 0.5


def test_a_candle_not_recorded_is_built_from_the_trades(features_of: Any) -> None:
    trades = [
        *at(3_000, price=103.0, size=2.0),
        *at(1_000, price=100.0, size=1.0),
        *at(2_000, price=98.0, size=1.0),
        *at(4_000, price=101.0, size=4.0),
    ]

    alice = features_of(trades=trades)[ALICE]

    # Open 100 (1 s), high 103, low 98, close 101 (4 s), volume 8.
    assert alice["avg_candle_volatility"] == pytest.approx(0.05)
    assert alice["avg_candle_momentum"] == pytest.approx(0.01)
    assert alice["avg_trend_strength"] == pytest.approx(0.2)
    assert alice["avg_candle_volume"] == pytest.approx(8 * (103 + 98 + 101) / 3 / 1_000)


def test_built_candles_open_and_close_by_time_then_id(features_of: Any) -> None:
    def one(trade_id: int, price: float) -> dict[str, Any]:
        return trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=price, trade_id=trade_id)

    alice = features_of(trades=[one(5, 101.0), one(9, 104.0), one(2, 100.0)])[ALICE]

    assert alice["avg_candle_momentum"] == pytest.approx(0.04)


def test_recorded_candles_come_before_built_ones(features_of: Any) -> None:
    alice = features_of(
        trades=at(0, price=77.0), candles=[candle(START_MS, prices=(100, 104, 100, 102))]
    )[ALICE]

    assert alice["avg_candle_volatility"] == pytest.approx(0.04)


def test_the_fuller_of_two_recorded_candles_counts(features_of: Any) -> None:
    candles = [
        candle(START_MS, prices=(100, 110, 100, 102), count=9),
        candle(START_MS, prices=(100, 104, 100, 102), count=3),
    ]

    alice = features_of(trades=at(0), candles=candles)[ALICE]

    assert alice["max_candle_volatility"] == pytest.approx(0.1)


def test_executions_without_a_candle_are_not_matched(open_engine: Any) -> None:
    # Nothing but candles of other coins and minutes; the trades build their own.
    engine = open_engine(trades=at(0, 1, 2), candles=[candle(START_MS, prices=(1, 2, 1, 1))])

    matrix = engine.matrix(names=["avg_candle_volatility"])

    assert matrix.n_candle_matches.tolist() == [3, 3]


def test_an_unfinished_minute_shows_only_the_trades_before_the_cut(features_of: Any) -> None:
    trades = [*at(0, price=100.0), *at(10_000, price=102.0), *at(50_000, price=150.0)]
    recorded = [candle(START_MS, prices=(100, 150, 100, 150))]

    alice = features_of(until_ms=START_MS + 30_000, trades=trades, candles=recorded)[ALICE]

    assert alice["max_candle_volatility"] == pytest.approx(0.02)


def test_a_minute_that_ends_with_the_cut_is_finished(features_of: Any) -> None:
    recorded = [candle(START_MS, prices=(100, 150, 100, 150))]

    alice = features_of(until_ms=START_MS + MINUTE_MS, trades=at(0, 70_000), candles=recorded)

    assert alice[ALICE]["max_candle_volatility"] == pytest.approx(0.5)
