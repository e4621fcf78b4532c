"""What wallets hold when the market begins: positions built hours to weeks before."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import CoinIds, Columns, Floats, Ids, Ints
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.population import Population

_HOLDERS_SHARE = 0.75
"""Of wallets; measured on the fills of 81 s of the venue, as is the size beside the turnover."""
_MOST_COINS = 4
_USD_PER_ORDER = 32.0
"""Median of a wallet's positions over its order size: about 9.5 times what it trades in 81 s."""
_USD_SPREAD = 1.4
_MOST_USD = 5e6
_MEDIAN_AGE_DAYS = 1.5
_AGE_SPREAD = 1.2
_AGE_DAYS = (0.04, 30.0)
_LONG_SHARE = 0.55


@dataclass(frozen=True)
class PositionArrays(Columns):
    """Positions, at most one a wallet and coin."""

    wallet: Ids
    coin: CoinIds
    units: Ints
    """In the smallest step of the coin's size; negative for short."""
    entry_price: Floats


def draw_positions(
    people: Population, coins: tuple[Coin, ...], rng: np.random.Generator
) -> PositionArrays:
    """Draw what each wallet comes in with: perps of its own, its favourites first."""
    volatility = np.array([coin.day_volatility_frac for coin in coins])
    price = np.array([coin.price_usd for coin in coins])
    scale = 10.0 ** np.array([coin.size_decimals for coin in coins])
    wallet, coin = _held_coins(people, coins, rng)
    total = (
        people.size_usd * _USD_PER_ORDER * np.exp(_USD_SPREAD * rng.standard_normal(len(people)))
    )
    part = rng.exponential(size=len(wallet)) + 0.1
    part /= np.bincount(wallet, part, len(people))[wallet]
    usd = np.minimum(total[wallet], _MOST_USD) * part
    age = np.exp(np.log(_MEDIAN_AGE_DAYS) + _AGE_SPREAD * rng.standard_normal(len(wallet)))
    moved = volatility[coin] * np.sqrt(np.clip(age, *_AGE_DAYS)) * rng.standard_normal(len(wallet))
    long = np.where(people.long_bias[wallet] > 0.3, 1.0, _LONG_SHARE)
    side = np.where(rng.random(len(wallet)) < long, 1, -1)
    units = np.maximum(np.round(usd / price[coin] * scale[coin]), 1).astype(np.int64)
    return PositionArrays(wallet, coin, side * units, price[coin] * np.exp(-moved))


def _held_coins(
    people: Population, coins: tuple[Coin, ...], rng: np.random.Generator
) -> tuple[Ids, CoinIds]:
    """Return pairs of wallet and coin, by wallet."""
    wallet = np.repeat(np.arange(len(people), dtype=np.int32), people.home_count)
    most = np.minimum(rng.geometric(0.6, len(people)), _MOST_COINS)
    is_perp = np.array([coin.kind == "perp" for coin in coins])
    trades_perps = np.bincount(wallet, is_perp[people.home], len(people)) > 0
    holds = rng.random(len(people)) < _HOLDERS_SHARE / max(trades_perps.mean(), _HOLDERS_SHARE)
    able = holds[wallet] & is_perp[people.home]
    nth = np.cumsum(able) - 1
    first = np.searchsorted(wallet, wallet)
    nth -= np.concatenate([[0], np.cumsum(able)])[first]
    chosen = able & (nth < most[wallet])
    return wallet[chosen], people.home[chosen]
