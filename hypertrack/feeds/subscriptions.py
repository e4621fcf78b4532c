"""Subscriptions: what is asked of a socket, and which answer belongs to it."""

from collections.abc import Mapping
from typing import Any

from hypertrack.records import Feed, Record, encode_json

CORE = "core"
EVM = "evm"
"""Chains, in the place of the coin in the streams of blocks and transactions."""

_WIRE_TYPES: Mapping[Feed, str] = {
    Feed.TRADES: "trades",
    Feed.BBO: "bbo",
    Feed.L2BOOK: "l2Book",
    Feed.CANDLES: "candle",
    Feed.CONTEXTS: "activeAssetCtx",
    Feed.BLOCKS: "explorerBlock",
    Feed.TRANSACTIONS: "explorerTxs",
}

PING = b'{"method":"ping"}'


class Subscription(Record, frozen=True):
    """One stream of a socket; candles are those of one minute."""

    feed: Feed
    coin: str
    """As the venue spells it; `CORE` for the explorer's streams."""

    @property
    def stream(self) -> str:
        """Return the stream's name in the coverage ledger."""
        return f"{self.feed}:{self.coin}"

    def wire(self) -> dict[str, str]:
        """Return the venue's subscription object (protocol, sections 1.2 and 2)."""
        wire = {"type": _WIRE_TYPES[self.feed]}
        if self.feed not in (Feed.BLOCKS, Feed.TRANSACTIONS):
            wire["coin"] = self.coin
        if self.feed is Feed.CANDLES:
            wire["interval"] = "1m"
        return wire

    def request(self) -> bytes:
        """Return the frame that subscribes."""
        return encode_json({"method": "subscribe", "subscription": self.wire()})

    def cancellation(self) -> bytes:
        """Return the frame that unsubscribes."""
        return encode_json({"method": "unsubscribe", "subscription": self.wire()})

    def is_echoed_by(self, echo: Mapping[str, Any]) -> bool:
        """Return whether an acknowledgement or an error names this subscription.

        The venue fills in defaults, and new ones appear without notice: a subset decides.
        """
        return all(echo.get(key) == value for key, value in self.wire().items())
