"""Best bids and offers: the latent price, moved by recent orders, with a spread around it."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import CoinIds, Floats, Ints, QuoteArrays, clipped
from hypertrack.simulate.market.calendar import block_after, block_times
from hypertrack.simulate.market.instruments import CoinColumns, price_step
from hypertrack.simulate.market.latent_prices import STEP_MS, LatentPrices

_IMPACT = 0.22
"""Price impact of an order, in the square-root law's unit: daily volatility times the root of its
share of the day's volume."""
_IMPACT_HALF_LIFE_S = 12.0
_LASTING_IMPACT = 0.25
"""What never fades, in daily volatility times the share of the day's volume: linear, so that an
order cut into parts moves the price no further."""
_SPREAD_POWER = 0.7
"""Power of volatility with which the spread widens; depth shrinks with the same."""
_LEVELS = 5
"""Levels a side that `Coin.depth_usd` speaks of."""


@dataclass(frozen=True)
class QuoteGrid:
    """Quotes of one stretch; row 0 is in force at its start, row k + 1 comes in its step k."""

    start_ms: int
    bid: Floats
    """``[steps + 1, coins]``, like ask, depth and impact."""
    ask: Floats
    depth_usd: Floats
    """Of the best five levels of a side."""
    impact: Floats
    """What all earlier orders have moved the price and still stands, in log price."""
    change_ms: Ints
    """Time of the block with which a step's quote comes, ``[steps, coins]``."""

    def latent_ms(self, row: Ints) -> Floats:
        """Return the times whose latent prices the quotes of rows are drawn around."""
        return np.asarray(self.start_ms + (row - 1) * STEP_MS, dtype=np.float64)

    def row(self, time_ms: Ints, coin: CoinIds) -> Ints:
        """Return the row in force just after the blocks at these times."""
        step: Ints = clipped((time_ms - self.start_ms) // STEP_MS, 0, len(self.change_ms) - 1)
        return step + (time_ms >= self.change_ms[step, coin])


class Quoter:
    """Makes the quotes of one stretch after the other."""

    def __init__(self, coins: CoinColumns, prices: LatentPrices, rng: np.random.Generator):
        self._coins = coins
        self._prices = prices
        self._rng = rng
        self._shift = np.zeros(coins.count)  # log price, what recent orders moved and still stands
        self.stays: Floats = np.zeros(coins.count)
        """What orders have moved the price for good since the start, in log price, ``[coins]``."""
        self._last: tuple[Floats, Floats, Floats, Floats] | None = None
        self._refresh = np.clip(0.6 * coins.day_volume_usd / 2e8, 0.05, 0.9)

    def grid(self, start_ms: int, end_ms: int, pressure: Floats, lasting: Floats) -> QuoteGrid:
        """Return the quotes of a stretch.

        Args:
            start_ms: On a whole second.
            end_ms: Not included.
            pressure: Net impact of the orders in each step that fades, in log price,
                ``[steps, coins]``.
            lasting: The same of what stays.
        """
        impact = self._shifts(pressure) + self._staying(lasting)
        middle = self._prices.between(start_ms, end_ms) + impact
        columns = (*self._around(np.exp(middle), start_ms), impact)
        first = self._last or tuple(column[:1] for column in columns)
        bid, ask, depth, impact = map(np.concatenate, zip(first, columns, strict=True))
        self._last = bid[-1:], ask[-1:], depth[-1:], impact[-1:]
        changes = change_times(start_ms, len(pressure), self._coins.count)
        return QuoteGrid(start_ms, bid, ask, depth, impact, changes)

    def forget_impact(self) -> None:
        """Begin anew: the price is the latent one, whatever orders did so far."""
        self._shift, self.stays = np.zeros_like(self._shift), np.zeros_like(self.stays)

    def changes(self, grid: QuoteGrid) -> QuoteArrays:
        """Return the quotes that changed, in price or in size, by time."""
        moved = (np.diff(grid.bid, axis=0) != 0) | (np.diff(grid.ask, axis=0) != 0)
        resized = self._rng.random(moved.shape) < self._refresh
        step, coin = np.nonzero(moved | resized)
        time = grid.change_ms[step, coin]
        order = np.argsort(time, kind="stable")
        step, coin = step[order] + 1, coin[order]
        bid, ask = grid.bid[step, coin], grid.ask[step, coin]
        depth = grid.depth_usd[step, coin] / _LEVELS
        return QuoteArrays(
            time[order],
            coin.astype(np.int16),
            bid,
            ask,
            self._sizes(depth / bid, coin),
            self._sizes(depth / ask, coin),
        )

    def impact(self, usd: Floats, coin: CoinIds) -> Floats:
        """Return how far orders of this value move the price for a while, in log price."""
        share = usd / self._coins.day_volume_usd[coin]
        impact: Floats = _IMPACT * self._coins.volatility[coin] * np.sqrt(share)
        return impact

    def lasting_impact(self, usd: Floats, coin: CoinIds) -> Floats:
        """Return how far orders of this value move the price for good, in log price."""
        share = usd / self._coins.day_volume_usd[coin]
        impact: Floats = _LASTING_IMPACT * self._coins.volatility[coin] * share
        return impact

    def _staying(self, lasting: Floats) -> Floats:
        """Return what stays of the impact of all earlier steps."""
        after = self.stays + np.cumsum(lasting, axis=0)
        before = np.concatenate([self.stays[None, :], after[:-1]])
        self.stays = after[-1]
        return before

    def _shifts(self, pressure: Floats) -> Floats:
        """Return the fading sum of the pressure of earlier steps."""
        keep = 0.5 ** (STEP_MS / 1000 / _IMPACT_HALF_LIFE_S)
        grown = keep ** -np.arange(1, len(pressure) + 1)[:, None]
        total = self._shift + np.cumsum(pressure * grown, axis=0)
        after = total / grown
        before = np.concatenate([self._shift[None, :], after[:-1]])
        self._shift = after[-1]
        return before

    def _around(self, middle: Floats, start_ms: int) -> tuple[Floats, Floats, Floats]:
        """Return bid, ask and depth around middle prices, ``[steps, coins]``."""
        coin = np.arange(self._coins.count, dtype=np.int16)
        level = self._prices.relative_volatility(np.array([start_ms]), coin)
        noise = np.exp(0.35 * self._rng.standard_normal((2, self._coins.count)))
        spread = self._coins.spread * level**_SPREAD_POWER * noise[0]
        scale = price_step(middle, np.broadcast_to(self._coins.price_decimals, middle.shape))[1]
        bid = np.round(middle * (1 - spread / 2) * scale)
        ask = np.maximum(np.round(middle * (1 + spread / 2) * scale), bid + 1)
        depth = self._coins.depth_usd * level**-_SPREAD_POWER * noise[1]
        return bid / scale, ask / scale, np.broadcast_to(depth, middle.shape)

    def _sizes(self, typical: Floats, coin: Ints) -> Floats:
        """Return sizes around the typical ones, at the coin's decimals."""
        scale = self._coins.size_scale[coin]
        noise = np.exp(1.1 * self._rng.standard_normal(len(typical)))
        sizes: Floats = np.maximum(np.round(typical * noise * scale), 1) / scale
        return sizes


def change_times(start_ms: int, n_steps: int, n_coins: int) -> Ints:
    """Return the block with which each step's quote comes, ``[steps, coins]``.

    They follow from step and coin alone, so that those who react can know them beforehand.
    """
    step = start_ms // STEP_MS + np.arange(n_steps)[:, None]
    offset = ((step % 9_973) * 7_919 + np.arange(n_coins) * 3_571) % 10_007 % (STEP_MS - 150)
    return block_times(block_after(step * STEP_MS + offset))


def just_after_change(time_ms: Floats, coin: CoinIds, delay_ms: Floats) -> Floats:
    """Return the moments a delay after the coin's quote change in the same second."""
    step = time_ms.astype(np.int64) // STEP_MS
    offset = ((step % 9_973) * 7_919 + coin.astype(np.int64) * 3_571) % 10_007 % (STEP_MS - 150)
    return step * STEP_MS + offset + delay_ms
