"""Latent prices: one path a coin in steps of a second, that trades and quotes are drawn around.

A return is volatility times a normal variable that is partly common to all coins, plus rare
jumps, plus the coin's drift if it has one. Log volatility is a mean-reverting process of
minutes, partly common too, on top of the day's rhythm. Paths are independent of the trades, so
that knowing the future of one is an edge of known size.
"""

import numpy as np

from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.simulate.market.arrays import CoinIds, Floats, Ints, clipped
from hypertrack.simulate.market.calendar import day_rhythm
from hypertrack.simulate.market.instruments import Coin

STEP_MS = 1_000
STEPS_PER_MINUTE = MINUTE_MS // STEP_MS
STEPS_PER_DAY = 86_400

LOOK_BACK_MS = 20 * MINUTE_MS
"""Past that strategies and candles look at."""

_BATCH_MINUTES = 10
"""The window moves in strides, as each move copies it."""
_VOLATILITY_HALF_LIFE_MIN = 150.0
LOG_VOLATILITY_SD = 0.45
_COMMON_VOLATILITY = 0.6
_COMMON_RETURN = 0.45
"""Share of variance that all coins have in common."""
_JUMPS_PER_DAY = 6.0
_JUMP_SIGMA_OF_DAY = 0.12
"""Typical jump, as a part of a day's volatility."""


class LatentPrices:
    """A moving window over the paths of all coins; lookups are by time and coin.

    The same seed gives the same paths however they are extended.
    """

    def __init__(
        self,
        coins: tuple[Coin, ...],
        start_ms: int,
        rng: np.random.Generator,
        *,
        look_ahead_ms: int = HOUR_MS,
        drift_per_ms: Floats | None = None,
    ):
        self.look_ahead_ms = look_ahead_ms
        """Future that anyone can have an inkling of."""
        self._drift_per_ms = np.zeros(len(coins)) if drift_per_ms is None else drift_per_ms
        self._rng = rng
        self._origin_ms = start_ms - LOOK_BACK_MS
        self._volatility = np.array([coin.day_volatility_frac for coin in coins])
        self._step_sigma = self._volatility / np.sqrt(STEPS_PER_DAY)
        names = [coin.name for coin in coins]
        self._leader = np.array(
            [at if c.follows is None else names.index(c.follows) for at, c in enumerate(coins)]
        )
        self._state = rng.normal(0, LOG_VOLATILITY_SD, len(coins))
        self._last = np.log([coin.price_usd for coin in coins])
        self._log_price = np.empty((0, len(coins)))
        self._relative = np.empty((0, len(coins)))  # volatility over its long-run mean, by minute

    @property
    def end_ms(self) -> int:
        """The paths are known before this time."""
        return self._origin_ms + len(self._log_price) * STEP_MS

    def extend(self, until_ms: int) -> None:
        """Draw minutes until the paths reach ``until_ms``, several at once."""
        if until_ms <= self.end_ms:
            return
        n_minutes = max(-(-(until_ms - self.end_ms) // MINUTE_MS), _BATCH_MINUTES)
        minutes = [self._next_minute(self.end_ms + at * MINUTE_MS) for at in range(n_minutes)]
        self._log_price = np.concatenate([self._log_price, *(path for path, _ in minutes)])
        self._relative = np.concatenate([self._relative, *(level for _, level in minutes)])

    def forget(self, before_ms: int) -> None:
        """Drop minutes that end at or before ``before_ms``, once there are several."""
        n_minutes = (before_ms - self._origin_ms) // MINUTE_MS
        if n_minutes >= _BATCH_MINUTES:
            self._log_price = self._log_price[n_minutes * STEPS_PER_MINUTE :]
            self._relative = self._relative[n_minutes:]
            self._origin_ms += n_minutes * MINUTE_MS

    def log_price(self, time_ms: Ints | Floats, coin: CoinIds) -> Floats:
        """Return the log of the latent price; times outside the window take its ends."""
        step = (np.asarray(time_ms, dtype=np.int64) - self._origin_ms) // STEP_MS
        found: Floats = self._log_price[clipped(step, 0, len(self._log_price) - 1), coin]
        return found

    def between(self, start_ms: int, end_ms: int) -> Floats:
        """Return log prices of a stretch within the window, ``[steps, coins]``."""
        return self._log_price[
            (start_ms - self._origin_ms) // STEP_MS : (end_ms - self._origin_ms) // STEP_MS
        ]

    def surprise(self, start_ms: Floats, end_ms: Floats, coin: CoinIds) -> Floats:
        """Return the log return between two times beyond the coin's drift."""
        change = self.log_price(end_ms, coin) - self.log_price(start_ms, coin)
        surprise: Floats = change - self._drift_per_ms[coin] * (end_ms - start_ms)
        return surprise

    def relative_volatility(self, time_ms: Ints | Floats, coin: CoinIds) -> Floats:
        """Return volatility over the coin's long-run level, 1 on average."""
        minute = (np.asarray(time_ms, dtype=np.int64) - self._origin_ms) // MINUTE_MS
        found: Floats = self._relative[clipped(minute, 0, len(self._relative) - 1), coin]
        return found

    def sigma(self, horizon_ms: Floats | float, coin: CoinIds) -> Floats:
        """Return the long-run standard deviation of a return over the horizon."""
        sigma: Floats = self._step_sigma[coin] * np.sqrt(horizon_ms / STEP_MS)
        return sigma

    def _next_minute(self, time_ms: int) -> tuple[Floats, Floats]:
        level = self._next_volatility(time_ms)
        size = (STEPS_PER_MINUTE, len(self._last))
        common = self._rng.standard_normal((STEPS_PER_MINUTE, 1))
        noise = self._rng.standard_normal(size)
        normal = np.sqrt(_COMMON_RETURN) * common + np.sqrt(1 - _COMMON_RETURN) * noise
        returns = normal * (self._step_sigma * level) + self._jumps(size)
        path = self._last + np.cumsum(
            returns[:, self._leader] + self._drift_per_ms * STEP_MS, axis=0
        )
        self._last = path[-1]
        return path, level[None, :]

    def _next_volatility(self, time_ms: int) -> Floats:
        keep = 0.5 ** (1 / _VOLATILITY_HALF_LIFE_MIN)
        common = self._rng.standard_normal()
        own = self._rng.standard_normal(len(self._last))
        shock = np.sqrt(_COMMON_VOLATILITY) * common + np.sqrt(1 - _COMMON_VOLATILITY) * own
        self._state = keep * self._state + np.sqrt(1 - keep**2) * LOG_VOLATILITY_SD * shock
        level = np.exp(self._state - LOG_VOLATILITY_SD**2 / 2)  # mean 1
        rhythm: Floats = level[self._leader] * day_rhythm(time_ms) ** 0.5
        return rhythm

    def _jumps(self, size: tuple[int, int]) -> Floats:
        is_jump = self._rng.random(size[1]) < _JUMPS_PER_DAY / (24 * 60)
        jumps = np.zeros(size)
        step = self._rng.integers(0, size[0], size[1])
        height = self._rng.normal(0, 1, size[1]) * _JUMP_SIGMA_OF_DAY * self._volatility
        jumps[step[is_jump], np.flatnonzero(is_jump)] = height[is_jump]
        return jumps
