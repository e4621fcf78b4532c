"""Which orders are liquidations: those that leave nothing of a position whose margin is gone.

The market lets its wallets close what loses. Beyond the loss that the margin would bear at full
leverage, an order that closes the whole position is told as the venue's, and changes nothing else;
who closes a part of it has more money in the account. They are rare, as on the venue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import (
    CoinIds,
    Columns,
    Flags,
    Floats,
    Ints,
    TradeArrays,
)
from hypertrack.simulate.market.holdings import WalletFillArrays
from hypertrack.simulate.market.instruments import Coin

_LOSS_AT_FULL_LEVERAGE = 0.5
"""Times one over the leverage: half of the margin is the maintenance margin."""


@dataclass(frozen=True)
class TakerOrderArrays(Columns):
    """Taker orders and what they did to their wallets' positions."""

    coin: CoinIds
    is_buy: Flags
    price: Floats
    """Of the first trade."""
    before: Ints
    """Position before the first trade, in the smallest step of the coin's size."""
    after: Ints
    """Position after the last one."""
    entry_price: Floats
    """Paid on average for the position before."""


class Liquidations:
    """Tells the liquidations among taker orders."""

    def __init__(self, coins: Sequence[Coin]):
        self._is_spot = np.array([coin.kind == "spot" for coin in coins])
        self._most_loss = _LOSS_AT_FULL_LEVERAGE / np.array([coin.max_leverage for coin in coins])

    def among(self, trades: TradeArrays, fills: WalletFillArrays) -> Flags:
        """Return for each trade whether its taker's position is liquidated by the order.

        Args:
            trades: Those of one order stand together, orders by number.
            fills: Both sides of each trade, the taker's first.
        """
        first = np.searchsorted(trades.order, trades.order)
        last = np.searchsorted(trades.order, trades.order, side="right") - 1
        orders = TakerOrderArrays(
            coin=trades.coin,
            is_buy=trades.is_buy,
            price=trades.price[first],
            before=fills.before[2 * first],
            after=fills.after[2 * last],
            entry_price=fills.entry_price[2 * first],
        )
        return self.are(orders) & ~trades.is_zero_hash

    def are(self, orders: TakerOrderArrays) -> Flags:
        """Return whether orders with a hash are liquidations."""
        before = orders.before
        side = np.sign(before)
        closes = (side == np.where(orders.is_buy, -1, 1)) & (orders.after == 0)
        entry = np.where(before == 0, np.nan, orders.entry_price)
        loses = side * (1 - orders.price / entry) > self._most_loss[orders.coin]
        found: Flags = ~self._is_spot[orders.coin] & closes & loses
        return found
