"""The explorer: blocks of the trading chain, and a sample of their transactions.

Blocks follow from exchange time. Transactions are the orders behind the trades that were
published, and cancellations by their makers: the venue, too, shows a sample.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from hypertrack.records import WALLET_PATTERN, ZERO_HASH
from hypertrack.simulate.market.calendar import BLOCK_MS, block_times
from hypertrack.simulate.market.identifiers import hashes
from hypertrack.simulate.venue.state import VenueState
from hypertrack.simulate.venue.wire_trades import WireTrade, trades_in

Json = dict[str, Any]

_FIRST_NUMBER = 24_514_745_945
"""Block number since the epoch of height 0: 1,060,000,000 was reached on 2026-09-24."""
_BLOCK_SALT, _CANCEL_SALT, _PROPOSER_SALT = 71, 72, 73
_N_PROPOSERS = 24
_CANCELS_PER_ORDER = 0.7
"""Measured on the venue: 53 + 39 cancellations beside 128 orders (protocol, section 2.7)."""
MAX_SAMPLED = 5
"""Transactions of a frame."""
_MAX_DETAILS = 300


def height_at(time_ms: int) -> int:
    """Return the height of the block made at a time, or of the nearest one."""
    return round(time_ms / BLOCK_MS) - _FIRST_NUMBER


def blocks_between(after_ms: int, until_ms: int) -> list[Json]:
    """Return the blocks made after a time, until another."""
    first = after_ms // BLOCK_MS
    numbers = np.arange(first, until_ms // BLOCK_MS + 2, dtype=np.int64)
    times = block_times(numbers)
    chosen = numbers[(times > after_ms) & (times <= until_ms)]
    return _blocks(chosen)


def sampled_transactions(state: VenueState, trades: list[WireTrade]) -> list[Json]:
    """Return orders behind the trades, the latest few, and cancellations among them."""
    found: list[Json] = []
    for trade in trades[-MAX_SAMPLED:]:
        found += _transactions(state, trade)
    return found


def answer(state: VenueState, request: Json, now_ms: int) -> Json | None:
    """Return the reply of the explorer's RPC; None for an unknown type or a wrong shape."""
    kind = request.get("type")
    height, tx, user = request.get("height"), request.get("hash"), request.get("user")
    if kind == "blockDetails" and isinstance(height, int):
        return {"type": kind, "blockDetails": _block_details(state, height, now_ms)}
    if kind == "txDetails" and isinstance(tx, str):
        return {"type": kind, "tx": _transaction(state, tx.lower())}
    if kind == "userDetails" and isinstance(user, str) and WALLET_PATTERN.fullmatch(user.lower()):
        return {"type": kind, "txs": _user_transactions(state, user.lower())}
    return None


def _blocks(numbers: np.ndarray[Any, np.dtype[np.int64]]) -> list[Json]:
    rows = zip(
        numbers.tolist(),
        block_times(numbers).tolist(),
        hashes(numbers, _BLOCK_SALT),
        hashes(numbers % _N_PROPOSERS, _PROPOSER_SALT),
        strict=True,
    )
    return [
        {
            "blockTime": time_ms,
            "hash": block_hash,
            "height": number - _FIRST_NUMBER,
            "numTxs": 300 + int(block_hash[2:8], 16) % 1_200,
            "proposer": proposer[:42],
        }
        for number, time_ms, block_hash, proposer in rows
    ]


def _block_details(state: VenueState, height: int, now_ms: int) -> Json | None:
    number = height + _FIRST_NUMBER
    if number * BLOCK_MS > now_ms or height < 0:
        return None
    block = _blocks(np.array([number], dtype=np.int64))[0]
    needle = b'"time":%d,' % block["blockTime"]
    trades = (t for data in state.trade_log if needle in data for t in trades_in(data))
    return {**block, "txs": [tx for trade in trades for tx in _transactions(state, trade)]}


def _transaction(state: VenueState, tx: str) -> Json | None:
    needle = tx.encode()
    if tx == ZERO_HASH:
        return None
    trades = (t for data in state.trade_log if needle in data for t in trades_in(data))
    found = (made for trade in trades for made in _transactions(state, trade))
    return next((made for made in found if made["hash"] == tx), None)


def _user_transactions(state: VenueState, user: str) -> list[Json]:
    found = [tx for trade in trades_of(state, user) for tx in _transactions(state, trade)]
    return [tx for tx in found if tx["user"] == user][:-_MAX_DETAILS:-1]


def trades_of(state: VenueState, wallet: str) -> Iterator[WireTrade]:
    """Yield a wallet's trades in the log, oldest first."""
    needle = wallet.encode()
    for data in state.trade_log:
        if needle in data:
            yield from (trade for trade in trades_in(data) if wallet in trade.users)


def _transactions(state: VenueState, trade: WireTrade) -> Iterator[Json]:
    """Yield the taker's order, unless a TWAP's, and now and then a cancellation by the maker."""
    taker, maker = trade.users if trade.is_buy else trade.users[::-1]
    asset = asset_id(state, trade.coin)
    order = {
        **{"a": asset, "b": trade.is_buy, "p": trade.px, "s": trade.sz, "r": False},
        "t": {"limit": {"tif": "Ioc"}},
    }
    if trade.hash != ZERO_HASH:
        action = {"type": "order", "orders": [order], "grouping": "na"}
        yield _envelope(action, trade, trade.hash, taker)
    if trade.tid % 100 < 100 * _CANCELS_PER_ORDER:
        action = {"type": "cancel", "cancels": [{"a": asset, "o": trade.tid % 2**40}]}
        tid = np.array([trade.tid], dtype=np.int64)
        yield _envelope(action, trade, hashes(tid, _CANCEL_SALT)[0], maker)


def _envelope(action: Json, trade: WireTrade, tx: str, user: str) -> Json:
    return {
        "action": action,
        "block": height_at(trade.time),
        "error": None,
        "hash": tx,
        "time": trade.time,
        "user": user,
    }


def asset_id(state: VenueState, coin: str) -> int:
    """Return the number by which orders name a coin (protocol, section 5)."""
    if coin.startswith("@"):
        return 10_000 + int(coin[1:])
    if "/" in coin:
        return 10_000
    dex = coin.partition(":")[0] if ":" in coin else ""
    peers = [name for name in state.coins if _dex_of(name) == dex]
    offset = 110_000 + 10_000 * state.dexes.index(dex) if dex else 0
    return offset + peers.index(coin)


def _dex_of(name: str) -> str | None:
    if name.startswith("@") or "/" in name:
        return None
    return name.partition(":")[0] if ":" in name else ""
