"""The prices of one coin over time, looked up at any times at once."""

from dataclasses import dataclass

import numpy as np

from hypertrack.market.arrays import Flags, Floats, Ints, in_order
from hypertrack.market.prices import REFERENCE_MAX_AGE_MS

NEVER_MS = 2**62


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
        half_spread_bps: Floats | None = None,
    ) -> "PricePath":
        """Return the path of trades and quotes, each in the order of time, at most one a time.

        Args:
            mid_price: NaN where a side of the book was empty; so is ``half_spread_bps``.
            half_spread_bps: Unknown where None.
        """
        stale_ms = quote_ms + REFERENCE_MAX_AGE_MS + 1
        is_last = np.append(quote_ms[1:], NEVER_MS)[: len(quote_ms)] >= stale_ms
        begins = np.concatenate([2 * trade_ms, 2 * quote_ms, 2 * stale_ms[is_last] - 1])
        begins.sort()  # one that stands there twice tells the same twice, which is no new step
        quoted = _last_places(quote_ms, begins >> 1)
        if len(quote_ms):
            quoted[(begins + 1 >> 1) >= stale_ms[quoted]] = -1
        spreads = np.zeros(0) if half_spread_bps is None else half_spread_bps
        spread, price = _values_at(spreads, quoted), _values_at(mid_price, quoted)
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
