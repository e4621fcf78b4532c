"""Questions about the simulated venue's accounts on hand-made trades: pages, flows, refusals."""

from typing import Any

import pytest
from exchange_fakes import HandSource, block, blocks, quote, trade
from fakes import ALICE, BOB, CAROL, START_MS, ZERO_HASH
from past_fakes import COINS, Past, PastSource, at, prices, venue
from venue_fakes import PlayedVenue, fill_key

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.venue.requests import UnknownTypeError
from hypertrack.simulate.venue.trade_log import OwnTrade
from hypertrack.simulate.venue.venue_rules import VenueRules


def test_parts_of_a_taker_order_are_one_fill_when_aggregated() -> None:
    one = trade(at(1), 1, price="100.0", size="1.0")
    parts = [one, {**one, "tid": 2, "px": "102.0", "sz": "3.0", "users": [ALICE, CAROL]}]
    played = venue(block(*parts), block(trade(at(2), 3, size="1.0")))

    whole = played.ask("userFillsByTime", user=ALICE, startTime=0, aggregateByTime=True)
    makers = played.ask("userFillsByTime", user=BOB, startTime=0, aggregateByTime=True)

    assert (whole[0]["px"], whole[0]["sz"], whole[0]["tid"]) == ("101.5", "4.0", 1)
    assert whole[0]["fee"] == "0.1827"  # 4.5 bps of 406
    assert len(whole) == len(makers) == 2


def test_a_blocks_fifty_fills_survive_the_edge_of_a_page() -> None:
    before = blocks(1_980)
    same = block(*(trade(START_MS + 300_000, 5_000 + nth) for nth in range(50)))
    after = blocks(30, start_ms=START_MS + 400_000)
    played = PlayedVenue(HandSource([*before, same, *after]))

    forward = played.fills(BOB)
    backward = played.ask("userFillsByTime", user=BOB, startTime=0, reversed=True)
    rest = played.ask(
        "userFillsByTime", user=BOB, startTime=0, endTime=backward[-1]["time"], reversed=True
    )

    assert len(forward) == len({fill_key(fill) for fill in forward}) == 2_060
    assert len({fill_key(fill) for fill in (*backward, *rest)}) == 2_060
    assert forward[2_000]["time"] == forward[1_999]["time"] == START_MS + 300_000


def test_only_the_newest_ten_thousand_of_fifty_thousand_fills_exist() -> None:
    one = OwnTrade(START_MS, 0, 1, 100.0, True, 1, "0x" + "1" * 64)
    past = [replace_trade(one, nth) for nth in range(50_000)]
    source = PastSource([], coins=COINS, past=Past(past), extra_ms=1)
    played = PlayedVenue(source)

    fills = played.fills(ALICE)
    latest = played.ask("userFills", user=ALICE)
    state = played.ask("clearinghouseState", user=ALICE)

    assert len(fills) == 10_000
    assert fills[0]["startPosition"] == "0.4"  # 40,000 steps of 0.00001 came before
    assert (latest[0]["tid"], len(latest)) == (50_000, 2_000)
    assert state["assetPositions"][0]["position"]["szi"] == "0.5"


def replace_trade(one: OwnTrade, nth: int) -> OwnTrade:
    return one._replace(time_ms=START_MS - 60_000 + nth, trade_id=nth + 1)


def test_slices_of_twap_orders_can_be_told_apart_or_left_out_of_the_fills() -> None:
    events = [
        block(trade(at(1), 1, is_twap=True)),
        block(trade(at(2), 2, is_twap=True)),
        block(trade(at(3), 3)),
    ]
    played, hiding = venue(*events), venue(*events, rules=VenueRules(has_twap_in_fills=False))

    slices = played.ask("userTwapSliceFills", user=ALICE)
    by_time = hiding.ask("userTwapSliceFillsByTime", user=ALICE, startTime=at(2))

    assert [one["fill"]["tid"] for one in slices] == [2, 1]
    assert {one["twapId"] for one in slices} == {slices[0]["fill"]["twapId"]}  # one order's
    assert [fill["tid"] for fill in played.fills(ALICE)] == [1, 2, 3]
    assert [fill["tid"] for fill in hiding.fills(ALICE)] == [3]
    assert hiding.fills(ALICE)[0]["startPosition"] == "1.0"  # they count all the same
    assert [one["fill"]["tid"] for one in by_time] == [2]
    assert played.ask("userTwapSliceFills", user=BOB) == []  # who only met them


