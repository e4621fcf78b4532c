"""What longs pay shorts each full hour: one rate a coin and hour, whoever asks."""

import numpy as np

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.identifiers import scrambled
from hypertrack.simulate.market.instruments import Coin

_SALT = 81
_HOURLY_INTEREST = 0.0000125
_CLAMP = 0.0005
_PREMIUM_STEP = 5e-7
_MOST_PREMIUM_STEPS = 1_000
_LATEST_MS = 100
RATE_DECIMALS = 10


def is_funded(coin: Coin) -> bool:
    """Return whether positions in the coin pay funding."""
    return coin.kind in ("perp", "hip3")


def rate_of(premium: Floats) -> Floats:
    """Return hourly rates: the premium, with interest clamped around it (venue docs)."""
    interest = _HOURLY_INTEREST * 8
    clamped = np.clip(interest - premium, -_CLAMP, _CLAMP)
    return np.asarray(np.round((premium + clamped) / 8, RATE_DECIMALS), dtype=np.float64)


def premiums(hours_ms: Ints, coin: int) -> Floats:
    """Return a coin's premium at each full hour; ``coin`` is its index."""
    steps = _drawn(hours_ms, coin) % (2 * _MOST_PREMIUM_STEPS + 1) - _MOST_PREMIUM_STEPS
    return np.asarray(steps * _PREMIUM_STEP, dtype=np.float64)


def paid_ms(hours_ms: Ints, coin: int) -> Ints:
    """Return when the hours' funding is told to have been paid: some milliseconds late."""
    return hours_ms + _drawn(hours_ms, coin) % _LATEST_MS


def rates_at(hour_ms: int, n_coins: int) -> Floats:
    """Return the rates of all coins at a full hour, ``[coins]``."""
    hour = np.array([hour_ms], dtype=np.int64)
    return rate_of(np.concatenate([premiums(hour, coin) for coin in range(n_coins)]))


def _drawn(hours_ms: Ints, coin: int) -> Ints:
    words = (hours_ms // HOUR_MS * 4).astype(np.uint64)
    salt = scrambled(np.array([_SALT + coin], dtype=np.uint64))
    drawn: Ints = (scrambled(words ^ salt) >> np.uint64(32)).astype(np.int64)
    return drawn
