"""What wallets ask for: orders as columns, the ones still to come and the ones that rest."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import CoinIds, Columns, Flags, Floats, Ids, Ints, Signs

MIN_ORDER_USD = 10.0
"""The venue's smallest order."""

_SAME_SORT = 0.95
"""Share of exits by the same sort of order as the entry."""


@dataclass(frozen=True)
class MomentArrays(Columns):
    """Moments at which a wallet acts, with what its session has settled."""

    time_ms: Floats
    wallet: Ids
    coin: CoinIds
    side: Signs
    """0 where the moment decides."""
    foreseen: Floats
    """As in `OrderArrays`, where the session has a side."""
    horizon_ms: Floats
    """0 where the moment decides."""
    units: Ints
    """In the session's coin; 0 where the moment decides."""
    is_limit: Flags
    is_twap: Flags


@dataclass(frozen=True)
class OrderArrays(Columns):
    """Orders; a side is +1 to buy, -1 to sell."""

    time_ms: Floats
    wallet: Ids
    coin: CoinIds
    side: Signs
    units: Ints
    """Size in the smallest step of the coin's size."""
    holding_ms: Floats
    """After this time an order of the same size goes the other way; 0 for never."""
    horizon_ms: Floats
    """Time over which its direction was chosen, closed or not."""
    foreseen: Floats
    """What knowing the coming prices adds to the expected side, -2 to 2; 0 for all who do not."""
    is_limit: Flags
    is_twap: Flags
    is_exit: Flags

    def exits(self, rng: np.random.Generator, limit_share: Floats) -> "OrderArrays":
        """Return the orders that close these after their holding time."""
        entries = self.take(self.holding_ms > 0)
        likes_limit = rng.random(len(entries)) < limit_share[entries.wallet]
        is_same = rng.random(len(entries)) < _SAME_SORT
        return entries.with_columns(
            time_ms=entries.time_ms + entries.holding_ms,
            side=-entries.side,
            holding_ms=np.zeros(len(entries)),
            foreseen=np.zeros(len(entries)),
            is_limit=np.where(is_same, entries.is_limit, likes_limit),
            is_exit=np.ones(len(entries), dtype=bool),
        )


class OrderQueue:
    """Orders that are still to come."""

    def __init__(self) -> None:
        self._waiting = [OrderArrays.none()]

    def push(self, orders: OrderArrays) -> None:
        """Add orders in any order of time."""
        self._waiting.append(orders)  # those of a minute are joined once

    def due(self, end_ms: int) -> OrderArrays:
        """Remove and return the orders before ``end_ms``."""
        waiting = OrderArrays.join(self._waiting)
        is_due = waiting.time_ms < end_ms
        self._waiting = [waiting.take(~is_due)]
        return waiting.take(is_due)


class RestingOrders:
    """Limit orders in the book, until they are filled or their patience ends."""

    def __init__(self) -> None:
        self.orders = OrderArrays.none()
        self.price = np.empty(0)
        """At which each rests; nobody gets another."""
        self.follows = np.empty(0, dtype=bool)
        """Goes after a price that leaves it behind."""
        self.until_ms = np.empty(0)
        self.weight = np.empty(0)
        self.filled = np.empty(0, dtype=np.int64)

    def add(
        self,
        orders: OrderArrays,
        price: Floats,
        follows: Flags,
        patience_ms: Floats,
        weight: Floats,
    ) -> None:
        """Put orders into the book; ``weight`` says how often they are hit."""
        self.orders = OrderArrays.join([self.orders, orders])
        self.price = np.concatenate([self.price, price])
        self.follows = np.concatenate([self.follows, follows])
        self.until_ms = np.concatenate([self.until_ms, orders.time_ms + patience_ms])
        self.weight = np.concatenate([self.weight, weight])
        self.filled = np.concatenate([self.filled, np.zeros(len(orders), dtype=np.int64)])

    def remaining(self) -> Ints:
        """Return the units still open of each order."""
        return self.orders.units - self.filled

    def fill(self, row: Ints, units: Ints) -> None:
        """Count fills, several of one order too."""
        np.add.at(self.filled, row, units)

    def settle(self, end_ms: int) -> tuple[OrderArrays, OrderArrays]:
        """Remove what is filled or has run out by ``end_ms``.

        Returns:
            The removed orders' filled parts, and the exits that nobody filled.
        """
        is_over = (self.until_ms < end_ms) | (self.filled >= self.orders.units)
        over = self.orders.take(is_over)
        filled = self.filled[is_over]
        done = over.with_columns(units=filled).take(filled > 0)
        left = over.with_columns(units=over.units - filled).take(
            over.is_exit & (filled < over.units)
        )
        kept = np.flatnonzero(~is_over)
        self.orders = self.orders.take(kept)
        self.price = self.price[kept]
        self.follows = self.follows[kept]
        self.until_ms = self.until_ms[kept]
        self.weight = self.weight[kept]
        self.filled = self.filled[kept]
        return done, left
