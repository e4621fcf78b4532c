"""Words of the market: sides, feeds, spans of time."""

from enum import StrEnum

ZERO_HASH = "0x" + "0" * 64
"""Hash of a trade whose taker is a TWAP slice (protocol, section 2.1)."""

SYSTEM_WALLETS = ("0x" + "0" * 40, "0x" + "e" * 40)
"""Addresses that are nobody's wallet: where tokens are minted from and burnt to, and the venue's
own conversions (the taker of 20 of 28 zero-hash trades in one real sample)."""

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


class Side(StrEnum):
    """The taker's side of a trade."""

    BUY = "buy"
    SELL = "sell"


class Feed(StrEnum):
    """One kind of thing that is recorded; also the stem of its file."""

    TRADES = "trades"
    BBO = "bbo"
    L2BOOK = "l2book"
    CANDLES = "candles"
    CONTEXTS = "contexts"
    BLOCKS = "blocks"
    TRANSACTIONS = "transactions"
