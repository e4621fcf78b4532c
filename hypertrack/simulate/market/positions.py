"""Positions of all wallets, carried through their trades by whole columns."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import (
    CoinIds,
    Columns,
    Flags,
    Floats,
    Ids,
    Ints,
    TradeArrays,
)
from hypertrack.simulate.market.start_positions import PositionArrays


@dataclass(frozen=True)
class SideArrays(Columns):
    """One wallet's part in a trade; by wallet, coin and order of time."""

    trade: Ints
    """Row of the trade."""
    wallet: Ids
    coin: CoinIds
    side: Ints
    """1 for the buyer, -1 for the seller."""
    is_taker: Flags
    before: Ints
    """Position before, in the smallest step of the coin's size."""
    after: Ints


class PositionBook:
    """What every wallet holds of every coin it ever held."""

    def __init__(self, start: PositionArrays, size_scale: Floats):
        self._scale = size_scale
        self._keys = np.empty(0, dtype=np.int64)
        self._units = np.empty(0, dtype=np.int64)
        key = self._key(start.wallet, start.coin)
        order = np.argsort(key)
        self._keys, self._units = key[order], start.units[order]

    def add(self, trades: TradeArrays) -> SideArrays:
        """Carry the positions through trades that follow those before, and return both sides."""
        n = len(trades)
        wallet = np.concatenate([trades.buyer, trades.seller])
        coin = np.tile(trades.coin, 2)
        key = self._key(wallet, coin)
        order = np.lexsort((np.tile(np.arange(n), 2), key))
        key, is_buyer = key[order], order < n
        trade = order - np.where(is_buyer, 0, n)
        side = np.where(is_buyer, 1, -1)
        signed = side * np.round(trades.size * self._scale[trades.coin]).astype(np.int64)[trade]
        held, place, first, last = self._places(key)
        total = np.cumsum(signed)
        after = total - (total - signed)[first] + held[place]
        self._units[place[last]] = after[last]
        is_taker = trades.is_buy[trade] == is_buyer
        return SideArrays(trade, wallet[order], coin[order], side, is_taker, after - signed, after)

    def held(self) -> PositionArrays:
        """Return every position that is not nothing; entry prices are not known here."""
        at = np.flatnonzero(self._units)
        wallet, coin = np.divmod(self._keys[at], len(self._scale))
        nowhere = np.full(len(at), np.nan)
        return PositionArrays(
            wallet.astype(np.int32), coin.astype(np.int16), self._units[at], nowhere
        )

    def coins_of(self, held: PositionArrays) -> Floats:
        """Return positions in coins."""
        coins: Floats = held.units / self._scale[held.coin]
        return coins

    def _key(self, wallet: Ids, coin: CoinIds) -> Ints:
        key: Ints = wallet.astype(np.int64) * len(self._scale) + coin
        return key

    def _places(self, key: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return what is held by place, and each sorted key's place, first and last row."""
        distinct, first, count = np.unique(key, return_index=True, return_counts=True)
        new = np.setdiff1d(distinct, self._keys, assume_unique=True)
        if len(new):
            keys = np.concatenate([self._keys, new])
            order = np.argsort(keys, kind="stable")
            self._keys = keys[order]
            self._units = np.concatenate([self._units, np.zeros(len(new), dtype=np.int64)])[order]
        place = np.searchsorted(self._keys, distinct)
        return (
            self._units.copy(),
            np.repeat(place, count),
            np.repeat(first, count),
            first + count - 1,
        )
