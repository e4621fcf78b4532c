from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, candle, trade

from hypertrack.labels.style import holding_horizon, in_moves, style_outcomes
from hypertrack.market.executions import executions
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

HOUR = Window(START_MS, START_MS + 60 * MINUTE_MS)


def at(minute: float) -> int:
    return START_MS + int(minute * MINUTE_MS)


def market(minute: float, price: float) -> dict[str, Any]:
    return trade(at(minute), buyer=BOB, seller=CAROL, taker=BOB, price=price, trade_id=int(minute))


@pytest.fixture
def alice(open_backend: Any, by_wallet: Any) -> Any:
    """Return the style of ALICE for the lines of a dataset."""

    def measure(**lines: Any) -> dict[str, Any]:
        con = open_backend(**lines)
        executed = in_moves(con, HOUR.of(executions(con)))
        return by_wallet(con, style_outcomes(con, HOUR, executed))[ALICE]

    return measure


def test_buying_after_a_rise_is_momentum_at_that_horizon(alice: Any) -> None:
    own = trade(at(20.5), buyer=ALICE, seller=BOB, taker=ALICE, price=105)

    style = alice(trades=[market(0, 110), market(19, 100), market(20, 105), own])

    assert style["momentum_1m"] == 1  # 100 a minute ago, 105 now
    assert style["momentum_15m"] == -1  # 110 a quarter of an hour ago


def test_alignment_is_weighted_by_notional_and_ignores_still_prices(alice: Any) -> None:
    style = alice(
        trades=[
            market(0, 100),
            trade(at(5), buyer=ALICE, seller=BOB, taker=ALICE, price=100, trade_id=90),  # no move
            market(10, 110),
            trade(at(10.5), buyer=ALICE, seller=BOB, taker=ALICE, price=110, size=3, trade_id=91),
            trade(at(10.6), buyer=BOB, seller=ALICE, taker=ALICE, price=110, trade_id=92),
        ]
    )

    # 330 USD with the rise, 110 against it
    assert style["momentum_1m"] == pytest.approx((330 - 110) / 440)


def test_volatility_counts_minutes_above_the_median_of_the_coin(alice: Any) -> None:
    widths = [1, 2, 3, 4, 5]
    candles = [candle(at(i), prices=(100, 100 + width, 100, 100)) for i, width in enumerate(widths)]
    own = [
        trade(at(minute) + 10, buyer=ALICE, seller=BOB, taker=ALICE) for minute in (0, 3, 4, 4.5)
    ]

    style = alice(trades=own, candles=candles)

    assert style["volatility"] == pytest.approx(2 * 3 / 4 - 1)


def test_market_making_needs_both_sides_of_the_book(alice: Any) -> None:
    style = alice(
        trades=[
            trade(at(1), buyer=ALICE, seller=BOB, taker=BOB, size=3),
            trade(at(2), buyer=BOB, seller=ALICE, taker=BOB, size=1),
            trade(at(3), buyer=BOB, seller=ALICE, taker=ALICE, size=1),
        ]
    )

    assert style["directional_bias"] == pytest.approx((300 - 200) / 500)
    assert style["market_making"] == pytest.approx(400 / 500 * (1 - 1 / 5))


def test_seller_is_as_far_from_market_making_as_a_buyer(alice: Any) -> None:
    style = alice(
        trades=[
            trade(at(1), buyer=BOB, seller=ALICE, taker=BOB, size=3),
            trade(at(2), buyer=ALICE, seller=BOB, taker=BOB, size=1),
        ]
    )

    assert style["directional_bias"] == pytest.approx(-0.5)
    assert style["market_making"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("seconds", "horizon"), [(1, -1), (60, -1), (60 * 1440**0.5, 0), (86_400, 1), (1e9, 1)]
)
def test_holding_horizon_is_logarithmic_from_a_minute_to_a_day(
    seconds: float, horizon: float
) -> None:
    found = holding_horizon(np.array([seconds, np.nan]))

    assert found.tolist() == pytest.approx([horizon, np.nan], nan_ok=True)
