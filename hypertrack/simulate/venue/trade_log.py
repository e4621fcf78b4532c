"""Every trade that was published, in columns: what wallets' accounts are made of."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.wire_trades import WireTrade

_HASH_BYTES = 32


class OwnTrade(NamedTuple):
    """A wallet's part in a trade."""

    time_ms: int
    coin: int
    """Index into the source's coins."""
    units: int
    """In the smallest step of the coin's size; negative for sold."""
    price: float
    is_taker: bool
    trade_id: int
    hash: str


class TradeLog:
    """All trades, in the order in which they were published."""

    def __init__(self, coins: Sequence[Coin]):
        self._coins: Mapping[str, int] = {coin.name: at for at, coin in enumerate(coins)}
        self._scales = [10**coin.size_decimals for coin in coins]
        self._wallets: dict[str, int] = {}
        self._times, self._trade_ids, self._units = array("q"), array("q"), array("q")
        self._prices = array("d")
        self._coin_ids, self._is_buy = array("h"), array("b")
        self._buyers, self._sellers = array("i"), array("i")
        self._hashes = bytearray()
        self._odd_hashes: dict[int, str] = {}
        """Those that are not 32 bytes, by row: captures of others may have cut them."""

    def __len__(self) -> int:
        return len(self._times)

    def __contains__(self, wallet: str) -> bool:
        return wallet in self._wallets

    @property
    def wallets(self) -> Sequence[str]:
        """Return every wallet that traded, in the order of its first trade."""
        return tuple(self._wallets)

    def add(self, trades: Sequence[WireTrade]) -> None:
        """Take trades in."""
        wallets = self._wallets
        for trade in trades:
            coin = self._coins[trade.coin]
            buyer, seller = trade.users
            self._times.append(trade.time)
            self._trade_ids.append(trade.tid)
            self._units.append(round(float(trade.sz) * self._scales[coin]))
            self._prices.append(float(trade.px))
            self._coin_ids.append(coin)
            self._is_buy.append(trade.is_buy)
            self._buyers.append(wallets.setdefault(buyer, len(wallets)))
            self._sellers.append(wallets.setdefault(seller, len(wallets)))
            self._add_hash(trade.hash)

    def of_wallet(self, wallet: str, first: int = 0) -> Iterator[OwnTrade]:
        """Yield a wallet's trades from the log's ``first``-th on; both sides of one with itself."""
        number = self._wallets.get(wallet)
        if number is None:
            return
        for row in self._rows(number, first):
            if self._buyers[row] == number:
                yield self._own(row, is_buyer=True)
            if self._sellers[row] == number:
                yield self._own(row, is_buyer=False)

    def _add_hash(self, text: str) -> None:
        try:
            digest = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            digest = b""
        if len(digest) != _HASH_BYTES:
            self._odd_hashes[len(self._hashes) // _HASH_BYTES] = text
            digest = bytes(_HASH_BYTES)
        self._hashes += digest

    def _hash(self, row: int) -> str:
        digest = self._hashes[row * _HASH_BYTES : (row + 1) * _HASH_BYTES]
        return self._odd_hashes.get(row) or f"0x{digest.hex()}"

    def _rows(self, wallet: int, first: int) -> list[int]:
        # views are given up at once: arrays that are looked at cannot grow
        buyers = np.frombuffer(self._buyers, dtype=np.int32)[first:]
        sellers = np.frombuffer(self._sellers, dtype=np.int32)[first:]
        rows: list[int] = (
            np.flatnonzero((buyers == wallet) | (sellers == wallet)) + first
        ).tolist()
        return rows

    def _own(self, row: int, *, is_buyer: bool) -> OwnTrade:
        return OwnTrade(
            self._times[row],
            self._coin_ids[row],
            self._units[row] if is_buyer else -self._units[row],
            self._prices[row],
            is_buyer == bool(self._is_buy[row]),
            self._trade_ids[row],
            self._hash(row),
        )
