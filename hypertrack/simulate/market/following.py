"""Orders that others' orders lead to: of an owner's other wallets, and of copiers."""

import numpy as np

from hypertrack.simulate.market.arrays import Ids, Ints
from hypertrack.simulate.market.orders import OrderArrays
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.strategies import Strategies

_TOGETHER_MS = 60.0
"""An owner's wallets act within a block or two."""
_JOINS = 0.95
_LAG_SPREAD = 0.15
"""Of the log of a copier's lags."""


class Followers:
    """Who acts when another one does."""

    def __init__(self, people: Population, strategies: Strategies, rng: np.random.Generator):
        self._people = people
        self._strategies = strategies
        self._rng = rng
        moved = np.flatnonzero(people.owner != np.arange(len(people)))
        self._groups = _Links(people.owner[moved], moved, len(people))
        copiers = np.flatnonzero(people.follows >= 0)
        self._copiers = _Links(people.follows[copiers], copiers, len(people))

    def together(self, entries: OrderArrays) -> OrderArrays:
        """Return entries with those of their owners' other wallets, equal in all but the moment."""
        row, wallet = self._groups.of(entries.wallet)
        joins = self._rng.random(len(row)) < _JOINS
        others = entries.take(row[joins])
        later = _TOGETHER_MS * self._rng.random(len(others))
        others = others.with_columns(
            wallet=wallet[joins].astype(np.int32), time_ms=others.time_ms + later
        )
        return OrderArrays.join([entries, others])

    def copies(self, entries: OrderArrays) -> OrderArrays:
        """Return what copiers make of taker entries, in their own size."""
        row, copier = self._copiers.of(entries.wallet)
        seen = np.flatnonzero(~entries.is_limit[row])
        if not len(seen):
            return OrderArrays.none()
        led, wallet = entries.take(row[seen]), copier[seen].astype(np.int32)
        spread = np.exp(_LAG_SPREAD * self._rng.standard_normal(len(led)))
        time = led.time_ms + self._people.lag_ms[wallet] * spread
        units = self._strategies.units(led.time_ms, wallet, led.coin)
        no_twap = np.zeros(len(led), dtype=bool)
        return led.with_columns(wallet=wallet, time_ms=time, units=units, is_twap=no_twap)


class _Links:
    """Pairs of a leader and one who follows."""

    def __init__(self, leader: Ints, follower: Ints, n_wallets: int):
        order = np.argsort(leader, kind="stable")
        self._follower = follower[order]
        self._count = np.bincount(leader, minlength=n_wallets)
        self._start = np.cumsum(self._count) - self._count

    def of(self, wallet: Ids) -> tuple[Ints, Ints]:
        """Return a row of ``wallet`` for each of its followers, and the follower."""
        count = self._count[wallet]
        row = np.repeat(np.arange(len(wallet)), count)
        nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        return row, self._follower[self._start[wallet[row]] + nth]
