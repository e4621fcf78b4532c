"""Taker orders meet the book: in how many parts, and with whom."""

from dataclasses import dataclass, replace

import numpy as np

from hypertrack.simulate.arrays import Columns, Floats, Ids, Ints
from hypertrack.simulate.coins import CoinColumns
from hypertrack.simulate.makers import SLOT_MS, MarketMakers, group_of, resting_pool
from hypertrack.simulate.orders import OrderArrays, RestingOrders

MAX_FILLS = 60
"""Of one order; the venue's largest in the calibration window was 52."""

_SWEEP_SPREAD = 1.05
_SWEEP_SIZE_POWER = 0.25
_SWEEP_MEDIAN = 1.1

_NOBODY = -1


@dataclass(frozen=True)
class FillArrays(Columns):
    """Parts of taker orders, in the order in which they are filled."""

    order: Ints
    """Row of the taker order."""
    units: Ints
    maker: Ids
    resting: Ints
    """Row of the limit order that filled it, or -1."""
    quoter: Ints
    """Row of the market maker on that coin that filled it, or -1."""


class Matching:
    """Fills taker orders, minute by minute."""

    def __init__(self, coins: CoinColumns, makers: MarketMakers, rng: np.random.Generator):
        self._coins = coins
        self._makers = makers
        self._rng = rng

    def fills(
        self, takers: OrderArrays, usd: Floats, resting: RestingOrders, start_ms: int
    ) -> FillArrays:
        """Return the fills of the taker orders and count them on the limit orders.

        Args:
            takers: By time.
            usd: Value of each taker order.
            resting: The limit orders of the minute.
            start_ms: Start of the minute.
        """
        fills = self._split(takers, usd)
        fills = self._with_limit_orders(fills, takers, resting, start_ms)
        fills = self._with_makers(fills, takers)
        fills = _merged(fills.take(fills.maker != takers.wallet[fills.order]))
        self._count(fills, takers, usd, resting)
        return fills

    def _split(self, takers: OrderArrays, usd: Floats) -> FillArrays:
        """Cut orders into parts; large ones into more."""
        size = np.clip(usd / 300, 0.03, 1e3) ** _SWEEP_SIZE_POWER
        noise = np.exp(_SWEEP_SPREAD * self._rng.standard_normal(len(takers)))
        count = np.clip(_SWEEP_MEDIAN * size * noise, 1, MAX_FILLS).astype(np.int64)
        order = np.repeat(np.arange(len(takers)), count)
        ends = np.cumsum(self._rng.exponential(size=len(order)) ** 1.5 + 1e-9)
        last = np.cumsum(count) - 1
        before = np.concatenate([[0.0], ends[last]])
        share = (ends - before[order]) / np.diff(before)[order]
        filled = np.floor(share * takers.units[order]).astype(np.int64)
        filled[last] = takers.units
        units = np.diff(filled, prepend=0)
        units[last[:-1] + 1] = filled[last[:-1] + 1]
        nobody = np.full(len(order), _NOBODY)
        parts = FillArrays(order, units, nobody.astype(np.int32), nobody, nobody)
        return parts.take(units > 0)

    def _with_limit_orders(
        self, fills: FillArrays, takers: OrderArrays, resting: RestingOrders, start_ms: int
    ) -> FillArrays:
        """Give parts to limit orders that are large enough for them."""
        coin, side = takers.coin[fills.order], takers.side[fills.order]
        slot = ((takers.time_ms[fills.order] - start_ms) // SLOT_MS).astype(np.int64)
        pool, rows = resting_pool(resting, self._coins.count, start_ms)
        group = group_of(coin, -side, slot)
        weight = pool.total[group]
        chance = weight / (weight + self._makers.presence[coin])
        at = np.flatnonzero(self._rng.random(len(fills)) < chance)
        row = rows[pool.draw(group[at], self._rng.random(len(at)))]
        is_enough = resting.remaining()[row] >= fills.units[at]
        at, row = at[is_enough], row[is_enough]
        maker, limit = fills.maker.copy(), fills.resting.copy()
        maker[at], limit[at] = resting.orders.wallet[row], row
        return replace(fills, maker=maker, resting=limit)

    def _with_makers(self, fills: FillArrays, takers: OrderArrays) -> FillArrays:
        """Give the other parts to market makers."""
        coin, buys = takers.coin[fills.order].astype(np.int64), takers.side[fills.order] > 0
        maker, quoter = fills.maker.copy(), fills.quoter.copy()
        is_open = fills.resting == _NOBODY
        for pool, is_side in zip(self._makers.pools(), (buys, ~buys), strict=True):
            at = np.flatnonzero(is_open & is_side)
            quoter[at] = pool.draw(coin[at], self._rng.random(len(at)))
            maker[at] = self._makers.wallet[quoter[at]]
        return replace(fills, maker=maker, quoter=quoter)

    def _count(
        self, fills: FillArrays, takers: OrderArrays, usd: Floats, resting: RestingOrders
    ) -> None:
        """Tell limit orders and market makers what they have done."""
        limits = fills.take(fills.resting != _NOBODY)
        resting.fill(limits.resting, limits.units)
        quoted = fills.take(fills.quoter != _NOBODY)
        part = quoted.units / takers.units[quoted.order]
        self._makers.bought(quoted.quoter, -takers.side[quoted.order] * usd[quoted.order] * part)


def _merged(fills: FillArrays) -> FillArrays:
    """Join the parts of an order that one wallet filled."""
    key = fills.order * (int(fills.maker.max(initial=0)) + 1) + fills.maker
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    units = np.zeros(len(first), dtype=np.int64)
    np.add.at(units, group, fills.units)
    order = np.argsort(first)
    return replace(fills.take(first[order]), units=units[order])
