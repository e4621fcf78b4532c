"""Accounts of the simulated venue on hand-made trades: every number worked by hand."""

import pytest
from exchange_fakes import HandSource, block, coin, quote, trade
from fakes import ALICE, BOB, START_MS
from past_fakes import at, prices, venue
from venue_fakes import PlayedVenue

from hypertrack.records import HOUR_MS
from hypertrack.simulate.venue.requests import UnknownNameError


def test_fees_follow_the_schedule_of_each_kind_of_coin() -> None:
    played = venue(
        block(trade(at(1), 1, price="100.0", size="2.0", is_buy=True)),
        block(trade(at(2), 2, name="@107", price="40.0", size="10.0", is_buy=True)),
        block(trade(at(3), 3, name="xyz:SP500", price="500.0", size="4.0", is_buy=False)),
    )

    taker = {fill["tid"]: fill for fill in played.ask("userFills", user=ALICE)}
    maker = {fill["tid"]: fill for fill in played.ask("userFills", user=BOB)}

    # perp 4.5 and 1.5 bps; spot 7 and 4, in the token for who buys it; builders charge twice
    assert (taker[1]["fee"], maker[1]["fee"]) == ("0.09", "0.03")
    assert (taker[2]["fee"], taker[2]["feeToken"]) == ("0.007", "@107")
    assert (maker[2]["fee"], maker[2]["feeToken"]) == ("0.16", "USDC")
    assert (taker[3]["fee"], maker[3]["fee"]) == ("0.6", "1.8")


def test_closed_pnl_is_what_average_cost_says_before_fees() -> None:
    played = venue(
        block(trade(at(1), 1, price="100.0", size="1.0")),
        block(trade(at(2), 2, price="110.0", size="3.0")),
        block(trade(at(3), 3, price="120.0", size="2.0", users=(BOB, ALICE))),
        block(trade(at(4), 4, price="90.0", size="3.0", users=(BOB, ALICE))),
    )

    fills = played.fills(ALICE)

    # bought 4 at 107.50: 2 sold at 120 gain 25; 2 more at 90 lose 35, the third opens a short
    assert [fill["closedPnl"] for fill in fills] == ["0.0", "0.0", "25.0", "-35.0"]
    assert [fill["startPosition"] for fill in fills] == ["0.0", "1.0", "4.0", "2.0"]
    assert [fill["dir"] for fill in fills][2:] == ["Close Long", "Long > Short"]


def test_start_position_carries_the_residue_of_doubles_as_on_the_venue() -> None:
    wide = HandSource(
        [
            block(trade(at(1), 1, name="USUAL", price="0.5", size="3695042.9")),
            block(trade(at(2), 2, name="USUAL", price="0.5", size="1.0")),
        ],
        coins=(coin("USUAL", size_decimals=1, price_usd=0.5),),
    )

    fills = PlayedVenue(wide).fills(BOB)

    assert fills[1]["startPosition"] == "-3695042.8999999999"


def test_funding_of_a_full_hour_is_paid_on_the_position_before_its_trades() -> None:
    """2 ETH at 100 USD and the usual rate of 0.00125 % an hour: a quarter of a cent."""
    hour = START_MS + HOUR_MS
    played = venue(
        block(trade(at(1), 1, name="ETH", price="100.0", size="2.0")),
        prices(hour, 1.0, 100.0, 1.0, 1.0),
        block(trade(hour, 2, name="ETH", price="100.0", size="5.0")),
        extra_ms=1_000,
    )

    longs, shorts = played.payments(ALICE), played.payments(BOB)
    rate = played.ask("fundingHistory", coin="ETH", startTime=hour)[0]

    assert [row["delta"] for row in longs] == [
        {
            **{"type": "funding", "coin": "ETH", "usdc": "-0.0025", "szi": "2.0"},
            **{"fundingRate": "0.0000125", "nSamples": None},
        }
    ]
    assert shorts[0]["delta"]["usdc"] == "0.0025"
    assert (rate["fundingRate"], rate["time"]) == ("0.0000125", longs[0]["time"])


def test_position_tells_the_funding_since_it_was_opened_and_since_it_changed() -> None:
    hours = [START_MS + nth * HOUR_MS for nth in (1, 2)]
    played = venue(
        block(trade(at(1), 1, name="ETH", price="100.0", size="2.0")),
        prices(hours[0], 1.0, 100.0, 1.0, 1.0),
        block(trade(at(70), 2, name="ETH", price="100.0", size="1.0")),
        prices(hours[1], 1.0, 100.0, 1.0, 1.0),
    )

    (entry,) = played.ask("clearinghouseState", user=ALICE)["assetPositions"]

    assert entry["position"]["cumFunding"] == {
        "allTime": "0.00625",  # 2 and then 3 x 100 x 0.0000125
        "sinceOpen": "0.00625",
        "sinceChange": "0.00375",
    }


def test_account_is_worth_its_deposit_and_what_it_gained() -> None:
    """Long 1 BTC from 100, marked at 150; 10,000 deposited, 4.5 bps of 100 paid."""
    played = venue(
        block(trade(at(1), 1, price="100.0", size="1.0")), quote(at(2), "149.0", "151.0")
    )

    state = played.ask("clearinghouseState", user=ALICE)

    assert state["marginSummary"] == {
        "accountValue": "10049.955",
        "totalNtlPos": "150.0",
        "totalRawUsd": "9899.955",
        "totalMarginUsed": "3.75",  # a fortieth
    }
    position = state["assetPositions"][0]["position"]
    assert (position["unrealizedPnl"], position["positionValue"]) == ("50.0", "150.0")
    assert position["returnOnEquity"] == "13.3333333333"
    assert state["withdrawable"] == "10046.205"


def test_liquidation_price_is_where_the_margin_is_used_up() -> None:
    """Short 1,000 from 100 with 10,000 deposited, at 40x: an eightieth has to be left.

    Worth 10,000 - 15 fee - 1000 (p - 100) = 1000 p / 80 at p = 109,985 / 1,012.5.
    """
    played = venue(
        block(trade(at(1), 1, price="100.0", size="1000.0")), quote(at(2), "99.0", "101.0")
    )

    short = played.ask("clearinghouseState", user=BOB)["assetPositions"][0]["position"]
    small = venue(block(trade(at(1), 1, price="100.0", size="1.0")))
    long = small.ask("clearinghouseState", user=ALICE)["assetPositions"][0]["position"]

    assert float(short["liquidationPx"]) == pytest.approx(109_985 / 1_012.5)
    assert long["liquidationPx"] is None


def test_positions_with_a_builder_stand_in_the_state_of_its_dex_alone() -> None:
    played = venue(
        block(trade(at(1), 1, name="xyz:SP500", price="500.0", size="4.0")),
        block(trade(at(2), 2, price="100.0", size="2.0")),
    )

    def held(**request: str) -> list[str]:
        state = played.ask("clearinghouseState", user=ALICE, **request)
        return [entry["position"]["coin"] for entry in state["assetPositions"]]

    assert held() == held(dex="") == ["BTC"]
    assert held(dex="xyz") == ["xyz:SP500"]
    with pytest.raises(UnknownNameError):
        held(dex="nope")
