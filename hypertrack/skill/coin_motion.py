"""How the price of a coin moved: its drift, and the volatility that was expected of it."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from hypertrack.market.arrays import Floats, Ints
from hypertrack.market.price_path import PricePath
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

HALF_LIFE_MIN = 60.0
"""Of the weight of a minute's return in what is held for the volatility after it."""

FLOOR_OF_MEDIAN = 0.25
"""A quiet hour must not make one bet count as much as hundreds."""


@dataclass(frozen=True)
class CoinMotion:
    """How a coin moved in a window.

    Attributes:
        drift_per_s: Mean return a second.
        first_minute_ms: Where ``variance`` begins.
        variance: Of a one-minute return in bps², as expected at the beginning of each minute from
            the returns before it, ``[minutes]``.
    """

    drift_per_s: float
    first_minute_ms: int
    variance: Floats

    def variance_at(self, time_ms: Ints) -> Floats:
        """Return the variance of a one-minute return as it was expected at some times, bps²."""
        if not len(self.variance):
            return np.full(len(time_ms), np.nan)
        minute = (time_ms - self.first_minute_ms) // MINUTE_MS
        return self.variance[np.clip(minute, 0, len(self.variance) - 1)]


def motion_of(path: PricePath, window: Window) -> CoinMotion:
    """Return a coin's drift and volatility from its whole minutes in a window.

    Nothing outside of the window is looked at: the drift of a whole recording would tell of what
    came after a cut.
    """
    if path.first_trade_ms is None:
        return CoinMotion(0.0, 0, np.zeros(0))
    begin_ms = max(window.start_ms, path.first_trade_ms)
    first = -(-begin_ms // MINUTE_MS) * MINUTE_MS
    minutes = np.arange(first, window.end_ms, MINUTE_MS, dtype=np.int64)
    price = path.at(minutes)
    returns = price[1:] / price[:-1] - 1
    if not len(returns):
        return CoinMotion(0.0, int(first), np.zeros(0))
    drift = float(returns.mean()) / (MINUTE_MS / 1000)
    return CoinMotion(drift, int(first), expected_variance(returns * 1e4))


def expected_variance(returns_bps: Floats) -> Floats:
    """Return what the returns before each minute say of its variance, bps², ``[minutes + 1]``.

    An exponentially weighted mean of squares; its root is at least a quarter of the median one.
    The first minute, before which nothing was seen, gets the median.
    """
    keep = 0.5 ** (1 / HALF_LIFE_MIN)
    total = lfilter([1 - keep], [1, -keep], returns_bps**2)
    weight = 1 - keep ** np.arange(1, len(returns_bps) + 1)
    seen = total / weight
    usual = float(np.median(seen))
    floor = FLOOR_OF_MEDIAN**2 * usual or float(seen.mean()) or np.nan
    found: Floats = np.maximum(np.append(usual, seen), floor)
    return found
