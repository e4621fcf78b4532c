"""A wallet's taker orders, to tell which of them are the venue's doing."""

from collections.abc import Sequence

import numpy as np

from hypertrack.records import ZERO_HASH
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.liquidations import Liquidations, TakerOrderArrays
from hypertrack.simulate.venue.trade_log import OwnTrade


class OwnOrders:
    """Puts the parts of taker orders together as they come.

    Attributes:
        liquidations: Price at which the venue closed a position, by the ids of the trades.
    """

    def __init__(self, coins: Sequence[Coin]):
        self.liquidations: dict[int, float] = {}
        self._judge = Liquidations(coins)
        self._orders: dict[tuple[str, int], _Order] = {}

    def add(self, trade: OwnTrade, before: int, entry_price: float) -> None:
        """Add a trade, with the position before and what was paid for it on average."""
        if trade.is_taker and trade.hash != ZERO_HASH:
            order = self._orders.setdefault(
                (trade.hash, trade.coin), _Order(trade, before, entry_price)
            )
            order.trades.append(trade)

    def settle(self) -> None:
        """Judge the orders so far; they are whole, as a block's trades come together."""
        orders, self._orders = [*self._orders.values()], {}
        if not orders:
            return
        firsts = [order.first for order in orders]
        flags = self._judge.are(
            TakerOrderArrays(
                coin=np.array([trade.coin for trade in firsts], dtype=np.int16),
                is_buy=np.array([trade.units > 0 for trade in firsts]),
                price=np.array([trade.price for trade in firsts]),
                before=np.array([order.before for order in orders]),
                after=np.array([order.after for order in orders]),
                entry_price=np.array([order.entry_price for order in orders]),
            )
        )
        for at in np.flatnonzero(flags).tolist():
            for trade in orders[at].trades:
                self.liquidations[trade.trade_id] = firsts[at].price

    def forget(self) -> None:
        """Drop the orders so far: of the time before the market nothing is known."""
        self._orders.clear()


class _Order:
    """The parts of an order, and what the wallet had before."""

    def __init__(self, first: OwnTrade, before: int, entry_price: float):
        self.first = first
        self.before = before
        self.entry_price = entry_price
        self.trades: list[OwnTrade] = []

    @property
    def after(self) -> int:
        """Return the position after it."""
        return self.before + sum(trade.units for trade in self.trades)
