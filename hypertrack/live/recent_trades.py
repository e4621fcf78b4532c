"""The trades of the last seconds: what an answer of the venue does not tell yet."""

from collections import deque
from decimal import Decimal

from hypertrack.records import Record, TapeTrade

RECENT_NS = 20_000_000_000
"""By receipt. An answer is in force two seconds after it came, which the venue's clock and its own
way take another one or two of; a trade that follows may be seconds away."""


class RecentState(Record, frozen=True):
    """What is held in mind."""

    trades: list[TapeTrade]
    reaches_ms: int


class RecentTrades:
    """Holds them, in the order of receipt.

    Args:
        since_ms: Exchange time from which on trades are given.
    """

    def __init__(self, since_ms: int):
        self._trades = deque[TapeTrade]()
        self._reaches_ms = since_ms - 1
        """All that happened after it is here."""

    def state(self) -> RecentState:
        """Return what is held in mind."""
        return RecentState(list(self._trades), self._reaches_ms)

    def go_on(self, state: RecentState) -> None:
        """Take what was held in mind before a restart."""
        self._trades, self._reaches_ms = deque(state.trades), state.reaches_ms

    def add(self, trade: TapeTrade) -> None:
        """Take a trade, and let go of old ones."""
        self._trades.append(trade)
        while self._trades[0].received_ns < trade.received_ns - RECENT_NS:
            self._reaches_ms = max(self._reaches_ms, self._trades.popleft().time_ms)

    def changes(self, wallet: str, since_ms: int) -> dict[str, Decimal] | None:
        """Return by coin what a wallet has bought after a time; None where that is too long ago."""
        if since_ms < self._reaches_ms:
            return None
        found: dict[str, Decimal] = {}
        for trade in self._trades:
            if trade.time_ms > since_ms and wallet in (trade.buyer, trade.seller):
                found[trade.coin] = found.get(trade.coin, Decimal(0)) + _change(trade, wallet)
        return found


def _change(trade: TapeTrade, wallet: str) -> Decimal:
    if trade.buyer == trade.seller:
        return Decimal(0)
    size = Decimal(trade.size)
    return size if trade.buyer == wallet else -size
