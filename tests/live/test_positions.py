"""Positions that answers of the venue tell, in whatever order answers and gaps come."""

from decimal import Decimal

import pytest
from fakes import ALICE, BOB, START_MS
from live_fakes import tape_trade

from hypertrack.live.positions import Position, Positions, kind_of
from hypertrack.records import ActionKind, PositionKnown
from hypertrack.store.reading.answer_tape import AccountSeen

BTC, ETH = (ALICE, "BTC"), (ALICE, "ETH")


def answer(at_ms: int, *, dex: str = "", **sizes: str) -> AccountSeen:
    return AccountSeen(
        wallet=ALICE,
        dex=dex,
        time_ms=START_MS + at_ms,
        received_ns=(START_MS + at_ms) * 1_000_000,
        equity_usd=None,
        sizes={coin: Decimal(size) for coin, size in sizes.items()},
    )


@pytest.fixture
def positions() -> Positions:
    found = Positions(since_ms=START_MS)
    found.recent.add(tape_trade(0, coin="SOL", buyer=BOB, seller=BOB))
    return found


def take(positions: Positions, seen: AccountSeen) -> None:
    for key, size in list(positions.answered(seen)):
        positions.tell(key, size)


def before(positions: Positions, key: tuple[str, str], at_ms: int = 20_000) -> Position:
    return positions.trade(key, Decimal(1), START_MS + at_ms)[0]


def test_gap_that_is_met_after_the_account_was_told_leaves_what_was_told(
    positions: Positions,
) -> None:
    take(positions, answer(12_000, BTC="5"))

    positions.forget("BTC", START_MS + 10_000)
    positions.wait_for([ALICE], "BTC", START_MS + 10_000)

    assert before(positions, BTC) == Position(Decimal(5), PositionKnown.EXACT)
    assert not positions.awaited


def test_gap_that_ends_after_the_account_was_told_makes_it_unknown(positions: Positions) -> None:
    take(positions, answer(8_000, BTC="5"))

    positions.forget("BTC", START_MS + 10_000)
    positions.forget("BTC", START_MS + 7_000)  # an earlier one, met later

    assert before(positions, BTC).known is PositionKnown.TAPE
    assert before(positions, ETH).known is PositionKnown.FLAT


def test_older_answer_that_comes_after_a_newer_one_tells_nothing(positions: Positions) -> None:
    take(positions, answer(12_000, BTC="5"))
    take(positions, answer(9_000, BTC="3", ETH="2"))

    positions.forget("BTC", START_MS + 10_000)

    assert before(positions, BTC).size == 5
    assert before(positions, ETH).known is PositionKnown.FLAT


def test_trade_that_comes_later_than_the_answer_that_holds_it_counts_once(
    positions: Positions,
) -> None:
    take(positions, answer(12_000, BTC="5"))

    late = [positions.trade(key, Decimal(2), START_MS + 11_999) for key in (BTC, ETH)]

    assert [kind_of(was, now.size) for was, now in late] == [ActionKind.TRADE] * 2
    assert before(positions, BTC).size == 5
    assert before(positions, ETH).known is PositionKnown.FLAT


def test_answer_of_one_exchange_says_nothing_of_another_or_of_spot(positions: Positions) -> None:
    take(positions, answer(12_000, dex="xyz", **{"xyz:GOLD": "1"}))

    assert before(positions, (ALICE, "xyz:GOLD")).size == 1
    assert before(positions, (ALICE, "xyz:OIL")).known is PositionKnown.FLAT
    assert before(positions, BTC).known is PositionKnown.TAPE
    assert before(positions, (ALICE, "@107")).known is PositionKnown.TAPE
