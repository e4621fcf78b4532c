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


def premiums(hours_ms: Ints, coins: Ints) -> Floats:
    """Return the premiums of coins, by their index, at full hours; both are broadcast."""
    steps = _drawn(hours_ms, coins) % (2 * _MOST_PREMIUM_STEPS + 1) - _MOST_PREMIUM_STEPS
    return np.asarray(steps * _PREMIUM_STEP, dtype=np.float64)


def paid_ms(hours_ms: Ints, coins: Ints) -> Ints:
    """Return when the hours' funding is told to have been paid: some milliseconds late."""
    return hours_ms + _drawn(hours_ms, coins) % _LATEST_MS


def rates_at(hour_ms: int, n_coins: int) -> Floats:
    """Return the rates of all coins at a full hour, ``[coins]``."""
    return rate_of(premiums(np.array([hour_ms]), np.arange(n_coins)))


def _drawn(hours_ms: Ints, coins: Ints) -> Ints:
    words = (hours_ms // HOUR_MS * 4).astype(np.uint64)
    salts = scrambled((_SALT + coins).astype(np.uint64))
    drawn: Ints = (scrambled(words ^ salts) >> np.uint64(32)).astype(np.int64)
    return drawn
