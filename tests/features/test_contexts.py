"""Features of contexts, worked by hand on two full hours."""

import math
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, context, fill_of, trade

from hypertrack.records import MINUTE_MS

NAMES = ("funding_paid_usd", "funding_alignment", "oi_share_frac", "crowding")

# Comes in with 3, buys 2 at 8:10, holds 5 at 9:00; sells 6 at 9:30, is short 1 at 10:00.
BOUGHT = trade(START_MS + 10 * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=2)
SOLD = trade(START_MS + 90 * MINUTE_MS, buyer=BOB, seller=ALICE, taker=ALICE, size=6)
LAST = trade(START_MS + 150 * MINUTE_MS, buyer=CAROL, seller=BOB, taker=CAROL)
TRADES = [BOUGHT, SOLD, LAST]
FILLS = [fill_of(BOUGHT, ALICE, startPosition="3.0"), fill_of(SOLD, ALICE, startPosition="5.0")]
CONTEXTS = [
    context(START_MS, open_interest=60.0),
    context(START_MS + 59 * MINUTE_MS, rate=0.001, oracle=100.0, premium=0.0005, open_interest=50),
    context(START_MS + 119 * MINUTE_MS, rate=0.002, oracle=110.0, premium=-0.0002, open_interest=2),
]


@pytest.fixture
def alice(features_of: Any) -> Any:
    def measure(until_ms: int | None = None, **more: Any) -> dict[str, float]:
        lines = {"trades": TRADES, "fills": FILLS, "contexts": CONTEXTS} | more
        found: dict[str, dict[str, float]] = features_of(*NAMES, until_ms=until_ms, **lines)
        return found[ALICE]

    return measure


def test_what_was_paid_and_how_much_of_it_was_received(alice: Any) -> None:
    found = alice()

    # pays 5 · 100 · 0.001 long, and receives 1 · 110 · 0.002 short: 110 of 610 notional-hours
    assert found["funding_paid_usd"] == pytest.approx(0.5 - 0.22)
    assert found["funding_alignment"] == pytest.approx(110 / 610)


def test_crowding_is_with_the_premium_by_notional(alice: Any) -> None:
    # long 500 at +5 bps, short 110 at -2 bps: with the crowd both times
    assert alice()["crowding"] == pytest.approx((500 * 5 + 110 * 2) / 610)


def test_share_of_open_interest_is_that_of_the_hour_before(alice: Any) -> None:
    # 5 of the 60 told at 8:00, 1 of the 50 told at 8:59; that of 9:59 came after
    assert alice()["oi_share_frac"] == pytest.approx(5 / 60)


def test_without_contexts_nothing_is_known(alice: Any) -> None:
    assert all(map(math.isnan, alice(contexts=[]).values()))


def test_rate_that_is_missing_leaves_what_was_paid_unknown(alice: Any) -> None:
    found = alice(contexts=CONTEXTS[:2])

    assert math.isnan(found["funding_paid_usd"])
    assert found["funding_alignment"] == 0  # of the hour that is known


def test_position_that_is_not_known_has_none_of_it(alice: Any) -> None:
    assert all(map(math.isnan, alice(fills=[]).values()))


def test_nothing_is_held_across_what_is_not_known(alice: Any) -> None:
    # 5 after the first trade, 9 before the second: something is missing in between
    found = alice(fills=[FILLS[0], fill_of(SOLD, ALICE, startPosition="9.0")])

    assert found["crowding"] == pytest.approx(-2)  # 3 long at 10:00 alone
    assert math.isnan(found["funding_paid_usd"])


def test_cut_hides_what_fell_due_later(alice: Any) -> None:
    assert alice(until_ms=START_MS + 119 * MINUTE_MS)["funding_paid_usd"] == pytest.approx(0.5)
