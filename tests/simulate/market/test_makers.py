"""Market makers get rid of what they hold too much of, and come to an end with it."""

import numpy as np
import pytest

from hypertrack.simulate.market.instruments import CoinColumns, build_coins
from hypertrack.simulate.market.makers import MarketMakers
from hypertrack.simulate.market.population import build_population

RATE = 2.0
N_MINUTES = 600
RNG = np.random.default_rng(1)


def hedged_usd(makers: MarketMakers, price: np.ndarray, scale: np.ndarray) -> float:
    """Let one minute's hedges be taken by those who bid or offer; return their dollars."""
    orders = makers.hedges(0, price)
    usd = orders.units / scale[orders.coin] * price[orders.coin]
    asks, bids = makers.pools()
    for side, pool in ((1, asks), (-1, bids)):
        rows = np.flatnonzero(orders.side == side)
        taken = pool.draw(orders.coin[rows].astype(np.int64), RNG.random(len(rows)))
        makers.bought(taken, -side * usd[rows])
    return float(usd.sum())


@pytest.mark.parametrize("side", [1, -1])
def test_makers_pass_what_is_too_much_to_each_other_for_a_while_only(side: int) -> None:
    rng = np.random.default_rng(3)
    coins = build_coins(12, RATE)
    columns = CoinColumns(coins)
    people = build_population(400, coins, rng)
    makers = MarketMakers(people, columns, rng, RATE)
    price = np.array([coin.price_usd for coin in coins])
    some = np.arange(0, len(makers.wallet), 2)
    makers.bought(some, np.full(len(some), side * 1e6))

    by_minute = [hedged_usd(makers, price, columns.size_scale) for _ in range(N_MINUTES)]

    assert by_minute[0] > 0
    assert sum(by_minute[-10:]) < 0.05 * sum(by_minute[:10])
