"""What was traded in the last seconds."""

from decimal import Decimal

from fakes import ALICE, BOB, START_MS
from live_fakes import sold, tape_trade

from hypertrack.live.recent_trades import RecentTrades


def test_changes_are_those_after_a_time_by_coin_and_signed() -> None:
    recent = RecentTrades(START_MS)
    for trade in (
        tape_trade(0),
        tape_trade(1_000, size="2"),
        sold(2_000, size="0.5"),
        tape_trade(3_000, coin="ETH", buyer=ALICE, seller=ALICE),
    ):
        recent.add(trade)

    assert recent.changes(ALICE, START_MS) == {"BTC": Decimal("1.5"), "ETH": 0}
    assert recent.changes(BOB, START_MS) == {"BTC": Decimal("-1.5")}


def test_what_lies_before_the_first_trade_or_is_long_gone_is_not_told() -> None:
    recent = RecentTrades(START_MS)
    assert recent.changes(ALICE, START_MS - 2) is None
    assert recent.changes(ALICE, START_MS - 1) == {}

    recent.add(tape_trade(0))
    recent.add(tape_trade(20_000))
    assert recent.changes(ALICE, START_MS - 1) == {"BTC": 2}
    recent.add(tape_trade(20_001))  # 20 s and more after the first

    assert recent.changes(ALICE, START_MS - 1) is None
    assert recent.changes(ALICE, START_MS) == {"BTC": 2}
