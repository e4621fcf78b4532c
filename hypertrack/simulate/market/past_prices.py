"""What coins cost in the weeks before the market begins: a price an hour."""

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import CoinIds, Floats, Ints
from hypertrack.simulate.market.instruments import Coin

PAST_DAYS = 42
_HOURS_PER_DAY = DAY_MS // HOUR_MS
_COMMON_RETURN = 0.45
"""Share of variance that all coins have in common, as in the market itself."""


class PastPrices:
    """Random walks that end at the coins' prices when the market begins.

    Attributes:
        hours_ms: Full hours, rising; the last is the market's start or the hour before it.
        prices: Of each coin at each of them, ``[hours, coins]``.
    """

    def __init__(self, coins: tuple[Coin, ...], start_ms: int, rng: np.random.Generator):
        n_hours = PAST_DAYS * _HOURS_PER_DAY
        self.hours_ms: Ints = (start_ms // HOUR_MS + np.arange(-n_hours, 1)) * HOUR_MS
        common = rng.standard_normal((n_hours, 1))
        own = rng.standard_normal((n_hours, len(coins)))
        normal = np.sqrt(_COMMON_RETURN) * common + np.sqrt(1 - _COMMON_RETURN) * own
        volatility = np.array([coin.day_volatility_frac for coin in coins])
        returns = (normal * volatility / np.sqrt(_HOURS_PER_DAY))[:, _leaders(coins)]
        later = np.zeros((n_hours + 1, len(coins)))
        later[:-1] = np.cumsum(returns[::-1], axis=0)[::-1]
        self.prices: Floats = np.array([coin.price_usd for coin in coins]) * np.exp(-later)

    def at(self, time_ms: Ints | Floats, coin: CoinIds) -> Floats:
        """Return prices at the last full hours before the times."""
        hour = (np.asarray(time_ms, dtype=np.int64) - self.hours_ms[0]) // HOUR_MS
        found: Floats = self.prices[np.clip(hour, 0, len(self.hours_ms) - 1), coin]
        return found


def _leaders(coins: tuple[Coin, ...]) -> Ints:
    """Return the coin whose path each coin shares: mostly its own."""
    names = [coin.name for coin in coins]
    return np.array(
        [at if c.follows is None else names.index(c.follows) for at, c in enumerate(coins)]
    )
