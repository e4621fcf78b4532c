from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade

from hypertrack.config import FeeSettings
from hypertrack.labels.cuts import Window
from hypertrack.labels.equity import equity_outcomes
from hypertrack.records import MINUTE_MS

FEES = FeeSettings(perp_taker_bps=10, perp_maker_bps=0)
TEN_MINUTES = Window(START_MS, START_MS + 10 * MINUTE_MS)


def at(minute: float) -> int:
    return START_MS + int(minute * MINUTE_MS)


ROUND_TRIP = [
    trade(at(1), buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2),
    trade(at(2), buyer=CAROL, seller=BOB, taker=CAROL, price=110),
    trade(at(3), buyer=CAROL, seller=BOB, taker=CAROL, price=90),
    trade(at(4), buyer=BOB, seller=ALICE, taker=ALICE, price=120, size=2),
]


def test_round_trip_earns_its_gain_less_fees(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = by_wallet(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # bought for 200, sold for 240; fees 0.20 and 0.24; over 440 traded
    assert alice["notional_usd"] == 440
    assert alice["net_return_bps"] == pytest.approx((40 - 0.44) / 440 * 1e4)


def test_drawdown_is_seen_between_the_wallets_own_trades(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = by_wallet(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # equity -0.2, then 19.8 at 110, then -20.2 at 90; exposure was 220 at most
    assert alice["drawdown_frac"] == pytest.approx(40 / 220)


def test_holding_time_is_exposure_over_what_was_opened(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = by_wallet(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # a minute each of 200, 220 and 180 USD, after 200 were opened: 3 minutes
    assert alice["holding_s"] == pytest.approx(180)


def test_open_position_is_worth_the_last_price_of_the_window(
    open_backend: Any, by_wallet: Any
) -> None:
    con = open_backend(trades=ROUND_TRIP)
    until_110 = Window(START_MS, at(2) + 1)

    alice = by_wallet(con, equity_outcomes(con, until_110, FEES))[ALICE]

    assert alice["net_return_bps"] == pytest.approx((20 - 0.2) / 200 * 1e4)


def test_position_from_before_the_window_counts_as_flat(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)
    only_the_sale = Window(at(3.5), at(10))

    alice = by_wallet(con, equity_outcomes(con, only_the_sale, FEES))[ALICE]

    # short 2 from 120, and 120 is still the last price: only the fee is lost
    assert alice["net_return_bps"] == pytest.approx(-10)


def test_coins_add_up_in_one_curve(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(
        trades=[
            trade(at(1), buyer=ALICE, seller=BOB, taker=BOB, price=100, coin="BTC"),
            trade(at(1), buyer=BOB, seller=ALICE, taker=BOB, price=50, coin="ETH", size=2),
            trade(at(2), buyer=CAROL, seller=BOB, taker=CAROL, price=110, coin="BTC"),
            trade(at(2), buyer=CAROL, seller=BOB, taker=CAROL, price=55, coin="ETH"),
        ]
    )

    alice = by_wallet(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # a maker pays nothing here; long 1 BTC gained 10, short 2 ETH lost 10
    assert alice["net_return_bps"] == pytest.approx(0)
    assert (
        alice["drawdown_frac"] <= 10 / 200
    )  # within a minute, one coin is marked before the other


def test_executions_outside_the_window_are_not_seen(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    found = by_wallet(con, equity_outcomes(con, Window(at(1.5), at(3.5)), FEES))

    assert set(found) == {BOB, CAROL}
