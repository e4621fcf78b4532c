"""What wallets did, by hand: two coins, a gap, and a position that fills tell."""

from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, observed, trade

from hypertrack.config import FeeSettings
from hypertrack.market.histories import coins_traded, counterparties, last_actions, unobserved
from hypertrack.market.window import Window

NO_FEES = FeeSettings(perp_taker_bps=0, perp_maker_bps=0)

# Alice comes in flat, buys 2 BTC at 100 from Bob and sells one at 130 to Carol; the last is at 150.
BOUGHT = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
SOLD = trade(START_MS + 1_000, buyer=CAROL, seller=ALICE, taker=ALICE, price=130, size=1)
ETH = trade(START_MS + 2_000, coin="ETH", buyer=ALICE, seller=BOB, taker=BOB, price=10, size=3)
LAST = trade(START_MS + 3_000, buyer=CAROL, seller=BOB, taker=CAROL, price=150)
TRADES = [BOUGHT, SOLD, ETH, LAST]
FILLS = [fill_of(BOUGHT, ALICE, startPosition="0.0"), fill_of(SOLD, ALICE, startPosition="2.0")]
WINDOW = Window(START_MS, START_MS + 3_001)
ALICE_ID = 0


def test_coin_tells_profit_and_what_is_held_where_fills_tell(open_engine: Any) -> None:
    con = open_engine(trades=TRADES, fills=FILLS).backend

    btc, eth = con.rows(coins_traded(con, WINDOW, NO_FEES, [ALICE_ID]))

    assert (btc["coin"], btc["notional_usd"]) == ("BTC", 330)
    assert btc["profit_usd"] == pytest.approx(-200 + 130 + 150)
    assert (btc["position"], btc["position_usd"]) == (1.0, 150.0)
    assert (eth["coin"], eth["profit_usd"], eth["position"]) == ("ETH", None, None)
    assert eth["pnl_source"] == "as_if_flat"


def test_last_actions_stand_latest_first(open_engine: Any) -> None:
    con = open_engine(trades=TRADES).backend

    found = con.rows(last_actions(con, WINDOW, [ALICE_ID], 2))

    assert [(row["coin"], row["direction"], row["is_taker"]) for row in found] == [
        ("ETH", 1, False),
        ("BTC", -1, True),
    ]


def test_counterparties_have_a_share_of_all_trades(open_engine: Any) -> None:
    con = open_engine(trades=TRADES).backend

    (found,) = con.rows(counterparties(con, WINDOW, [ALICE_ID], 1))

    assert (found["counterparty_id"], found["n_trades"]) == (1, 2)  # Bob
    assert found["share"] == pytest.approx(2 / 3)


def test_gap_is_what_no_stream_observed(open_engine: Any) -> None:
    ledger = [
        observed("trades:BTC", START_MS, START_MS + 500),
        observed("trades:ETH", START_MS + 400, START_MS + 900),
        observed("trades:BTC", START_MS + 1_500, START_MS + 2_900),
    ]
    con = open_engine(trades=TRADES, coverage=ledger).backend

    assert unobserved(con, WINDOW) == [
        (START_MS + 900, START_MS + 1_500),
        (START_MS + 2_900, START_MS + 3_001),
    ]


def test_without_a_ledger_no_gap_is_claimed(open_engine: Any) -> None:
    assert unobserved(open_engine(trades=TRADES).backend, WINDOW) == []