def test_flows_come_by_five_hundred_within_their_stretch() -> None:
    flows = [CashFlow(START_MS - 1_000 + nth, "deposit", 1.5, "", ALICE) for nth in range(700)]
    source = PastSource([], coins=COINS, past=Past(flows=flows), extra_ms=1_000)
    played = PlayedVenue(source)

    def times(**span: int) -> list[int]:
        rows = played.ask("userNonFundingLedgerUpdates", user=ALICE, **span)
        return [row["time"] - START_MS for row in rows]

    assert times(startTime=0) == list(range(-1_000, -500))
    assert times(startTime=START_MS - 500) == list(range(-500, -300))
    assert times(startTime=START_MS - 10, endTime=START_MS - 8) == []
    assert times(startTime=START_MS - 900, endTime=START_MS - 898) == [-900, -899, -898]
    assert played.ask("clearinghouseState", user=ALICE)["withdrawable"] == "1050.0"


@pytest.mark.parametrize(
    ("flow", "delta", "usd"),
    [
        (
            CashFlow(START_MS, "withdrawal", 12.5, ALICE, ""),
            {"type": "withdraw", "usdc": "12.5", "nonce": START_MS, "fee": "1.0"},
            {"": -13.5, "spot": 0.0},  # the fee is paid beside the amount
        ),
        (
            CashFlow(START_MS, "to_spot", 12.5, ALICE, ALICE),
            {"type": "accountClassTransfer", "usdc": "12.5", "toPerp": False},
            {"": -12.5, "spot": 12.5},
        ),
        (
            CashFlow(START_MS, "gift", 12.5, BOB, ALICE),
            {
                **{"type": "internalTransfer", "usdc": "12.5", "user": BOB},
                **{"destination": ALICE, "fee": "1.0"},
            },
            {"": 12.5, "spot": 0.0},
        ),
        (
            CashFlow(START_MS, "sub_account", 12.5, ALICE, BOB),
            {"type": "subAccountTransfer", "usdc": "12.5", "user": ALICE, "destination": BOB},
            {"": -12.5, "spot": 0.0},
        ),
        (
            CashFlow(START_MS, "vault_deposit", 12.5, ALICE, BOB),
            {"type": "vaultDeposit", "vault": BOB, "usdc": "12.5"},
            {"": -12.5, "spot": 0.0},
        ),
    ],
)
def test_each_flow_is_told_in_the_venues_words_and_moves_the_account(
    flow: CashFlow, delta: dict[str, object], usd: dict[str, float]
) -> None:
    played = PlayedVenue(PastSource([], coins=COINS, past=Past(flows=[flow]), extra_ms=1))

    (row,) = played.ask("userNonFundingLedgerUpdates", user=ALICE, startTime=0)
    perps = played.ask("clearinghouseState", user=ALICE)["marginSummary"]["totalRawUsd"]
    spot = played.ask("spotClearinghouseState", user=ALICE)["balances"][0]["total"]

    assert row["delta"] == delta
    assert {"": float(perps), "spot": float(spot)} == usd


def test_transfer_to_a_builders_dex_moves_money_there() -> None:
    flow = CashFlow(START_MS, "to_dex", 12.5, ALICE, ALICE, "xyz")
    played = PlayedVenue(PastSource([], coins=COINS, past=Past(flows=[flow]), extra_ms=1))

    (row,) = played.ask("userNonFundingLedgerUpdates", user=ALICE, startTime=0)
    there = played.ask("clearinghouseState", user=ALICE, dex="xyz")["withdrawable"]

    assert (row["delta"]["type"], row["delta"]["destinationDex"]) == ("send", "xyz")
    assert there == "12.5"


def test_portfolio_tells_gains_and_not_what_was_paid_in() -> None:
    """1,000 paid in two hours before, 500 more later; 2 ETH bought at 100, worth 130 now."""
    flows = [
        CashFlow(START_MS - 2 * HOUR_MS, "deposit", 1_000.0, "", ALICE),
        CashFlow(at(2), "deposit", 500.0, "", ALICE),
    ]
    events = [
        block(trade(at(1), 1, name="ETH", price="100.0", size="2.0")),
        prices(START_MS + HOUR_MS, 1.0, 120.0, 1.0, 1.0),
        quote(at(90), "129.0", "131.0", name="ETH"),
    ]
    source = PastSource(events, coins=COINS, past=Past(flows=flows))

    windows = dict(PlayedVenue(source).ask("portfolio", user=ALICE))

    day = windows["perpDay"]
    paid = 0.09 + 2 * 120 * 0.0000125  # fee and an hour's funding
    assert day["accountValueHistory"][0] == [START_MS - 2 * HOUR_MS - 1, "0.0"]
    assert day["accountValueHistory"][-1] == [at(90), str(1_560 - paid)]
    assert day["pnlHistory"][-1] == [at(90), str(60 - paid)]
    assert (day["vlm"], windows["allTime"]["vlm"]) == ("200.0", "200.0")
    assert windows["day"]["pnlHistory"] == day["pnlHistory"]  # no spot


