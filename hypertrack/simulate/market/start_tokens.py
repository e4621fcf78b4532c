"""What wallets hold of spot tokens when the market begins: they cannot sell what they lack."""

import numpy as np

from hypertrack.simulate.market.arrays import CoinIds, Flags, Ids, Ints
from hypertrack.simulate.market.instruments import Coin, CoinColumns
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.past_prices import PastPrices
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.start_positions import (
    PositionArrays,
    StartPositions,
    draw_ages_ms,
    with_openings,
)
from hypertrack.simulate.market.strategies import built_usd

_ORDERS = 100.0
"""Median of a wallet's tokens over its order size."""
_SPREAD = 0.5
_SESSIONS = 3.0
"""Of sales that a wallet's tokens last for at least."""
_MAKER_DAYS = 0.5
"""Of a token's daily volume, what each market maker holds of it at least: it serves all others."""


def draw_tokens(
    people: Population, coins: tuple[Coin, ...], past: PastPrices, rng: np.random.Generator
) -> StartPositions:
    """Draw a balance of every token that a wallet trades, and of all for market makers."""
    is_maker = people.kind == [kind.name for kind in KINDS].index("market_maker")
    wallet, token = _pairs(people, coins, is_maker)
    columns = CoinColumns(coins)
    price = np.array([coin.price_usd for coin in coins])[token]
    usd = people.size_usd[wallet] * _ORDERS * np.exp(_SPREAD * rng.standard_normal(len(wallet)))
    usd = np.maximum(usd, _SESSIONS * built_usd(people)[wallet])
    served = _MAKER_DAYS * columns.day_volume_usd[token]
    usd = np.where(is_maker[wallet], np.maximum(usd, served), usd)
    units = np.maximum(np.round(usd / price * columns.size_scale[token]), 1).astype(np.int64)
    positions = PositionArrays(wallet, token, units, np.full(len(wallet), np.nan))
    return with_openings(positions, draw_ages_ms(len(wallet), rng), past, coins, rng)


def _pairs(people: Population, coins: tuple[Coin, ...], is_maker: Flags) -> tuple[Ids, CoinIds]:
    """Return wallets and the tokens that they trade, each pair once."""
    is_spot = np.array([coin.kind == "spot" for coin in coins])
    everyone = np.arange(len(people))
    follows = np.where(people.follows >= 0, people.follows, everyone)
    keys = [  # of its own, of who decides for it and of whom it copies
        np.repeat(everyone, people.home_count[of]) * len(coins) + _homes(people, of)
        for of in (everyone, people.owner, follows)
    ]
    keys.append((np.flatnonzero(is_maker)[:, None] * len(coins) + np.flatnonzero(is_spot)).ravel())
    holder, token = np.divmod(np.unique(np.concatenate(keys)), len(coins))
    is_token = is_spot[token]
    return holder[is_token].astype(np.int32), token[is_token].astype(np.int16)


def _homes(people: Population, wallet: Ints) -> CoinIds:
    """Return the home coins of wallets, one after another."""
    count = people.home_count[wallet]
    nth = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    homes: CoinIds = people.home[np.repeat(people.home_start[wallet], count) + nth]
    return homes
