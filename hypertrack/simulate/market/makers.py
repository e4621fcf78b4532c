"""The market makers: who quotes both sides of a coin, and how much."""

import numpy as np

from hypertrack.records import MINUTE_MS
from hypertrack.simulate.market.arrays import (
    CoinIds,
    Floats,
    Ids,
    Ints,
    clipped,
    stable_order,
)
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.orders import OrderArrays
from hypertrack.simulate.market.population import Population

_TYPICAL_LIMIT_USD = 30_000.0
"""Position on one coin from which a market maker gets rid of it."""

_SHARED = 1.5
"""Of their limits together, what the makers of a coin hold at most in one direction."""

_LASTING = 0.5
"""Of their limits together, what the makers of a coin keep in one direction.

Below 1, so that some come to have room: where all stay above their limits, each minute's hedges go
from one to the next, and after a hundred hours one coin had all trades of the market."""

_GOES = 0.01
"""Part of what is beyond that which other markets take in a minute."""

_HEDGED = 0.25
"""Part of that limit that one order gets rid of."""

_MIN_MAKERS = 3
"""Market makers on every coin, as far as there are as many."""


class Pool:
    """Weighted candidates in groups, to be drawn from."""

    def __init__(self, group: Ints, weight: Floats, n_groups: int):
        self._order = stable_order(group, n_groups)
        self._ends = np.concatenate([[0.0], np.cumsum(weight[self._order])])
        bounds = np.searchsorted(group[self._order], np.arange(n_groups + 1))
        self._low = self._ends[bounds[:-1]]
        self.total: Floats = self._ends[bounds[1:]] - self._low
        """Weight of each group."""

    def draw(self, group: Ints, uniform: Floats) -> Ints:
        """Return the candidate that each uniform number falls on; groups must have weight."""
        at = self._low[group] + uniform * self.total[group]
        place = np.searchsorted(self._ends, at, side="right") - 1
        drawn: Ints = self._order[clipped(place, 0, len(self._order) - 1)]
        return drawn


class MarketMakers:
    """The wallets that quote both sides all day, each on several coins."""

    def __init__(
        self,
        population: Population,
        coins: CoinColumns,
        rng: np.random.Generator,
        trades_per_second: float,
    ):
        self._rng = rng
        self._n_coins = coins.count
        self.wallet, self.coin = _quoters(population, coins, rng)
        _, rank = np.unique(rng.permutation(len(population))[self.wallet], return_inverse=True)
        self._weight = np.exp(0.5 * rng.standard_normal(len(self.wallet))) / (1.0 + rank) ** 0.15
        total = np.bincount(self.coin, self._weight, coins.count)
        self._weight /= total[self.coin]
        self._inventory_usd = np.zeros(len(self.wallet))
        limits = _TYPICAL_LIMIT_USD * np.exp(0.8 * rng.standard_normal(len(population)))
        self._limit_usd = limits[self.wallet]
        self._size_scale = coins.size_scale[self.coin]
        self.presence = 0.005 * coins.trade_share * trades_per_second + 0.0005
        """Weight of all market makers on a coin and side, beside that of limit orders."""

    def pools(self) -> tuple[Pool, Pool]:
        """Return who offers and who bids now; group is the coin."""
        mood = self._weight * np.exp(0.9 * self._rng.standard_normal(len(self._weight)))
        lean = clipped(self._inventory_usd / self._limit_usd, -1, 1)
        asks = Pool(self.coin.astype(np.int64), mood * np.exp(lean), self._n_coins)
        bids = Pool(self.coin.astype(np.int64), mood * np.exp(-lean), self._n_coins)
        return asks, bids

    def bought(self, row: Ints, usd: Floats) -> None:
        """Add to inventories; negative where the maker sold."""
        np.add.at(self._inventory_usd, row, usd)

    def hedges(self, start_ms: int, price: Floats) -> OrderArrays:
        """Return taker orders of the next minute that flatten what has become too much.

        Args:
            start_ms: Start of that minute.
            price: Of each coin.
        """
        self._hedge_elsewhere()
        row = np.flatnonzero(np.abs(self._inventory_usd) > self._limit_usd)
        most = _HEDGED * self._limit_usd[row]
        held = clipped(self._inventory_usd[row], -most, most)
        self._inventory_usd[row] -= held
        units = np.abs(held) / price[self.coin[row]] * self._size_scale[row]
        never = np.zeros(len(row), dtype=bool)
        return OrderArrays(
            time_ms=start_ms + self._rng.random(len(row)) * MINUTE_MS,
            wallet=self.wallet[row],
            coin=self.coin[row],
            side=-np.sign(held).astype(np.int8),
            units=np.maximum(units, 1).astype(np.int64),
            holding_ms=np.zeros(len(row)),
            horizon_ms=np.zeros(len(row)),
            foreseen=np.zeros(len(row)),
            is_limit=never,
            is_twap=never,
            is_exit=never,
        )

    def _hedge_elsewhere(self) -> None:
        """Take off what all makers of a coin together hold beyond what they can share, and keep.

        Other markets take it. Among themselves they would only pass it on, each time at a worse
        price: in a week a spot pair that was sold a little more than bought lost two thirds.
        """
        held = np.abs(np.bincount(self.coin, self._inventory_usd, self._n_coins))
        limit = np.bincount(self.coin, self._limit_usd, self._n_coins)
        kept = np.minimum(held, _SHARED * limit)
        kept -= _GOES * np.maximum(kept - _LASTING * limit, 0)
        left = np.divide(kept, held, out=np.ones_like(held), where=held > 0)
        self._inventory_usd *= left[self.coin]


def _quoters(
    population: Population, coins: CoinColumns, rng: np.random.Generator
) -> tuple[Ids, CoinIds]:
    """Return pairs of maker and coin: their home coins, and enough makers for every coin."""
    names = [kind.name for kind in KINDS]
    makers = np.flatnonzero(population.kind == names.index("market_maker"))
    count = population.home_count[makers]
    wallet = np.repeat(makers, count)
    begin = np.repeat(population.home_start[makers] - np.cumsum(count) + count, count)
    coin = population.home[begin + np.arange(len(wallet))]
    extra = min(_MIN_MAKERS, len(makers))
    more = np.concatenate([rng.permutation(makers)[:extra] for _ in range(coins.count)])
    every = np.repeat(np.arange(coins.count), extra)
    pairs = np.unique(
        np.stack([np.concatenate([wallet, more]), np.concatenate([coin, every])], axis=1), axis=0
    )
    return pairs[:, 0].astype(np.int32), pairs[:, 1].astype(np.int16)
