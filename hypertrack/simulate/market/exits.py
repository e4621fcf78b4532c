"""How entries are closed: after their time, or as gains and losses tempt."""

from dataclasses import replace

import numpy as np

from hypertrack.simulate.market.arrays import Floats
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.orders import OrderArrays
from hypertrack.simulate.market.population import DISPOSITION, MARTINGALE, Population

_LOOKS = (0.25, 0.5, 1.0, 2.0)
"""Parts of the holding time after which a tempted wallet looks at its gain."""
_PATIENCE = 4.0
"""Part of the holding time after which even a loss is closed."""
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
        plain = entries.take(habit == 0)
        cutting = self._until_won(entries.take(habit == DISPOSITION))
        doubling = self._until_won(entries.take(habit == MARTINGALE))
        more = self._doubled(doubling)
        closing = OrderArrays.join([plain, cutting, doubling, more])
        return OrderArrays.join(
            [closing.exits(self._rng, self._people.limit_share), self._as_takers(more)]
        )

    def _until_won(self, entries: OrderArrays) -> OrderArrays:
        """Return entries held until the first look that shows a gain, or until patience ends."""
        held = entries.holding_ms * _PATIENCE
        for part in reversed(_LOOKS):
            has_won = self._gain(entries, entries.holding_ms * part) > 0
            held = np.where(has_won, entries.holding_ms * part, held)
        return replace(entries, holding_ms=held)

    def _doubled(self, entries: OrderArrays) -> OrderArrays:
        """Return what is bought more of while it loses, twice as much at each look."""
        more = [OrderArrays.none()]
        planned = entries.horizon_ms
        for nth, part in enumerate(_LOOKS[:_DOUBLINGS], start=1):
            loses = entries.holding_ms > planned * part
            losing = entries.take(loses)
            wait = planned[loses] * part
            more.append(
                replace(
                    losing,
                    time_ms=losing.time_ms + wait,
                    units=losing.units * 2**nth,
                    holding_ms=losing.holding_ms - wait,
                    foreseen=np.zeros(len(losing)),
                )
            )
        return OrderArrays.join(more)

    def _as_takers(self, orders: OrderArrays) -> OrderArrays:
        return replace(orders, is_limit=np.zeros(len(orders), dtype=bool))

    def _gain(self, entries: OrderArrays, after_ms: Floats) -> Floats:
        now = self._prices.log_price(entries.time_ms, entries.coin)
        later = self._prices.log_price(entries.time_ms + after_ms, entries.coin)
        gain: Floats = entries.side * (later - now)
        return gain
