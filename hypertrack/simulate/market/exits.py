"""How entries are closed: after their time, or as gains and losses tempt."""

import numpy as np

from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.orders import OrderArrays
from hypertrack.simulate.market.population import MARTINGALE, Population

_LOOKS = (0.25, 0.5, 1.0, 2.0)
"""Parts of the holding time after which a tempted wallet looks at its gain."""
_PATIENCE = 4.0
"""Part of the holding time after which even a loss is closed."""
_ALL_LOOKS = np.array([*_LOOKS, _PATIENCE])[:, None]
_DOUBLINGS = 3


class Exits:
    """Plans exits when entries are made; a look at a gain uses the price of its own time."""

    def __init__(self, people: Population, prices: LatentPrices, rng: np.random.Generator):
        self._people = people
        self._prices = prices
        self._rng = rng

    def of(self, entries: OrderArrays) -> OrderArrays:
        """Return the orders that close entries, and those that double them on the way."""
        habit = self._people.exit_habit[entries.wallet]
        tempted = np.flatnonzero((habit != 0) & (entries.holding_ms > 0))
        if not len(tempted):
            return entries.exits(self._rng, self._people.limit_share)
        held = entries.holding_ms.copy()
        held[tempted] = self._until_won(entries, tempted)
        entries = entries.with_columns(holding_ms=held)
        more = self._doubled(entries, np.flatnonzero(habit == MARTINGALE))
        closing = OrderArrays.join([entries, more])
        return OrderArrays.join([closing.exits(self._rng, self._people.limit_share), more])

    def _until_won(self, entries: OrderArrays, rows: Ints) -> Floats:
        """Return the time to the first look that shows a gain, or until patience ends."""
        time, coin = entries.time_ms[rows], entries.coin[rows]
        after = _ALL_LOOKS * entries.holding_ms[rows]  # [looks, rows]
        change = self._prices.log_price(time + after, coin) - self._prices.log_price(time, coin)
        ends = entries.side[rows] * change > 0
        ends[-1] = True
        held: Floats = after[ends.argmax(axis=0), np.arange(len(rows))]
        return held

    def _doubled(self, entries: OrderArrays, rows: Ints) -> OrderArrays:
        """Return what is bought more of while it loses, twice as much at each look."""
        wait = np.outer(_LOOKS[:_DOUBLINGS], entries.horizon_ms[rows])  # [doublings, rows]
        nth, row = np.nonzero(entries.holding_ms[rows] > wait)
        losing, wait = entries.take(rows[row]), wait[nth, row]
        return losing.with_columns(
            time_ms=losing.time_ms + wait,
            units=losing.units * 2 ** (nth + 1),
            holding_ms=losing.holding_ms - wait,
            foreseen=np.zeros(len(losing)),
            is_limit=np.zeros(len(losing), dtype=bool),
        )
