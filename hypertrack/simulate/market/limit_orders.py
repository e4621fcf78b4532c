"""Limit orders and the price: where they rest, and which of them a taker order meets.

A taker order meets the limit orders that the price reaches just then: those at the best price that
is about to be passed, and those through which it goes within the next seconds. So whoever is met
sees the price go on against him, and market makers, who take the rest, are spared. An order that
the price has passed before anybody came is put anew at the best price, until its patience ends.
"""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import Floats, Ints, stable_order
from hypertrack.simulate.market.instruments import price_step
from hypertrack.simulate.market.latent_prices import STEP_MS
from hypertrack.simulate.market.makers import Pool
from hypertrack.simulate.market.orders import OrderArrays, RestingOrders
from hypertrack.simulate.market.quotes import QuoteGrid

AHEAD_STEPS = 6
"""Quotes ahead through which the price may go for an order to be met now."""

_REPLACED_STEPS = 2
"""Quotes after which an order that was passed is put anew."""
_AT_BEST_SHARE = 0.8
"""Of orders, put at the best price of their side; the others wait behind it."""
_BEHIND = 0.2
"""Mean distance of those, in standard deviations of the return while their patience lasts."""


def limit_prices(
    orders: OrderArrays,
    grid: QuoteGrid,
    sigma: Floats,
    price_decimals: Ints,
    rng: np.random.Generator,
) -> Floats:
    """Return at which prices limit orders are put when they come.

    Args:
        orders: Within the stretch of the grid.
        grid: Quotes.
        sigma: Standard deviation of the log return while each is to rest.
        price_decimals: Of each order's coin.
        rng: Draws the distances.
    """
    row = grid.row(orders.time_ms.astype(np.int64), orders.coin)
    best = np.where(orders.side > 0, grid.bid[row, orders.coin], grid.ask[row, orders.coin])
    waits = rng.random(len(orders)) >= _AT_BEST_SHARE
    behind = waits * rng.exponential(_BEHIND, len(orders)) * sigma
    price = best * np.exp(-orders.side * behind)
    scale = price_step(price, price_decimals)[1]
    rounded: Floats = np.round(price * scale) / scale
    return rounded


@dataclass(frozen=True)
class MetOrders:
    """Pairs of a taker order and a limit order that it meets."""

    pool: Pool
    """Of pairs, by taker order."""
    resting: Ints
    """Row of each pair's limit order."""
    price: Floats
    """At which it rests then."""


def met_orders(takers: OrderArrays, resting: RestingOrders, grid: QuoteGrid) -> MetOrders:
    """Return which limit orders taker orders meet, and put anew what the price has passed.

    Args:
        takers: Within the stretch of the grid.
        resting: The limit orders of the stretch.
        grid: Quotes.
    """
    best = np.stack([-grid.ask, grid.bid])  # [sides, rows, coins], higher is nearer the spread
    reach = _lowest_ahead(best)
    prices = _prices_by_slot(resting, best, grid.start_ms)  # [orders, slots]
    taker, order = _pairs(takers, resting, prices.max(axis=1), reach.min(axis=1))
    time = takers.time_ms.astype(np.int64)
    place = (takers.side < 0).astype(np.int64), grid.row(time, takers.coin), takers.coin
    slot = np.minimum((time - grid.start_ms) // (_REPLACED_STEPS * STEP_MS), prices.shape[1] - 1)
    price = prices.ravel()[order * prices.shape[1] + slot[taker]]
    # Most pairs fail the first test: the others look at what it leaves.
    reached = np.flatnonzero((price >= reach[place][taker]) & (price <= best[place][taker]))
    taker, order, price = taker[reached], order[reached], price[reached]
    orders, when = resting.orders, time[taker]
    meets = (orders.time_ms[order] <= when) & (when <= resting.until_ms[order])
    meets &= orders.wallet[order] != takers.wallet[taker]
    taker, order, price = taker[meets], order[meets], price[meets]
    resting.price = np.abs(prices[:, -1])
    return MetOrders(Pool(taker, resting.weight[order], len(takers)), order, np.abs(price))


def _lowest_ahead(best: Floats) -> Floats:
    """Return the lowest of each row and those of the next steps."""
    n_rows = best.shape[1]
    later = np.concatenate([best, np.repeat(best[:, -1:], AHEAD_STEPS, axis=1)], axis=1)
    lowest = best.copy()
    for ahead in range(1, AHEAD_STEPS + 1):
        np.minimum(lowest, later[:, ahead : ahead + n_rows], out=lowest)
    return lowest


def _prices_by_slot(resting: RestingOrders, best: Floats, start_ms: int) -> Floats:
    """Return where orders rest in each slot, ``[orders, slots]``; signed like the best prices."""
    orders = resting.orders
    begins = best[:, :-1:_REPLACED_STEPS]  # [sides, slots, coins]
    side = (orders.side > 0).astype(np.int64)
    placed = (orders.time_ms - start_ms) // (_REPLACED_STEPS * STEP_MS)
    is_there = np.arange(begins.shape[1]) > placed[:, None]
    passed = np.where(is_there, begins[side, :, orders.coin], np.inf)
    kept = np.minimum((orders.side * resting.price)[:, None], passed)
    prices: Floats = np.minimum.accumulate(kept, axis=1)
    return np.where(resting.follows[:, None] & is_there, passed, prices)


def _pairs(
    takers: OrderArrays, resting: RestingOrders, price: Floats, reach: Floats
) -> tuple[Ints, Ints]:
    """Return every pair of a taker order and a limit order of its coin's other side.

    Args:
        takers: The taker orders.
        resting: Limit orders; those that the price never reaches are left out.
        price: Of each, at most.
        reach: Lowest price of each side and coin.
    """
    orders = resting.orders
    side = (orders.side > 0).astype(np.int64)
    near = np.flatnonzero(price >= reach[side, orders.coin])
    book = orders.coin[near].astype(np.int64) * 2 + side[near]
    n_books = 2 * reach.shape[1]
    near = near[stable_order(book, n_books)]
    count = np.bincount(book, minlength=n_books)
    first = np.cumsum(count) - count
    wanted = takers.coin.astype(np.int64) * 2 + (takers.side < 0)
    n_each = count[wanted]
    taker = np.repeat(np.arange(len(takers)), n_each)
    nth = np.arange(len(taker)) - np.repeat(np.cumsum(n_each) - n_each, n_each)
    return taker, near[first[wanted][taker] + nth]
