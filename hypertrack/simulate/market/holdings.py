"""What wallets hold and paid for it, trade by trade, as the venue's own books have it."""

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

_NOTHING = (0, 0.0)


@dataclass(frozen=True)
class WalletFillArrays(Columns):
    """One wallet's part in a trade; of each trade the taker's, then the maker's."""

    trade: Ints
    """Row of the trade."""
    wallet: Ids
    coin: CoinIds
    is_buy: Flags
    is_taker: Flags
    before: Ints
    """Position before, in the smallest step of the coin's size."""
    after: Ints
    entry_price: Floats
    """Paid on average for the position before; 0 where there was none."""
    closed_usd: Floats
    """Profit of what was closed, before fees."""


class Holdings:
    """Positions with their entry prices, carried through the trades in order.

    An average of what was paid depends on each fill before it, so that this is a loop.
    """

    def __init__(self, start: PositionArrays, size_scale: Floats):
        self._scale = size_scale
        keys = self._key(start.wallet, start.coin).tolist()
        held = zip(start.units.tolist(), start.entry_price.tolist(), strict=True)
        self._held: dict[int, tuple[int, float]] = dict(zip(keys, held, strict=True))

    def add(self, trades: TradeArrays) -> WalletFillArrays:
        """Carry the positions through trades that follow those before, and return both sides."""
        n = len(trades)
        taker = np.where(trades.is_buy, trades.buyer, trades.seller)
        maker = np.where(trades.is_buy, trades.seller, trades.buyer)
        wallet = np.stack([taker, maker], axis=1).ravel()
        is_buy = np.stack([trades.is_buy, ~trades.is_buy], axis=1).ravel()
        trade = np.repeat(np.arange(n), 2)
        coin, price = trades.coin[trade], trades.price[trade]
        size = np.round(trades.size * self._scale[trades.coin]).astype(np.int64)[trade]
        signed = np.where(is_buy, size, -size)
        before, entry, closed = self._carry(self._key(wallet, coin), signed, price)
        return WalletFillArrays(
            trade=trade,
            wallet=wallet.astype(np.int32),
            coin=coin,
            is_buy=is_buy,
            is_taker=np.tile([True, False], n),
            before=before,
            after=before + signed,
            entry_price=entry,
            closed_usd=closed / self._scale[coin],
        )

    def of_coin(self, coin: int) -> PositionArrays:
        """Return every position in a coin, by wallet."""
        n_coins = len(self._scale)
        held = sorted(
            (key // n_coins, units, entry)
            for key, (units, entry) in self._held.items()
            if units and key % n_coins == coin
        )
        return PositionArrays(
            np.array([wallet for wallet, _, _ in held], dtype=np.int32),
            np.full(len(held), coin, dtype=np.int16),
            np.array([units for _, units, _ in held], dtype=np.int64),
            np.array([entry for _, _, entry in held], dtype=np.float64),
        )

    def _carry(self, key: Ints, signed: Ints, price: Floats) -> tuple[Ints, Floats, Floats]:
        """Return units before, their entry price, and the profit in units times USD per coin."""
        held, rows = self._held, []
        steps = zip(key.tolist(), signed.tolist(), price.tolist(), strict=True)
        for place, units, paid in steps:
            before, entry = held.get(place, _NOTHING)
            after, closed = before + units, 0.0
            rest = entry
            if before * units >= 0:
                rest = (entry * before + paid * units) / after
            else:
                sold = min(abs(units), abs(before))
                closed = sold * (paid - entry) * (1 if before > 0 else -1)
                if after * before < 0:
                    rest = paid
            held[place] = (after, rest) if after else _NOTHING
            rows.append((before, entry, closed))
        before_units, entries, profit = zip(*rows, strict=True) if rows else ((), (), ())
        return (
            np.array(before_units, dtype=np.int64),
            np.array(entries, dtype=np.float64),
            np.array(profit, dtype=np.float64),
        )

    def _key(self, wallet: Ids, coin: CoinIds) -> Ints:
        key: Ints = wallet.astype(np.int64) * len(self._scale) + coin
        return key
