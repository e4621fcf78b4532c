"""How often wallets act, steered so that trades come at the rate asked for."""

import numpy as np

from hypertrack.simulate.population import Population
from hypertrack.simulate.rhythm import day_rhythm

_MEMORY_MS = 5 * 60_000.0
_GAIN = 0.06
"""Part of a deviation that is corrected each minute; sessions last longer than that."""
_TRADES_PER_MOMENT = 2.2
"""About what one moment of a session leads to, its exit and its sweep included."""


class Tempo:
    """A factor on how often sessions begin."""

    def __init__(
        self, population: Population, trades_per_second: float, start_ms: int, end_ms: int
    ):
        hours = np.linspace(start_ms, end_ms, 97)
        self._rate_per_ms = trades_per_second / 1000 / day_rhythm(hours).mean()
        moments = population.session_ms / population.gap_ms + 1
        expected = (population.sessions_per_day * moments).sum() / 86_400 * _TRADES_PER_MOMENT
        self.factor = trades_per_second / expected
        self._ratio = 1.0

    def learn(self, n_trades: int, start_ms: int, end_ms: int) -> None:
        """Correct the factor after a stretch with so many trades."""
        length = end_ms - start_ms
        ratio = n_trades / (self._rate_per_ms * day_rhythm(start_ms) * length)
        keep = np.exp(-length / _MEMORY_MS)
        self._ratio = float(keep * self._ratio + (1 - keep) * ratio)
        step = np.clip(self._ratio, 0.2, 5.0) ** (-_GAIN * length / 60_000)
        self.factor = float(np.clip(self.factor * step, 1e-6, 1e6))
