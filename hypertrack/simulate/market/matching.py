"""Taker orders meet the book: in how many parts, and with whom."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import (
    Columns,
    Flags,
    Floats,
    Ids,
    Ints,
    clipped,
    stable_order,
)
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.limit_orders import met_orders
from hypertrack.simulate.market.makers import MarketMakers
from hypertrack.simulate.market.orders import MIN_ORDER_USD, OrderArrays, RestingOrders
from hypertrack.simulate.market.quotes import QuoteGrid

MAX_FILLS = 140
"""Of one order; the venue's largest in the calibration window was 52."""

_SWEEP_SPREAD = 3.5
_SWEEP_SIZE_POWER = 0.25
_SWEEP_MEDIAN = 0.06

_TRIES = 3
"""Limit orders that a part of an order tries before a market maker takes it."""

_NOBODY = -1

_WASHED = 0.8
"""Share of a wash twin's orders that meet the other's."""


@dataclass(frozen=True)
class FillArrays(Columns):
    """Parts of taker orders, in the order in which they are filled."""

    order: Ints
    """Row of the taker order."""
    units: Ints
    maker: Ids
    resting: Ints
    """Row of the limit order that filled it, or -1."""
    limit_price: Floats
    """At which that order rested; NaN without one."""
    quoter: Ints
    """Row of the market maker on that coin that filled it, or -1."""


class Matching:
    """Fills taker orders, minute by minute."""

    def __init__(
        self, coins: CoinColumns, makers: MarketMakers, partner: Ints, rng: np.random.Generator
    ):
        self._coins = coins
        self._makers = makers
        self._partner = partner
        self._rng = rng

    def fills(
        self, takers: OrderArrays, usd: Floats, resting: RestingOrders, grid: QuoteGrid
    ) -> FillArrays:
        """Return the fills of the taker orders and count them on the limit orders.

        Args:
            takers: By time.
            usd: Value of each taker order.
            resting: The limit orders of the minute.
            grid: Quotes of the minute.
        """
        order, units = self._split(takers, usd)
        washes = self._rng.random(len(takers)) < _WASHED * (self._partner[takers.wallet] >= 0)
        fills = self._from_limit_orders(order, units, takers, resting, grid, ~washes)
        fills = self._with_makers(fills, takers)
        fills = self._with_partners(fills, takers, washes)
        fills = _merged(fills.take(fills.maker != takers.wallet[fills.order]))
        self._tell_makers(fills, takers, usd)
        return fills

    def _split(self, takers: OrderArrays, usd: Floats) -> tuple[Ints, Ints]:
        """Cut orders into parts, large ones into more; return the parts' orders and units."""
        size = clipped(usd / 300, 0.03, 1e3) ** _SWEEP_SIZE_POWER
        noise = np.exp(_SWEEP_SPREAD * self._rng.standard_normal(len(takers)))
        most = clipped(usd / MIN_ORDER_USD, 1, MAX_FILLS)
        count = clipped(_SWEEP_MEDIAN * size * noise, 1, most).astype(np.int64)
        order = np.repeat(np.arange(len(takers)), count)
        ends = np.cumsum(self._rng.exponential(size=len(order)) + 0.15)
        last = np.cumsum(count) - 1
        before = np.concatenate([[0.0], ends[last]])
        share = (ends - before[order]) / np.diff(before)[order]
        filled = np.floor(share * takers.units[order]).astype(np.int64)
        filled[last] = takers.units
        units = np.diff(filled, prepend=0)
        units[last[:-1] + 1] = filled[last[:-1] + 1]
        return order[units > 0], units[units > 0]

    def _from_limit_orders(
        self,
        order: Ints,
        units: Ints,
        takers: OrderArrays,
        resting: RestingOrders,
        grid: QuoteGrid,
        may: Flags,
    ) -> FillArrays:
        """Fill parts from limit orders as far as those have units left; the rest has no maker.

        Args:
            may: Taker orders that limit orders may fill.
        """
        met = met_orders(takers, resting, grid)
        weight = met.pool.total
        chance = weight / (weight + self._makers.presence[takers.coin])
        tries = (self._rng.random(len(order)) < chance[order]) & may[order]
        fills = [_no_maker(order[~tries], units[~tries])]
        order, units = order[tries], units[tries]
        for _ in range(_TRIES):
            pair = met.pool.draw(order, self._rng.random(len(order)))
            row = met.resting[pair]
            got = _available(row, units, resting.remaining())
            resting.fill(row, got)
            some = got > 0
            maker, price = resting.orders.wallet[row[some]], met.price[pair[some]]
            nobody = np.full(len(maker), _NOBODY)
            fills.append(FillArrays(order[some], got[some], maker, row[some], price, nobody))
            left = units > got
            order, units = order[left], (units - got)[left]
        joined = FillArrays.join([*fills, _no_maker(order, units)])
        return joined.take(stable_order(joined.order, len(takers)))

    def _with_makers(self, fills: FillArrays, takers: OrderArrays) -> FillArrays:
        """Give the other parts to market makers."""
        coin, buys = takers.coin[fills.order].astype(np.int64), takers.side[fills.order] > 0
        maker, quoter = fills.maker.copy(), fills.quoter.copy()
        is_open = fills.resting == _NOBODY
        for pool, is_side in zip(self._makers.pools(), (buys, ~buys), strict=True):
            at = np.flatnonzero(is_open & is_side)
            quoter[at] = pool.draw(coin[at], self._rng.random(len(at)))
            maker[at] = self._makers.wallet[quoter[at]]
        return fills.with_columns(maker=maker, quoter=quoter)

    def _with_partners(self, fills: FillArrays, takers: OrderArrays, washes: Flags) -> FillArrays:
        """Let wash twins fill each other's orders."""
        is_washed = washes[fills.order]
        partner = self._partner[takers.wallet][fills.order]
        maker = np.where(is_washed, partner, fills.maker).astype(np.int32)
        return fills.with_columns(maker=maker, quoter=np.where(is_washed, _NOBODY, fills.quoter))

    def _tell_makers(self, fills: FillArrays, takers: OrderArrays, usd: Floats) -> None:
        """Add what market makers bought and sold to their inventories."""
        quoted = fills.take(fills.quoter != _NOBODY)
        part = quoted.units / takers.units[quoted.order]
        bought = -takers.side[quoted.order] * usd[quoted.order] * part
        self._makers.bought(quoted.quoter, bought)


def _no_maker(order: Ints, units: Ints) -> FillArrays:
    nobody = np.full(len(order), _NOBODY)
    no_price = np.full(len(order), np.nan)
    return FillArrays(order, units, nobody.astype(np.int32), nobody, no_price, nobody)


def _available(row: Ints, asked: Ints, remaining: Ints) -> Ints:
    """Return what each asker gets of its limit order, one after the other."""
    order = stable_order(row, len(remaining))
    ranked, wanted = row[order], asked[order]
    ends = np.cumsum(wanted)
    first = np.searchsorted(ranked, ranked)
    before = ends - wanted - (ends - wanted)[first]
    got = np.empty(len(row), dtype=np.int64)
    got[order] = clipped(remaining[ranked] - before, 0, wanted)
    return got


def _merged(fills: FillArrays) -> FillArrays:
    """Join the parts of an order that one wallet filled."""
    key = fills.order * (int(fills.maker.max(initial=0)) + 1) + fills.maker
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    units = np.zeros(len(first), dtype=np.int64)
    np.add.at(units, group, fills.units)
    order = np.argsort(first)
    return fills.take(first[order]).with_columns(units=units[order])
