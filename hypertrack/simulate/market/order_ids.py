"""Numbers of orders, which follow from what the tape says of a trade.

So whoever tells a fill, an archive or an account, gives it the same number. Later orders have
larger ones, and a taker's is larger than those of the limit orders that it met, as on the venue.
"""

from typing import TypeVar
from zlib import crc32

from hypertrack.records import ZERO_HASH
from hypertrack.simulate.market.arrays import Ints

T = TypeVar("T", int, Ints)

_EPOCH_MS = 1_600_000_000_000
"""Numbers count from here: until 2028 they stay below 2^53."""
_WINDOW_MS = 64
"""Orders of one or two blocks, which share the upper half of their numbers."""
_MARKS = 2**20


def taker_mark(digest: str, wallet: str, coin: str) -> int:
    """Return what tells a taker order from others of its block: slices of TWAPs have no hash.

    Args:
        digest: Hash of the trade, as text.
        wallet: Address of the taker.
        coin: Name.
    """
    text = f"{wallet} {coin}" if digest == ZERO_HASH else digest
    return crc32(text.encode()) % _MARKS


def taker_order_id(time_ms: T, mark: T) -> T:
    """Return the order that took at a time; of numbers or of arrays."""
    return _first_id(time_ms) + _MARKS + mark


def maker_order_id(time_ms: T, trade_id: T) -> T:
    """Return the limit order that was met; each fill is told as of an order of its own."""
    return _first_id(time_ms) + trade_id % _MARKS


def _first_id(time_ms: T) -> T:
    return (time_ms - _EPOCH_MS) // _WINDOW_MS * (2 * _MARKS)
