from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, trade

from hypertrack.config import FeeSettings
from hypertrack.labels.equity import equity_outcomes
from hypertrack.market.engine.plans import Columns
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

FEES = FeeSettings(perp_taker_bps=10, perp_maker_bps=0)
TEN_MINUTES = Window(START_MS, START_MS + 10 * MINUTE_MS)


def named(con: Any, found: Columns) -> dict[str, dict[str, float]]:
    """Return the rows of columns by wallet_id, by address."""
    wallets = con.rows(con.table("wallets"))
    address = {row["wallet_id"]: row["wallet"] for row in wallets}
    rows = zip(*(column.tolist() for column in found.values()), strict=True)
    return {address[row[0]]: dict(zip(found, row, strict=True)) for row in rows}


def at(minute: float) -> int:
    return START_MS + int(minute * MINUTE_MS)


ROUND_TRIP = [
    trade(at(1), buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2),
    trade(at(2), buyer=CAROL, seller=BOB, taker=CAROL, price=110),
    trade(at(3), buyer=CAROL, seller=BOB, taker=CAROL, price=90),
    trade(at(4), buyer=BOB, seller=ALICE, taker=ALICE, price=120, size=2),
]


def test_round_trip_earns_its_gain_less_fees(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # bought for 200, sold for 240; fees 0.20 and 0.24; over 440 traded
    assert alice["notional_usd"] == 440
    assert alice["net_return_bps"] == pytest.approx((40 - 0.44) / 440 * 1e4)


def test_drawdown_is_seen_between_the_wallets_own_trades(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # equity -0.2, then 19.8 at 110, then -20.2 at 90; exposure was 220 at most
    assert alice["drawdown_frac"] == pytest.approx(40 / 220)


def test_holding_time_is_exposure_over_what_was_opened(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # a minute each of 200, 220 and 180 USD, after 200 were opened: 3 minutes
    assert alice["holding_s"] == pytest.approx(180)


def test_open_position_is_worth_the_last_price_of_the_window(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)
    until_110 = Window(START_MS, at(2) + 1)

    alice = named(con, equity_outcomes(con, until_110, FEES))[ALICE]

    assert alice["net_return_bps"] == pytest.approx((20 - 0.2) / 200 * 1e4)


FALL = trade(at(5), buyer=CAROL, seller=BOB, taker=CAROL, price=60)


def test_to_close_what_was_brought_along_opens_nothing(open_backend: Any) -> None:
    con = open_backend(trades=[*ROUND_TRIP, FALL])
    only_the_sale = Window(at(3.5), at(10))

    alice = named(con, equity_outcomes(con, only_the_sale, FEES))[ALICE]

    # flat after the sale, so that the fall to 60 is nothing to it: only the fee is lost
    assert alice["net_return_bps"] == pytest.approx(-10)
    assert (alice["inherited_frac"], alice["reported_frac"]) == (1, 0)
    assert np.isnan(alice["holding_s"])


def test_who_opened_nothing_has_no_worst_loss_whatever_rounding_others_leave(
    open_backend: Any,
) -> None:
    last = f"0x{'f' * 40}"
    brought = trade(at(1), buyer=CAROL, seller=last, taker=CAROL, price=100, size=0.3)
    large = [
        trade(at(4 + n / 40), buyer=ALICE, seller=last, taker=ALICE, price=1e9 / n, size=1e3 / 3)
        for n in range(3, 30)
    ]
    small = trade(at(4), buyer=BOB, seller=last, taker=BOB, price=77.7, size=0.123)
    sold = trade(at(5), buyer=last, seller=CAROL, taker=CAROL, price=90, size=0.3)
    con = open_backend(trades=[brought, small, *large, sold])

    carol = named(con, equity_outcomes(con, Window(at(3.5), at(6)), FEES))[CAROL]

    assert carol["net_return_bps"] == pytest.approx(-10)
    assert np.isnan(carol["drawdown_frac"])


def test_what_goes_beyond_the_close_is_opened(open_backend: Any) -> None:
    bought = trade(at(1), buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
    sold = trade(at(4), buyer=BOB, seller=ALICE, taker=ALICE, price=120, size=5)
    con = open_backend(trades=[bought, sold, FALL])

    alice = named(con, equity_outcomes(con, Window(at(3.5), at(10)), FEES))[ALICE]

    # 2 of 5 close; short 3 from 120 to 60; fee 10 bps of 600
    assert alice["net_return_bps"] == pytest.approx((180 - 0.6) / 600 * 1e4)


def test_what_was_brought_along_earns_nothing_while_it_is_added_to(open_backend: Any) -> None:
    trades = [
        trade(at(1), buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=10),
        trade(at(4), buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=1),
        trade(at(5), buyer=BOB, seller=ALICE, taker=ALICE, price=120, size=1),
    ]
    con = open_backend(trades=trades)

    alice = named(con, equity_outcomes(con, Window(at(3.5), at(10)), FEES))[ALICE]

    assert alice["net_return_bps"] == pytest.approx((20 - 0.22) / 220 * 1e4)


def test_fills_tell_the_fee_and_the_position_brought_along(open_backend: Any) -> None:
    sold = trade(at(4), buyer=BOB, seller=ALICE, taker=ALICE, price=120, size=2)
    fill = fill_of(sold, ALICE, startPosition="7.5", closedPnl="40.0", fee="0.03")
    con = open_backend(trades=[sold, FALL], fills=[fill])

    found = named(con, equity_outcomes(con, Window(at(3.5), at(10)), FEES))

    alice, bob = found[ALICE], found[BOB]
    # long 5.5 after it, all from before: neither the gain until then nor the fall is the window's
    assert alice["net_return_bps"] == pytest.approx(-0.03 / 240 * 1e4)
    assert (alice["inherited_frac"], alice["reported_frac"]) == (1, 1)
    # nobody tells of the other side: bought 2 at 120 and sold 1 at 60, worth 60, without a fee
    assert bob["net_return_bps"] == pytest.approx((60 + 60 - 240) / 300 * 1e4)
    assert (bob["inherited_frac"], bob["reported_frac"]) == (0, 0)


def round_trip_fills(closed_pnl: str) -> list[dict[str, Any]]:
    return [
        fill_of(ROUND_TRIP[0], ALICE, fee="0.05"),
        fill_of(ROUND_TRIP[3], ALICE, startPosition="2.0", closedPnl=closed_pnl, fee="0.06"),
    ]


def test_booked_pnl_of_a_round_trip_is_what_the_trades_say(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP, fills=round_trip_fills("40.0"))

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    assert alice["net_return_bps"] == pytest.approx((40 - 0.11) / 440 * 1e4)
    assert (alice["inherited_frac"], alice["reported_frac"]) == (0, 1)


def test_booked_pnl_is_believed_where_a_trade_was_lost(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP, fills=round_trip_fills("35.5"))

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    assert alice["net_return_bps"] == pytest.approx((35.5 - 0.11) / 440 * 1e4)


@pytest.mark.parametrize(
    ("coin", "side", "token", "fee", "paid_usd"),
    [
        ("BTC", "buy", "USDC", "-0.02", -0.02),
        ("@107", "buy", "HYPE", "0.001", 0.1),  # a buyer of spot pays in what he buys
        ("@107", "sell", "USDC", "0.07", 0.07),
        ("@107", "sell", "HYPE", "0.001", None),
        ("BTC", "buy", None, "0.04", 0.04),
    ],
)
def test_fee_is_read_in_dollars(
    open_backend: Any, coin: str, side: str, token: str | None, fee: str, paid_usd: float | None
) -> None:
    buyer, seller = (ALICE, BOB) if side == "buy" else (BOB, ALICE)
    line = trade(at(1), buyer=buyer, seller=seller, taker=ALICE, price=100, coin=coin)
    con = open_backend(trades=[line], fills=[fill_of(line, ALICE, fee=fee, feeToken=token)])

    (fill,) = con.rows(con.table("imported_fills"))
    assert fill["fee_usd"] == (None if paid_usd is None else pytest.approx(paid_usd))


def test_coins_add_up_in_one_curve(open_backend: Any) -> None:
    con = open_backend(
        trades=[
            trade(at(1), buyer=ALICE, seller=BOB, taker=BOB, price=100, coin="BTC"),
            trade(at(1), buyer=BOB, seller=ALICE, taker=BOB, price=50, coin="ETH", size=2),
            trade(at(2), buyer=CAROL, seller=BOB, taker=CAROL, price=110, coin="BTC"),
            trade(at(2), buyer=CAROL, seller=BOB, taker=CAROL, price=55, coin="ETH"),
        ]
    )

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # a maker pays nothing here; long 1 BTC gained 10, short 2 ETH lost 10
    assert alice["net_return_bps"] == pytest.approx(0)
    assert alice["drawdown_frac"] == pytest.approx(0)  # both are marked at once


def test_executions_outside_the_window_are_not_seen(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    found = named(con, equity_outcomes(con, Window(at(1.5), at(3.5)), FEES))

    assert set(found) == {BOB, CAROL}


def test_first_loss_is_a_fall_from_where_the_wallet_began(open_backend: Any) -> None:
    con = open_backend(
        trades=[
            trade(at(1), buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2),
            trade(at(2), buyer=BOB, seller=ALICE, taker=ALICE, price=90, size=2),
        ]
    )

    alice = named(con, equity_outcomes(con, TEN_MINUTES, FEES))[ALICE]

    # lost 20 and fees of 0.20 and 0.18, never above 0; exposure was 200 at most
    assert alice["drawdown_frac"] == pytest.approx(20.38 / 200)


def test_execution_at_the_windows_start_is_inside_and_not_brought_along(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = named(con, equity_outcomes(con, Window(at(1), at(10)), FEES))[ALICE]

    assert alice["net_return_bps"] == pytest.approx((40 - 0.44) / 440 * 1e4)
    assert (alice["inherited_frac"], alice["holding_s"]) == (0, pytest.approx(180))


def test_trade_at_the_windows_end_is_outside_and_marks_nothing(open_backend: Any) -> None:
    con = open_backend(trades=ROUND_TRIP)

    alice = named(con, equity_outcomes(con, Window(START_MS, at(2)), FEES))[ALICE]

    # bought at 100; that 110 is paid at the very end is not known yet
    assert alice["net_return_bps"] == pytest.approx(-10)