@pytest.mark.parametrize("kind", ["userFills", "userTwapSliceFills", "userVaultEquities"])
def test_unknown_wallets_get_empty_answers(kind: str) -> None:
    played = venue(block(trade(at(1), 1)))

    assert played.ask(kind, user=CAROL) == []


def test_unknown_wallets_are_worth_nothing_and_have_no_role() -> None:
    played = venue(block(trade(at(1), 1)))

    state = played.ask("clearinghouseState", user=CAROL)

    assert (state["assetPositions"], state["withdrawable"]) == ([], "0.0")
    assert played.ask("spotClearinghouseState", user=CAROL) == {"balances": []}
    assert played.ask("userRole", user=CAROL) == {"role": "missing"}
    assert played.ask("vaultDetails", vaultAddress=CAROL) is None
    assert played.ask("subAccounts", user=CAROL) is None
    assert played.ask("subAccounts2", user=CAROL) is None
    assert dict(played.ask("portfolio", user=CAROL))["perpAllTime"]["pnlHistory"] == []
    span = {"user": CAROL, "startTime": 0}
    assert played.ask("userNonFundingLedgerUpdates", **span) == []
    assert played.ask("userFunding", **span) == []


@pytest.mark.parametrize(
    "request_",
    [
        {"kind": "userFills", "user": ALICE[:-1]},
        {"kind": "clearinghouseState", "user": "alice"},
        {"kind": "portfolio"},
        {"kind": "userFillsByTime", "user": ALICE},
        {"kind": "userFunding", "user": ALICE, "startTime": "0"},
        {"kind": "vaultDetails", "vaultAddress": 7},
        {"kind": "userFillsByTime", "user": ALICE, "startTime": 0, "reversed": "yes"},
    ],
)
def test_malformed_questions_are_refused(request_: dict[str, object]) -> None:
    with pytest.raises(UnknownTypeError):
        venue(block(trade(at(1), 1))).ask(**request_)


def test_dust_has_neither_id_nor_hash_nor_fee_and_is_no_twap() -> None:
    """10 tokens bought at 40, 9.99 sold at 50, and the venue converts the last hundredth."""
    bought = OwnTrade(START_MS - 3, 2, 1_000, 40.0, True, 7, "0x" + "1" * 64)
    sold = bought._replace(time_ms=START_MS - 2, units=-999, price=50.0, trade_id=8)
    dust = OwnTrade(START_MS - 1, 2, -1, 60.0, True, 0, ZERO_HASH)
    source = PastSource([], coins=COINS, past=Past([bought, sold, dust]), extra_ms=1)
    played = PlayedVenue(source)

    fill = played.fills(ALICE)[-1]

    assert (fill["dir"], fill["tid"], fill["hash"]) == ("Spot Dust Conversion", 0, ZERO_HASH)
    assert (fill["startPosition"], fill["closedPnl"], fill["fee"]) == ("0.01", "0.2", "0.0")
    assert fill["twapId"] is None
    assert played.ask("userTwapSliceFills", user=ALICE) == []


def test_trade_below_the_smallest_size_moves_nothing() -> None:
    tiny = HandSource([block(trade(at(1), 1, size="0.000001"))], coins=COINS)

    (fill,) = PlayedVenue(tiny).fills(ALICE)

    assert (fill["sz"], fill["closedPnl"]) == ("0.0", "0.0")


def loss_closed_by(price: str, size: str) -> dict[str, Any]:
    """Return the fill by which ALICE, who bought 2 at 100, sells as taker."""
    played = venue(
        block(trade(at(1), 1, price="100.0", size="2.0")),
        block(trade(at(2), 3, price=price, size=size, users=(BOB, ALICE), is_buy=False)),
    )
    fills: list[dict[str, Any]] = played.fills(ALICE)
    return fills[-1]


def test_orders_that_leave_nothing_of_a_position_without_margin_are_liquidations() -> None:
    """At 40x a loss of an eightieth takes half of the margin."""
    liquidated = loss_closed_by(price="98.0", size="2.0")

    assert liquidated["dir"] == "Liquidated Cross Long"
    named = {"liquidatedUser": ALICE, "markPx": "98.0", "method": "market"}
    assert liquidated["liquidation"] == named
    assert loss_closed_by(price="99.0", size="2.0")["dir"] == "Close Long"
    assert "liquidation" not in loss_closed_by(price="98.0", size="1.5")
