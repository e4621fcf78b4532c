"""What the venue said of accounts: positions, returns, and who belongs together."""

from typing import Any

import pytest
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    account_flow,
    account_state,
    fill_of,
    held_position,
    observed,
    portfolio,
    trade,
)

from hypertrack.market import account_states
from hypertrack.market.positions import positions
from hypertrack.market.window import Window

DAY_MS = 86_400_000

# Alice buys 2, then sells 3; the tape was watched until the venue was asked and beyond.
BOUGHT = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=2)
SOLD = trade(START_MS + 1_000, buyer=BOB, seller=ALICE, taker=ALICE, size=3)
LATER = trade(START_MS + 9_000, buyer=ALICE, seller=BOB, taker=ALICE, size=1)
ASKED_MS = START_MS + 5_000
WATCHED = observed("trades:BTC", START_MS - 1_000, START_MS + 20_000)
ASKED_FLOWS = observed(f"flows:{ALICE}", START_MS, START_MS + 40 * DAY_MS)


@pytest.fixture
def moved(open_engine: Any) -> Any:
    """Return before, after and state of each change of Alice's position in BTC."""

    def measure(**lines: Any) -> list[tuple[Any, ...]]:
        con = open_engine(**lines).backend
        rows = con.rows(positions(con))
        own = sorted((row for row in rows if row["wallet_id"] == 0), key=lambda row: row["nth"])
        return [(row["before"], row["after"], row["state"]) for row in own]

    return measure


def test_position_now_less_the_tape_since_is_the_position_at_the_start(moved: Any) -> None:
    told = account_state(ASKED_MS, ALICE, held_position("BTC", 4))

    found = moved(trades=[BOUGHT, SOLD, LATER], account_states=[told], coverage=[WATCHED])

    # 4 when asked, after +2 and -3: 5 at the start; what follows is known exactly
    assert found == [(5, 7, "derived"), (7, 4, "derived"), (4, 5, "exact")]


def test_coin_that_is_not_among_the_positions_was_flat_when_asked(moved: Any) -> None:
    told = account_state(ASKED_MS, ALICE, held_position("ETH", 4))

    found = moved(trades=[BOUGHT, SOLD], account_states=[told], coverage=[WATCHED])

    assert found == [(1, 3, "derived"), (3, 0, "derived")]


def test_gap_of_the_coin_in_between_leaves_the_position_unknown(moved: Any) -> None:
    told = account_state(ASKED_MS, ALICE, held_position("BTC", 4))
    parts = [
        observed("trades:BTC", START_MS - 1_000, START_MS + 2_000),
        observed("trades:BTC", START_MS + 3_000, START_MS + 20_000),
    ]

    found = moved(trades=[BOUGHT, SOLD], account_states=[told], coverage=parts)

    assert found == [(None, None, "unknown")] * 2


def test_answer_of_one_dex_says_nothing_of_another(moved: Any) -> None:
    told = account_state(ASKED_MS, ALICE, dex="xyz")

    assert moved(trades=[BOUGHT, SOLD], account_states=[told], coverage=[WATCHED]) == []


def test_trade_at_the_time_of_the_answer_is_in_it(moved: Any) -> None:
    told = account_state(START_MS + 1_000, ALICE, held_position("BTC", 4))

    found = moved(trades=[BOUGHT, SOLD], account_states=[told], coverage=[WATCHED])

    assert found == [(5, 7, "derived"), (7, 4, "derived")]


def test_fill_decides_where_the_answer_says_otherwise(moved: Any) -> None:
    told = account_state(START_MS + 999, ALICE, held_position("BTC", 100))
    fills = [fill_of(BOUGHT, ALICE, startPosition="5.0"), fill_of(SOLD, ALICE, startPosition="7.0")]

    found = moved(trades=[BOUGHT, SOLD], fills=fills, account_states=[told], coverage=[WATCHED])

    assert found == [(5, 7, "exact"), (7, 4, "exact")]


def test_return_is_on_the_capital_that_was_there_on_average(open_engine: Any) -> None:
    points = [(START_MS + day * DAY_MS, worth, 0.0) for day, worth in ((0, 1_000), (30, 1_700))]
    flows = [
        account_flow(START_MS + 10 * DAY_MS, ALICE, type="deposit", usdc="600.0"),
        account_flow(START_MS + 20 * DAY_MS, ALICE, type="withdraw", usdc="99.0", fee="1.0"),
        account_flow(START_MS + 31 * DAY_MS, ALICE, type="deposit", usdc="5.0"),
    ]
    lines = {
        "trades": [BOUGHT],
        "account_states": [portfolio(START_MS + 31 * DAY_MS, ALICE, points)],
        "account_flows": flows,
        "coverage": [ASKED_FLOWS],
    }

    con = open_engine(**lines).backend

    (row,) = con.rows(account_states.returns(con, None))

    # (1700 - 1000 - 500) / (1000 + 600 * 2/3 - 100 * 1/3)
    assert row["return_frac"] == pytest.approx(200 / (1_000 + 400 - 100 / 3))
    assert (row["start_ms"], row["end_ms"]) == (START_MS, START_MS + 30 * DAY_MS)


