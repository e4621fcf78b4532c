"""What coins cost at full hours and what their longs paid: funding, and values looked back at."""

from collections.abc import Sequence

import numpy as np

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.funding import paid_ms, rates_at


class HourlyRates:
    """Prices and funding rates of all coins, an hour a row, without a hole.

    Attributes:
        first_ms: The first hour; 0 where there is none.
    """

    def __init__(self, hours_ms: Ints, prices: Floats):
        self.first_ms = int(hours_ms[0]) if len(hours_ms) else 0
        self._prices: list[Floats] = list(prices)
        self._told: dict[int, tuple[list[float], list[float], list[int]]] = {}

    def add(self, hour_ms: int, prices: Sequence[float]) -> None:
        """Add the hour after the last one."""
        self.first_ms = self.first_ms or hour_ms
        self._prices.append(np.array(prices))

    @property
    def end_ms(self) -> int:
        """Return the hour after the last one; 0 where there is none."""
        return self.first_ms + len(self._prices) * HOUR_MS

    def at(self, hour_ms: int) -> tuple[list[float], list[float], list[int]]:
        """Return prices, rates and times of payment of all coins at a full hour that is known."""
        if hour_ms not in self._told:
            prices = self._prices[(hour_ms - self.first_ms) // HOUR_MS]
            paid = paid_ms(np.array([hour_ms]), np.arange(len(prices)))
            rates = rates_at(hour_ms, len(prices))
            self._told[hour_ms] = (prices.tolist(), rates.tolist(), paid.tolist())
        return self._told[hour_ms]

    def prices(self, coin: int, times_ms: Ints) -> Floats:
        """Return a coin's prices at the last full hours before the times, NaN where unknown."""
        if not self._prices:
            return np.full(len(times_ms), np.nan)
        rows = (times_ms - self.first_ms) // HOUR_MS
        n_hours = len(self._prices)
        known = np.array([self._prices[at][coin] for at in np.clip(rows, 0, n_hours - 1)])
        return np.where((rows >= 0) & (rows < n_hours), known, np.nan)
