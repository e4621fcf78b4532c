"""How profit grew: by hand, minute by minute, with positions that fills tell."""

from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, trade

from hypertrack.config import FeeSettings
from hypertrack.market.profit import window_profit
from hypertrack.market.profit_curve import drawdowns, profit_curve
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

NO_FEES = FeeSettings(perp_taker_bps=0, perp_maker_bps=0)
FIRST_MS = START_MS // MINUTE_MS * MINUTE_MS + MINUTE_MS
"""The first whole minute after the start."""

# Alice comes in flat, buys 2 at 100, sells them at 130 in the fifth minute. The price goes 90, 120.
BOUGHT = trade(FIRST_MS + 10, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
FELL = trade(FIRST_MS + MINUTE_MS + 10, buyer=CAROL, seller=BOB, taker=BOB, price=90)
ROSE = trade(FIRST_MS + 2 * MINUTE_MS + 10, buyer=CAROL, seller=BOB, taker=CAROL, price=120)
SOLD = trade(FIRST_MS + 4 * MINUTE_MS + 10, buyer=BOB, seller=ALICE, taker=ALICE, price=130, size=2)
LAST = trade(FIRST_MS + 7 * MINUTE_MS + 10, buyer=CAROL, seller=BOB, taker=CAROL, price=500)
TRADES = [BOUGHT, FELL, ROSE, SOLD, LAST]
EVER = Window(FIRST_MS, LAST["time"] + 1)


def fills(start: str = "0.0", **paid: str) -> list[dict[str, Any]]:
    end = str(float(start) + 2)
    return [
        fill_of(BOUGHT, ALICE, startPosition=start, **paid),
        fill_of(SOLD, ALICE, startPosition=end, **paid),
    ]


@pytest.fixture
def curve(open_engine: Any) -> Any:
    """Return Alice's curve: minutes since the first, and USD."""

    def measure(window: Window = EVER, fees: FeeSettings = NO_FEES, **lines: Any) -> Any:
        con = open_engine(**lines).backend
        rows = con.rows(profit_curve(con, window, fees).order_by("time_ms"))
        own = [row for row in rows if row["wallet_id"] == 0]
        return [((row["time_ms"] - FIRST_MS) / MINUTE_MS, row["profit_usd"]) for row in own]

    return measure


def test_a_position_is_worth_what_the_minute_says(curve: Any) -> None:
    found = curve(trades=TRADES, fills=fills())

    whole = [point for point in found if point[0].is_integer()]
    assert whole == [
        (0, 0.0),  # flat
        (1, 0.0),  # bought at 100, worth 100
        (2, pytest.approx(-20)),
        (3, pytest.approx(40)),
        (4, pytest.approx(40)),
        (5, pytest.approx(60)),  # sold; what the coin does then is nothing to her
    ]
    assert found[-1] == (pytest.approx(7 + 11 / MINUTE_MS), pytest.approx(60))


def test_what_was_held_before_counts_from_the_window_on(curve: Any) -> None:
    found = dict(curve(trades=TRADES, fills=fills("3.0")))

    # 5 coins after the first minute; 3 are left, of which the last price makes 3 · (500 - 100).
    assert found[2] == pytest.approx(5 * -10)
    assert found[3] == pytest.approx(5 * 20)
    assert found[5] == pytest.approx(2 * 30 + 3 * 30)
    assert list(found.values())[-1] == pytest.approx(60 + 3 * 400)


def test_fees_are_paid_when_they_are_paid(curve: Any) -> None:
    found = dict(curve(trades=TRADES, fills=fills(fee="1.5", closedPnl="0.0")))

    assert (found[0], found[1], found[5]) == (0.0, pytest.approx(-1.5), pytest.approx(57))


def test_its_end_is_the_profit_of_the_window(busy_engine: Any) -> None:
    con, window = busy_engine.backend, Window(busy_engine.start_ms, busy_engine.end_ms)

    ends = profit_curve(con, window, NO_FEES).filter(lambda rows: rows.time_ms == window.end_ms)
    found = {row["wallet_id"]: row["profit_usd"] for row in con.rows(ends)}

    of_coins: dict[int, list[Any]] = {}
    for row in con.rows(window_profit(con, window, NO_FEES)):
        of_coins.setdefault(row["wallet_id"], []).append(row["profit_usd"])
    known = {wallet: sum(each) for wallet, each in of_coins.items() if None not in each}
    assert known
    assert found == pytest.approx(known)


def test_position_that_is_not_known_has_no_curve(curve: Any) -> None:
    assert curve(trades=TRADES) == []


def test_drawdown_is_below_the_highest_point_so_far(open_engine: Any) -> None:
    con = open_engine(trades=TRADES, fills=fills()).backend

    rows = con.rows(drawdowns(con, EVER, NO_FEES).order_by("time_ms"))

    own = {(row["time_ms"] - FIRST_MS) / MINUTE_MS: row for row in rows if row["wallet_id"] == 0}
    assert own[2]["drawdown_usd"] == pytest.approx(20)  # below the 0 it began with
    assert own[2]["lasts_ms"] == MINUTE_MS
    assert own[3]["drawdown_usd"] == 0
    assert own[5]["lasts_ms"] == EVER.end_ms - FIRST_MS - 5 * MINUTE_MS
