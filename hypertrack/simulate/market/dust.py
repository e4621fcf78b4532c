"""Spot balances that are too small to be sold, of tokens that a wallet holds no more of."""

from typing import NamedTuple

import numpy as np

from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.start_positions import PositionArrays

_SHARE = 0.04
"""Of wallets, for each token."""
_DECIMALS = 10


class Dust(NamedTuple):
    """A balance below one step of its coin's size."""

    wallet: int
    coin: int
    size: float
    """Coins."""


def draw_dust(
    n_wallets: int, coins: tuple[Coin, ...], held: PositionArrays, rng: np.random.Generator
) -> list[Dust]:
    """Draw who comes in with dust, by wallet; who holds the token has none of it.

    Args:
        n_wallets: Of the market.
        coins: Of the market.
        held: What wallets come in with.
        rng: Decides.
    """
    has = rng.random((n_wallets, len(coins))) < _SHARE
    has &= np.array([coin.kind == "spot" for coin in coins])
    has[held.wallet, held.coin] = False
    wallet, coin = np.nonzero(has)
    step = 10.0 ** -np.array([coin.size_decimals for coin in coins])
    size = np.round(rng.uniform(0.001, 0.999, len(coin)) * step[coin], _DECIMALS)
    return list(map(Dust, wallet.tolist(), coin.tolist(), size.tolist()))
