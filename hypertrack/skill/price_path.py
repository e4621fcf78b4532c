"""The prices of one coin over time, looked up at any times at once."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.market.prices import REFERENCE_MAX_AGE_MS
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

HALF_LIFE_MIN = 60.0
"""Of the weight of a minute's return in what is held for the volatility after it."""

FLOOR_OF_MEDIAN = 0.25
"""A quiet hour must not make one bet count as much as hundreds."""


@dataclass(frozen=True)
class PricePath:
    """Trades and quotes of a coin, each in the order of time, at most one a time.

    ``mid_price`` and ``half_spread_bps`` are NaN where a side of the book was empty.
    """

    trade_ms: Ints
    trade_price: Floats
    quote_ms: Ints
    mid_price: Floats
    half_spread_bps: Floats

    def at(self, time_ms: Ints, *, is_strict: bool = False) -> Floats:
        """Return the reference price at some times, NaN before the first.

        The mid of the last quote where that is fresh, else the last trade's price: the same as
        `market.prices.prices_at`, to which a test holds it.

        Args:
            time_ms: ``[times]``.
            is_strict: Whether only what came strictly before counts.
        """
        if np.any(time_ms[1:] < time_ms[:-1]):  # looked up along memory it takes half as long
            order = np.argsort(time_ms)
            found = np.empty(len(time_ms))
            found[order] = self.at(time_ms[order], is_strict=is_strict)
            return found
        seen_ms = time_ms - int(is_strict)
        quoted = _last_places(self.quote_ms, seen_ms)
        price = _values_at(self.mid_price, quoted)
        rest = np.flatnonzero(~self._are_fresh(quoted, time_ms) | np.isnan(price))
        price[rest] = _values_at(self.trade_price, _last_places(self.trade_ms, seen_ms[rest]))
        return price

    def half_spread_at(self, time_ms: Ints) -> Floats:
        """Return half the recorded spread in bps, NaN where no fresh quote tells."""
        quoted = _last_places(self.quote_ms, time_ms)
        spread = _values_at(self.half_spread_bps, quoted)
        return np.where(self._are_fresh(quoted, time_ms), spread, np.nan)

    def _are_fresh(self, quoted: Ints, time_ms: Ints) -> Flags:
        """Return which quotes, by their places, still tell something at some times."""
        if not len(self.quote_ms):
            return np.zeros(len(time_ms), dtype=np.bool_)
        is_fresh: Flags = self.quote_ms[quoted] >= time_ms - REFERENCE_MAX_AGE_MS
        return is_fresh & (quoted >= 0)


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
    if not len(path.trade_ms):
        return CoinMotion(0.0, 0, np.zeros(0))
    begin_ms = max(window.start_ms, int(path.trade_ms[0]))
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


def _last_places(points_ms: Ints, seen_ms: Ints) -> Ints:
    """Return the place of the last point at or before each time, -1 before the first."""
    return np.searchsorted(points_ms, seen_ms, side="right") - 1


def _values_at(values: Floats, places: Ints) -> Floats:
    """Return values by their places, NaN where there is none."""
    if not len(values):
        return np.full(len(places), np.nan)
    return np.where(places >= 0, values[places], np.nan)