def test_return_is_not_told_where_flows_were_not_asked_or_have_no_amount(
    open_engine: Any,
) -> None:
    points = [(START_MS, 1_000.0, 0.0), (START_MS + DAY_MS, 1_100.0, 100.0)]
    told = portfolio(START_MS + 2 * DAY_MS, ALICE, points)
    odd = account_flow(START_MS + 5, ALICE, type="spotGenesis", token="HYPE", amount="3")
    asked = {"trades": [BOUGHT], "account_states": [told]}

    lines = {**asked, "account_flows": [odd], "coverage": [ASKED_FLOWS]}
    without, con = open_engine(**asked).backend, open_engine(**lines).backend

    unasked = without.rows(account_states.returns(without, None))
    (strange,) = con.rows(account_states.returns(con, None))

    assert unasked == []
    assert strange["return_frac"] is None


def test_flows_are_signed_as_the_wallet_sees_them(open_engine: Any) -> None:
    flows = [
        {"type": "deposit", "usdc": "1000.0"},
        {"type": "withdraw", "usdc": "100.0", "fee": "1.0"},
        {"type": "accountClassTransfer", "usdc": "50.0", "toPerp": False},
        {"type": "internalTransfer", "usdc": "7.0", "user": ALICE, "destination": BOB, "fee": "1"},
        {"type": "internalTransfer", "usdc": "9.0", "user": BOB, "destination": ALICE, "fee": "1"},
        {"type": "send", "usdcValue": "3.0", "user": ALICE, "destination": ALICE, "fee": "0.0"},
        {"type": "vaultDeposit", "vault": CAROL, "usdc": "200.0"},
        {"type": "vaultWithdraw", "vault": CAROL, "user": ALICE, "netWithdrawnUsd": "150.0"},
        {"type": "liquidation", "accountValue": "90.0", "leverageType": "Cross"},
    ]
    lines = [account_flow(START_MS + nth, ALICE, **flow) for nth, flow in enumerate(flows)]
    con = open_engine(trades=[BOUGHT], account_flows=lines, coverage=[ASKED_FLOWS]).backend

    rows = sorted(con.rows(con.table("account_flows")), key=lambda row: row["time_ms"])
    (total,) = con.rows(account_states.flows_within(con, Window(START_MS, START_MS + 100)))

    assert [row["usd"] for row in rows] == [1_000, -101, 0, -8, 9, 0, -200, 150, 0]
    assert total["usd"] == 850


def test_wallet_that_was_asked_and_moved_nothing_has_a_flow_of_zero(open_engine: Any) -> None:
    con = open_engine(trades=[BOUGHT], coverage=[ASKED_FLOWS]).backend

    found = con.rows(account_states.flows_within(con, Window(START_MS, START_MS + 100)))

    assert found == [{"wallet_id": 0, "usd": 0.0}]


def test_vaults_sub_accounts_agents_and_transfers_belong_together(open_engine: Any) -> None:
    vault, sub, agent = (f"0x{digit * 40}" for digit in "123")
    asked = {"received_ns": (START_MS + 300) * 1_000_000}
    leader = {"name": "<b>Gains</b>", "vaultAddress": vault, "leader": ALICE}
    owner = {"role": "agent", "data": {"user": BOB}}
    states = [
        {**asked, "user": vault, "request": {"type": "vaultDetails"}, "answer": leader},
        {**asked, "user": agent, "request": {"type": "userRole"}, "answer": owner},
        {
            **{**asked, "user": ALICE, "request": {"type": "subAccounts2"}},
            "answer": [{"name": "two", "subAccountUser": sub, "master": ALICE}],
        },
    ]
    paid = {"type": "internalTransfer", "usdc": "40.0", "user": ALICE, "destination": BOB}
    flows = [account_flow(START_MS, ALICE, **paid), account_flow(START_MS, BOB, **paid)]
    engine = open_engine(trades=[BOUGHT], account_states=states, account_flows=flows)
    con = engine.backend
    name_of = {row["wallet_id"]: row["wallet"] for row in con.rows(con.table("wallets"))}

    found = {
        (name_of[row["wallet_id"]], name_of[row["other_id"]], row["kind"], row["name"])
        for row in con.rows(account_states.links(con))
    }
    (transfer,) = [row for row in con.rows(account_states.links(con)) if row["kind"] == "transfer"]

    assert found == {
        (vault, ALICE, "vault", "<b>Gains</b>"),
        (sub, ALICE, "sub_account", "two"),
        (agent, BOB, "agent", None),
        (ALICE, BOB, "transfer", None),
    }
    assert (transfer["n"], transfer["usd"]) == (1, 40)


def test_answers_of_another_form_say_nothing_and_break_nothing(open_engine: Any) -> None:
    odd = {"marginSummary": None}, {"assetPositions": [None, 3, {}]}, [["day"]], [3], {}, [], "x", 3
    kinds = ("clearinghouseState", "portfolio", "vaultDetails", "subAccounts2", "userRole")
    lines = [
        {"received_ns": (START_MS + nth) * 10**6, "user": ALICE, "request": {"type": kind}}
        | {"answer": answer}
        for nth, answer in enumerate((*odd, None))
        for kind in kinds
    ]

    con = open_engine(trades=[BOUGHT], account_states=lines).backend

    assert con.rows(account_states.links(con)) == []
    assert con.rows(account_states.last_states(con, None)) == []
    assert con.rows(account_states.returns(con, None)) == []
