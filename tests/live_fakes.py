"""Trades by hand for live, and what it makes of them."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from fakes import ALICE, BOB, START_MS

from hypertrack.config import LiveSettings
from hypertrack.live.actions import ActionFinder
from hypertrack.live.positions import Positions, ToldPositions
from hypertrack.records import Action, Side, TapeTrade

FAR_MS = 10_000_000
"""So long after the start that everything has settled."""


def tape_trade(at_ms: int, **changes: Any) -> TapeTrade:
    """Return a trade ``at_ms`` after the start: Alice takes 1 BTC from Bob at 100."""
    facts: dict[str, Any] = {
        "received_ns": (START_MS + at_ms + 300) * 1_000_000,
        "coin": "BTC",
        "side": Side.BUY,
        "price": "100",
        "size": "1",
        "time_ms": START_MS + at_ms,
        "trade_id": at_ms + 1,
        "buyer": ALICE,
        "seller": BOB,
        "is_twap": False,
    }
    return TapeTrade(**(facts | changes))


def sold(at_ms: int, **changes: Any) -> TapeTrade:
    """Return a trade in which Alice sells to Bob, and crosses."""
    return tape_trade(at_ms, **({"side": Side.SELL, "buyer": BOB, "seller": ALICE} | changes))


def settle() -> TapeTrade:
    """Return a trade of nobody's interest, long after all others."""
    nobody = {"buyer": "0x" + "1" * 40, "seller": "0x" + "2" * 40}
    return tape_trade(FAR_MS, coin="ETH", **nobody)


def actions_of(
    trades: Iterable[TapeTrade],
    *,
    wallet: str = ALICE,
    told: Mapping[tuple[str, str], Decimal] | None = None,
) -> list[Action]:
    """Return the actions of a wallet, all of them settled."""
    finder = ActionFinder(LiveSettings(), Positions(ToldPositions(told or {})))
    found = [action for trade in (*trades, settle()) for action in finder.add(trade)]
    return [action for action in found if action.wallet == wallet]
