"""Every trade that was published, in columns: what wallets' accounts are made of."""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from hypertrack.records import ZERO_HASH
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.wire_trades import WireTrade

DUST_ID = 0
"""Of all conversions of dust; they have no hash either (protocol, section 3)."""
_HASH_BYTES = 32
_HASH = re.compile("0x[0-9a-f]{64}")
_MOST_WAITING = 4_096


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

    @property
    def is_dust(self) -> bool:
        """Return whether the venue converted what was too little to be sold."""
        return self.trade_id == DUST_ID


class TradeLog:
    """All trades, in the order in which they were published.

    They wait in a short list and go into the columns many at once, which takes half as long.
    """

    def __init__(self, coins: Sequence[Coin]):
        self._coins: Mapping[str, int] = {coin.name: at for at, coin in enumerate(coins)}
        self._scales = np.array([10.0**coin.size_decimals for coin in coins])
        self._wallets: dict[str, int] = {}
        self._waiting: list[WireTrade] = []
        self._times, self._trade_ids, self._units = array("q"), array("q"), array("q")
        self._prices = array("d")
        self._coin_ids, self._is_buy = array("h"), array("b")
        self._buyers, self._sellers = array("i"), array("i")
        self._hashes = bytearray()
        self._odd_hashes: dict[int, str] = {}
        """Those that are not 32 bytes, by row: captures of others may have cut them."""

    def __len__(self) -> int:
        return len(self._times) + len(self._waiting)

    def __contains__(self, wallet: str) -> bool:
        self._settle()
        return wallet in self._wallets

    @property
    def wallets(self) -> Sequence[str]:
        """Return every wallet that traded, in the order of its first trade."""
        self._settle()
        return tuple(self._wallets)

    def add(self, trades: Sequence[WireTrade]) -> None:
        """Take trades in."""
        self._waiting += trades
        if len(self._waiting) >= _MOST_WAITING:
            self._settle()

    def of_wallet(self, wallet: str, first: int = 0) -> Iterator[OwnTrade]:
        """Yield a wallet's trades from the log's ``first``-th on; both sides of one with itself."""
        self._settle()
        number = self._wallets.get(wallet)
        if number is None:
            return
        for row in self._rows(number, first):
            if self._buyers[row] == number:
                yield self._own(row, is_buyer=True)
            if self._sellers[row] == number:
                yield self._own(row, is_buyer=False)

    def _settle(self) -> None:
        """Put what waits into the columns."""
        trades, self._waiting = self._waiting, []
        if not trades:
            return
        coins = [self._coins[trade.coin] for trade in trades]
        sizes = np.array([float(trade.sz) for trade in trades]) * self._scales[coins]
        self._units.extend(np.round(sizes).astype(np.int64).tolist())
        self._coin_ids.extend(coins)
        self._times.extend([trade.time for trade in trades])
        self._trade_ids.extend([trade.tid for trade in trades])
        self._prices.extend([float(trade.px) for trade in trades])
        self._is_buy.extend([trade.side == "B" for trade in trades])
        users = [trade.users for trade in trades]
        for pair in users:
            for wallet in pair:
                if wallet not in self._wallets:
                    self._wallets[wallet] = len(self._wallets)
        self._buyers.extend([self._wallets[buyer] for buyer, _ in users])
        self._sellers.extend([self._wallets[seller] for _, seller in users])
        self._add_hashes([trade.hash for trade in trades])

    def _add_hashes(self, texts: Sequence[str]) -> None:
        if not all(map(_HASH.fullmatch, texts)):
            first = len(self._hashes) // _HASH_BYTES
            odd = {n: text for n, text in enumerate(texts) if not _HASH.fullmatch(text)}
            self._odd_hashes |= {first + n: text for n, text in odd.items()}
            texts = [ZERO_HASH if n in odd else text for n, text in enumerate(texts)]
        self._hashes += bytes.fromhex("".join([text[2:] for text in texts]))

    def _hash(self, row: int) -> str:
        digest = self._hashes[row * _HASH_BYTES : (row + 1) * _HASH_BYTES]
        return self._odd_hashes.get(row) or f"0x{digest.hex()}"

    def _rows(self, wallet: int, first: int) -> list[int]:
        # views are given up at once: arrays that are looked at cannot grow
        buyers = np.frombuffer(self._buyers, dtype=np.int32)[first:]
        sellers = np.frombuffer(self._sellers, dtype=np.int32)[first:]
        found = np.flatnonzero((buyers == wallet) | (sellers == wallet)) + first
        rows: list[int] = found.tolist()
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
