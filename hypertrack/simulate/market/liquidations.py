"""Which orders are liquidations: of those that close a loss, some are the venue's doing.

The market lets its wallets close what loses. Beyond the loss that their margin would bear at full
leverage, a share of these orders is told as the venue's, and changes nothing else.
"""

import numpy as np

from hypertrack.simulate.market.arrays import Flags, TradeArrays
from hypertrack.simulate.market.holdings import WalletFillArrays
from hypertrack.simulate.market.identifiers import scrambled
from hypertrack.simulate.market.instruments import Coin

_SHARE_PER_MILLE = 300
_LOSS_AT_FULL_LEVERAGE = 0.5
"""Times one over the leverage: half of the margin is the maintenance margin."""


class Liquidations:
    """Tells the liquidations among taker orders."""

    def __init__(self, coins: tuple[Coin, ...]):
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
        before, after = fills.before[2 * first], fills.after[2 * last]
        side = np.sign(before)
        closes = (side == np.where(trades.is_buy, -1, 1)) & (before * after >= 0)
        entry = np.where(before == 0, np.nan, fills.entry_price[2 * first])
        loses = side * (1 - trades.price[first] / entry) > self._most_loss[trades.coin]
        luck = scrambled(trades.order.astype(np.uint64)) % np.uint64(1_000) < _SHARE_PER_MILLE
        may = luck & ~trades.is_zero_hash & ~self._is_spot[trades.coin]
        found: Flags = may & closes & loses
        return found
