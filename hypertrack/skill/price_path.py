"""The prices of one coin over time, looked up at any times at once."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from hypertrack.market.arrays import Flags, Floats, Ints, in_order
from hypertrack.market.prices import REFERENCE_MAX_AGE_MS
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

HALF_LIFE_MIN = 60.0
"""Of the weight of a minute's return in what is held for the volatility after it."""

NEVER_MS = 2**62

FLOOR_OF_MEDIAN = 0.25
"""A quiet hour must not make one bet count as much as hundreds."""


@dataclass(frozen=True)
class PricePath:
    """The reference price of a coin in steps, each of which holds until the next one begins.

    The mid of the last quote where that is fresh, else the last trade's price: the same as
    `market.prices.prices_at`, to which a test holds it.

    Attributes:
        begins: When each step does, in half milliseconds: what was quoted or traded then is seen
            from a whole one on, and a quote is stale from half a one before. So whoever asks for
            what came strictly before a time asks half a millisecond earlier.
        price: Of each step after one without any, ``[steps + 1]``.
        half_spread_bps: Likewise; NaN where no fresh quote tells.
        first_trade_ms: None without a trade.
    """

    begins: Ints
    price: Floats
    half_spread_bps: Floats
    first_trade_ms: int | None

    @classmethod
    def of(
        cls,
        trade_ms: Ints,
        trade_price: Floats,
        quote_ms: Ints,
        mid_price: Floats,
        half_spread_bps: Floats,
    ) -> "PricePath":
        """Return the path of trades and quotes, each in the order of time, at most one a time.

        Args:
            mid_price: NaN where a side of the book was empty; so is ``half_spread_bps``.
        """
        stale_ms = quote_ms + REFERENCE_MAX_AGE_MS + 1
        is_last = np.append(quote_ms[1:], NEVER_MS)[: len(quote_ms)] >= stale_ms
        begins = np.concatenate([2 * trade_ms, 2 * quote_ms, 2 * stale_ms[is_last] - 1])
        begins.sort()  # one that stands there twice tells the same twice, which is no new step
        quoted = _last_places(quote_ms, begins >> 1)
        if len(quote_ms):
            quoted[(begins + 1 >> 1) >= stale_ms[quoted]] = -1
        spread, price = _values_at(half_spread_bps, quoted), _values_at(mid_price, quoted)
        traded = np.isnan(price)
        price[traded] = _values_at(trade_price, _last_places(trade_ms, begins[traded] >> 1))
        is_new = _are_new(price) | _are_new(spread)
        return cls(
            begins=begins[is_new],
            price=np.append(np.nan, price[is_new]),
            half_spread_bps=np.append(np.nan, spread[is_new]),
            first_trade_ms=int(trade_ms[0]) if len(trade_ms) else None,
        )

    def at(self, time_ms: Ints, *, is_strict: bool = False) -> Floats:
        """Return the reference price at some times, NaN before the first.

        Args:
            time_ms: ``[times]``.
            is_strict: Whether only what came strictly before counts.
        """
        if np.any(time_ms[1:] < time_ms[:-1]):  # looked up along memory it takes half as long
            order = in_order(time_ms)
            found = np.empty(len(time_ms))
            found[order] = self.at(time_ms[order], is_strict=is_strict)
            return found
        return self.price[self._steps(2 * time_ms - int(is_strict))]

    def half_spread_at(self, time_ms: Ints) -> Floats:
        """Return half the recorded spread in bps, NaN where no fresh quote tells."""
        return self.half_spread_bps[self._steps(2 * time_ms)]

    def _steps(self, half_ms: Ints) -> Ints:
        return np.searchsorted(self.begins, half_ms, side="right")


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


def _last_places(points_ms: Ints, seen_ms: Ints) -> Ints:
    """Return the place of the last point at or before each time, -1 before the first."""
    return np.searchsorted(points_ms, seen_ms, side="right") - 1


def _values_at(values: Floats, places: Ints) -> Floats:
    """Return values by their places, NaN where there is none."""
    if not len(values):
        return np.full(len(places), np.nan)
    return np.where(places >= 0, values[places], np.nan)


def _are_new(values: Floats) -> Flags:
    """Return which values are not those before them; NaN is NaN."""
    before = np.append(np.nan, values)[:-1]
    found: Flags = (values != before) & ~(np.isnan(values) & np.isnan(before))
    return found
