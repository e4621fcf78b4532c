"""How often wallets act, steered so that trades come at the rate asked for."""

from dataclasses import replace

import numpy as np

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.calendar import day_rhythm
from hypertrack.simulate.market.population import Population

_MEMORY_MS = 5 * 60_000.0
_GAIN = 0.06
"""Part of a deviation that is corrected each minute; sessions last longer than that."""
_TRADES_PER_MOMENT = 1.7
"""About what one moment of a session leads to, its exit and its sweep included."""


def at_own_pace(people: Population, trades_per_second: float) -> Population:
    """Return the wallets, those of a steady pace with the sessions that the factor leaves it."""
    factor = _factor_for(trades_per_second / _TRADES_PER_MOMENT, people)
    steady = people.steady_per_day
    sessions = np.where(steady > 0, steady / factor, people.sessions_per_day)
    return replace(people, sessions_per_day=sessions)


class Tempo:
    """A factor on how often sessions begin."""

    def __init__(
        self, population: Population, trades_per_second: float, start_ms: int, end_ms: int
    ):
        hours = np.linspace(start_ms, end_ms, 97)
        self._rate_per_ms = trades_per_second / 1000 / day_rhythm(hours).mean()
        self.factor = _factor_for(trades_per_second / _TRADES_PER_MOMENT, population)
        self._ratio = 1.0

    def learn(self, n_trades: int, start_ms: int, end_ms: int) -> None:
        """Correct the factor after a stretch with so many trades."""
        length = end_ms - start_ms
        ratio = n_trades / (self._rate_per_ms * day_rhythm(start_ms) * length)
        keep = np.exp(-length / _MEMORY_MS)
        self._ratio = float(keep * self._ratio + (1 - keep) * ratio)
        step = np.clip(self._ratio, 0.2, 5.0) ** (-_GAIN * length / 60_000)
        self.factor = float(np.clip(self.factor * step, 1e-6, 1e6))


def _factor_for(moments_per_second: float, people: Population) -> float:
    """Return the factor at which wallets are expected to have so many moments, by bisection."""
    load = people.sessions_per_day * people.session_ms / DAY_MS
    low, high = -12.0, 12.0
    for _ in range(40):
        middle = (low + high) / 2
        busy = np.exp(middle) * load
        busy = np.where(people.is_bot, busy / (1 + busy), busy)  # a program runs one session
        if (busy * 1000 / people.gap_ms).sum() < moments_per_second:
            low = middle
        else:
            high = middle
    return float(np.exp(low))
