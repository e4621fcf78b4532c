"""Profit of a window, in its parts, by what is known of the positions."""

from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, trade

from hypertrack.config import FeeSettings
from hypertrack.market.profit import window_profit
from hypertrack.market.window import Window

NO_FEES = FeeSettings(perp_taker_bps=0, perp_maker_bps=0)
EVER = Window(START_MS, START_MS + 3_600_000)

# Alice buys 2 at 100 and sells 3 at 110; the last price is 120.
BOUGHT = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
SOLD = trade(START_MS + 1_000, buyer=BOB, seller=ALICE, taker=ALICE, price=110, size=3)
LAST = trade(START_MS + 2_000, buyer=CAROL, seller=BOB, taker=CAROL, price=120)
TRADES = [BOUGHT, SOLD, LAST]


@pytest.fixture
def alice(open_engine: Any) -> Any:
    """Return what the window was worth to the first wallet, by column; of one coin."""

    def measure(fees: FeeSettings = NO_FEES, window: Window = EVER, **lines: Any) -> dict[str, Any]:
        con = open_engine(**lines).backend
        rows = con.rows(window_profit(con, window, fees))
        return next(row for row in rows if row["wallet_id"] == 0)

    return measure


def test_as_if_flat_is_no_profit(alice: Any) -> None:
    found = alice(trades=TRADES)

    # cash -200 + 330, short 1 at 120
    assert found["flow_pnl_usd"] == pytest.approx(130 - 120)
    assert (found["profit_usd"], found["pnl_source"]) == (None, "as_if_flat")


def test_profit_counts_what_it_came_in_with(alice: Any) -> None:
    fill = fill_of(BOUGHT, ALICE, startPosition="5.0", closedPnl="0.0", fee="0.0")

    found = alice(trades=TRADES, fills=[fill])

    # comes in with 5 worth 100 each, the first price; ends with 4 at 120; cash +130
    assert found["profit_usd"] == pytest.approx(130 + 4 * 120 - 5 * 100)
    assert found["pnl_source"] == "exact"
    assert found["realised_pnl_usd"] is None


def test_what_the_venue_booked_is_realised_and_the_rest_is_not(alice: Any) -> None:
    fills = [
        fill_of(BOUGHT, ALICE, startPosition="5.0", closedPnl="0.0", fee="0.06"),
        fill_of(SOLD, ALICE, startPosition="7.0", closedPnl="31.5", fee="-0.01"),
    ]

    found = alice(trades=TRADES, fills=fills)

    gross = 130 + 4 * 120 - 5 * 100
    assert found["pnl_source"] == "venue"
    assert found["realised_pnl_usd"] == pytest.approx(31.5)
    assert found["unrealised_change_usd"] == pytest.approx(gross - 31.5)
    assert found["fees_usd"] == pytest.approx(0.05)  # as paid, the rebate among it
    assert found["profit_usd"] == pytest.approx(gross - 0.05)
    assert found["is_fee_reported"]


def test_position_told_later_makes_the_profit_derived(alice: Any) -> None:
    fill = fill_of(SOLD, ALICE, startPosition="7.0")

    found = alice(trades=TRADES, fills=[fill])

    assert found["pnl_source"] == "derived"
    assert found["profit_usd"] == pytest.approx(130 + 4 * 120 - 5 * 100)


def test_chain_that_breaks_has_no_profit(alice: Any) -> None:
    fills = [
        fill_of(BOUGHT, ALICE, startPosition="5.0"),
        fill_of(SOLD, ALICE, startPosition="9.0", closedPnl="31.5"),  # two coins from nowhere
    ]

    found = alice(trades=TRADES, fills=fills)

    assert (found["profit_usd"], found["pnl_source"]) == (None, "as_if_flat")
    assert found["realised_pnl_usd"] == pytest.approx(31.5)  # what was booked stays booked


def test_window_is_marked_at_the_prices_of_its_ends(alice: Any) -> None:
    fill = fill_of(BOUGHT, ALICE, startPosition="5.0")
    later = Window(START_MS + 500, START_MS + 1_500)

    found = alice(window=later, trades=TRADES, fills=[fill])

    # 7 coins rose from 100 to 110, where 3 were sold: 70
    assert found["profit_usd"] == pytest.approx(330 + 4 * 110 - 7 * 100)


def test_settlement_pays_and_costs_no_perp_fee(alice: Any) -> None:
    coin = "#118440"
    bought = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=0.5, size=42, coin=coin)
    settled = fill_of(bought, ALICE, side="A", px="1.0", startPosition="42.0", closedPnl="21.0")
    settled |= {"time": START_MS + 60_000, "tid": 5, "dir": "Settlement"}
    fills = [fill_of(bought, ALICE), settled]

    found = alice(FeeSettings(), trades=[bought], fills=fills)

    assert found["pnl_source"] == "venue"
    assert (found["profit_usd"], found["realised_pnl_usd"]) == (pytest.approx(21), 21)
    assert found["flow_pnl_usd"] == pytest.approx(21)


def test_outcome_coins_have_no_fee_in_the_schedule(alice: Any) -> None:
    line = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=0.5, size=42, coin="#7")

    assert alice(FeeSettings(), trades=[line])["fees_usd"] == 0


def test_fills_without_a_tape_are_priced_by_themselves(alice: Any) -> None:
    fills = [
        fill_of(BOUGHT, ALICE, startPosition="0.0", closedPnl="0.0", fee="0.5"),
        fill_of(SOLD, ALICE, startPosition="2.0", closedPnl="20.0", fee="0.25"),
    ]

    found = alice(fills=fills)

    # cash -200 + 330; of 3 sold one is open at the last price that is known, its own
    assert found["profit_usd"] == pytest.approx(130 - 110 - 0.75)
    assert (found["realised_pnl_usd"], found["pnl_source"]) == (20.0, "venue")
