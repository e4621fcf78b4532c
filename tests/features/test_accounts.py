"""What the venue says of accounts, as features: there where it was asked, and only there."""

import math
from typing import Any

import pytest
from fakes import (
    ALICE,
    BOB,
    START_MS,
    account_flow,
    account_state,
    held_position,
    observed,
    portfolio,
    trade,
)

NAMES = (
    *("equity_usd", "leverage", "liquidation_distance_frac"),
    *("net_flow_usd", "account_return_frac"),
)
HOUR_MS = 3_600_000

TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE),
    trade(START_MS + HOUR_MS, buyer=ALICE, seller=BOB, taker=ALICE),
]


def told(at_ms: int, equity: float) -> list[dict[str, Any]]:
    """Return what the venue said of Alice at a time: BTC long, ETH short, one coin of xyz."""
    long = held_position("BTC", 2, price=100, liquidation=80)
    short = held_position("ETH", -1, price=50, liquidation=55)
    other = held_position("xyz:CL", 1, price=50)
    return [
        account_state(at_ms, ALICE, long, short, equity=equity),
        account_state(at_ms, ALICE, other, equity=20, dex="xyz"),
    ]


def test_nothing_is_known_of_who_was_not_asked(features_of: Any) -> None:
    found = features_of(*NAMES, trades=TRADES)

    assert all(math.isnan(found[wallet][name]) for wallet in (ALICE, BOB) for name in NAMES)


def test_equity_leverage_and_distance_are_those_of_the_last_answer(features_of: Any) -> None:
    states = [*told(START_MS + 5, 500), *told(START_MS + 10, 80)]

    found = features_of(*NAMES[:3], trades=TRADES, account_states=states)[ALICE]

    assert found["equity_usd"] == pytest.approx(100)  # 80 + 20
    assert found["leverage"] == pytest.approx(3)  # (200 + 50 + 50) / 100
    assert found["liquidation_distance_frac"] == pytest.approx(0.1)  # ETH: 5 of 50


def test_dexes_that_were_asked_one_after_the_other_all_tell_how_near_liquidation_is(
    features_of: Any,
) -> None:
    own, other = told(START_MS + 10, 80)[0], held_position("xyz:CL", 1, price=50, liquidation=30)
    states = [own, account_state(START_MS + 12, ALICE, other, equity=20, dex="xyz")]

    found = features_of("liquidation_distance_frac", trades=TRADES, account_states=states)[ALICE]

    assert found["liquidation_distance_frac"] == pytest.approx(0.1)  # ETH: 5 of 50, xyz:CL 20 of 50


def test_cut_sees_the_answer_before_it(features_of: Any) -> None:
    states = [*told(START_MS + 5, 500), *told(START_MS + 100, 80)]
    lines = {"trades": TRADES, "account_states": states}

    found = features_of("equity_usd", until_ms=START_MS + 50, **lines)

    assert found[ALICE]["equity_usd"] == pytest.approx(520)


def test_flows_and_return_of_the_wallet_that_was_asked(features_of: Any) -> None:
    points = [(START_MS, 1_000.0, 0.0), (START_MS + HOUR_MS, 1_300.0, 100.0)]
    paid = account_flow(START_MS + HOUR_MS // 2, ALICE, type="deposit", usdc="200.0")
    lines = {
        "account_states": [portfolio(START_MS + HOUR_MS, ALICE, points)],
        "account_flows": [paid],
        "coverage": [
            observed("trades:BTC", START_MS, START_MS + HOUR_MS),
            observed(f"flows:{ALICE}", START_MS, START_MS + HOUR_MS),
        ],
    }

    found = features_of(*NAMES[3:], trades=TRADES, **lines)

    assert found[ALICE]["net_flow_usd"] == pytest.approx(200)
    assert found[ALICE]["account_return_frac"] == pytest.approx(100 / 1_100)
    assert math.isnan(found[BOB]["net_flow_usd"])
