"""The flow of trades: a minute of sessions, orders, fills and quotes after the other."""

from dataclasses import dataclass

import numpy as np

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.arrays import (
    FactArrays,
    Floats,
    Ints,
    QuoteArrays,
    TradeArrays,
    clipped,
)
from hypertrack.simulate.market.calendar import block_after, block_times
from hypertrack.simulate.market.exits import Exits
from hypertrack.simulate.market.facts import FactFinder
from hypertrack.simulate.market.fees import fees_bps
from hypertrack.simulate.market.following import Followers
from hypertrack.simulate.market.identifiers import trade_ids
from hypertrack.simulate.market.instruments import Coin, CoinColumns, price_step
from hypertrack.simulate.market.latent_prices import (
    LOOK_BACK_MS,
    STEP_MS,
    LatentPrices,
)
from hypertrack.simulate.market.limit_orders import limit_prices
from hypertrack.simulate.market.makers import MarketMakers
from hypertrack.simulate.market.matching import FillArrays, Matching
from hypertrack.simulate.market.orders import OrderArrays, OrderQueue, RestingOrders
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.quotes import QuoteGrid, Quoter, just_after_change
from hypertrack.simulate.market.strategies import Strategies, reacts
from hypertrack.simulate.market.tempo import Tempo
from hypertrack.simulate.market.trading_sessions import Sessions

_REACTION_MS = 200.0
_REACH = 2.0
"""Deepest price of a sweep, in units of the order's impact: the median."""
_REACH_SPREAD = 1.8
"""Of its log: most orders meet enough at the best price, some sweep a thin book."""
_MOST_REACH = 0.02


@dataclass(frozen=True)
class Minute:
    """What happens in a stretch of at most a minute."""

    trades: TradeArrays
    quotes: QuoteArrays
    facts: FactArrays | None
    """None where they were not asked for."""
    prices: Floats
    """Fair prices at its end: latent, with what stays of orders' impact; ``[coins]``."""
    impact: Floats
    """As in `Chunk`."""


class Flow:
    """Trades and quotes, in the order of time."""

    def __init__(
        self,
        settings: SimulateSettings,
        population: Population,
        named_coins: tuple[Coin, ...],
        prices: LatentPrices,
        tempo: Tempo,
        start_ms: int,
    ):
        coins = CoinColumns(named_coins)
        self._population = population
        self._coins = coins
        self._prices = prices
        self._tempo = tempo
        self._rng = np.random.default_rng([settings.seed, 3])
        self._makers = MarketMakers(population, coins, self._rng, settings.trades_per_second)
        prices.extend(start_ms + prices.look_ahead_ms)
        self._strategies = Strategies(population, coins, prices, self._rng)
        self._sessions = Sessions(
            population, prices, self._strategies, self._rng, tempo.factor, start_ms
        )
        self._followers = Followers(population, self._strategies, self._rng)
        self._exits = Exits(population, prices, self._rng)
        self._matching = Matching(coins, self._makers, population.partner, self._rng)
        self._quoter = Quoter(coins, prices, self._rng)
        self._facts = FactFinder(prices, fees_bps(named_coins, is_taker=True))
        self._resting = RestingOrders()
        self._queue = OrderQueue()
        self._n_orders = 0
        self._n_trades = int(self._rng.integers(1, 2**40))

    def minute(self, start_ms: int, end_ms: int, *, with_facts: bool) -> Minute:
        """Return what happens in a stretch of at most a minute; stretches follow each other."""
        self._prices.extend(end_ms + self._prices.look_ahead_ms)
        limits, takers = self._arrivals(start_ms, end_ms)
        usd = self._usd(takers)
        grid = self._quoter.grid(start_ms, end_ms, *self._pressures(takers, usd, start_ms, end_ms))
        self._rest(limits, grid)
        fills = self._matching.fills(takers, usd, self._resting, grid)
        fills, price = self._priced(takers, usd, fills, grid)
        trades = self._trades(takers, fills, price)
        facts = None
        if with_facts:
            facts = self._facts.facts(takers, self._resting.orders, fills, grid)
        prices = self._end_prices(end_ms)
        self._settle(end_ms, prices)
        self._tempo.learn(len(trades), start_ms, end_ms)
        self._prices.forget(start_ms - LOOK_BACK_MS)
        return Minute(trades, self._quoter.changes(grid), facts, prices, grid.impact[1:])

    def begin(self) -> None:
        """Forget what moved prices while nobody looked."""
        self._quoter.forget_impact()

    def _arrivals(self, start_ms: int, end_ms: int) -> tuple[OrderArrays, OrderArrays]:
        """Return the stretch's limit orders, and its taker orders by time."""
        moments = self._sessions.advance(start_ms, end_ms, self._tempo.factor)
        entries = self._followers.together(self._strategies.orders(moments))
        copies = self._followers.copies(entries)
        self._queue.push(copies)
        taken = OrderArrays.join([entries.take(~entries.is_limit), copies])
        self._queue.push(self._exits.of(taken))
        orders = self._timed(OrderArrays.join([entries, self._queue.due(end_ms)]), start_ms, end_ms)
        takes = np.flatnonzero(~orders.is_limit)
        by_time = takes[np.argsort(orders.time_ms[takes], kind="stable")]
        return orders.take(orders.is_limit), orders.take(by_time)

    def _rest(self, limits: OrderArrays, grid: QuoteGrid) -> None:
        """Put limit orders into the book."""
        people, wallet = self._population, limits.wallet
        noise = np.exp(0.5 * self._rng.standard_normal(len(limits)))
        patience = people.patience_ms[wallet] * noise
        level = self._prices.relative_volatility(limits.time_ms, limits.coin)
        sigma = self._prices.sigma(patience, limits.coin) * level
        decimals = self._coins.price_decimals[limits.coin]
        price = limit_prices(limits, grid, sigma, decimals, self._rng)
        follows = people.is_bot[wallet] | limits.is_exit
        self._resting.add(limits, price, follows, patience, people.keenness[wallet])

    def _timed(self, orders: OrderArrays, start_ms: int, end_ms: int) -> OrderArrays:
        """Return the orders with the time of their block, within the stretch."""
        delay = 10 + _REACTION_MS * self._rng.random(len(orders))
        quick = just_after_change(orders.time_ms, orders.coin, delay)
        time = np.where(reacts(self._population, orders, self._rng), quick, orders.time_ms)
        late = start_ms + 3_000 * self._rng.random(len(orders))  # what came due while nobody looked
        block = block_times(block_after(np.where(time < start_ms, late, time)))
        latest = block_times(np.array([block_after(end_ms) - 3]))
        return orders.with_columns(time_ms=np.minimum(block, latest).astype(np.float64))

    def _usd(self, orders: OrderArrays) -> Floats:
        size = orders.units / self._coins.size_scale[orders.coin]
        return size * np.exp(self._prices.log_price(orders.time_ms, orders.coin))

    def _pressures(
        self, takers: OrderArrays, usd: Floats, start_ms: int, end_ms: int
    ) -> tuple[Floats, Floats]:
        """Return the signed impact of the orders by step and coin: what fades, and what stays."""
        shape = -(-(end_ms - start_ms) // STEP_MS), self._coins.count
        step = ((takers.time_ms - start_ms) // STEP_MS).astype(np.int64)
        cell = step * self._coins.count + takers.coin

        def net(impact: Floats) -> Floats:
            total = np.bincount(cell, takers.side * impact, shape[0] * shape[1])
            return total.reshape(shape).astype(np.float64)

        fading = self._quoter.impact(usd, takers.coin)
        return net(fading), net(self._quoter.lasting_impact(usd, takers.coin))

    def _priced(
        self, takers: OrderArrays, usd: Floats, fills: FillArrays, grid: QuoteGrid
    ) -> tuple[FillArrays, Floats]:
        """Return fills with their prices, the best of each order first.

        A limit order gets its own. Of market makers the first part of an order gets the best
        price, and the later ones worse ones.
        """
        row = grid.row(takers.time_ms.astype(np.int64), takers.coin)
        best = np.where(takers.side > 0, grid.ask[row, takers.coin], grid.bid[row, takers.coin])
        luck = np.exp(_REACH_SPREAD * self._rng.standard_normal(len(takers)))
        reach = takers.side * _REACH * luck * self._quoter.impact(usd, takers.coin)
        reach = clipped(reach, -_MOST_REACH, _MOST_REACH)
        quoted = best[fills.order] * (1 + reach[fills.order] * _before(fills))
        price = np.where(fills.resting < 0, quoted, fills.limit_price)
        scale = price_step(price, self._coins.price_decimals[takers.coin[fills.order]])[1]
        price = np.round(price * scale) / scale
        order = np.lexsort((price * takers.side[fills.order], fills.order))
        return fills.take(order), price[order]

    def _trades(self, takers: OrderArrays, fills: FillArrays, price: Floats) -> TradeArrays:
        order, maker = fills.order, fills.maker
        coin, taker = takers.coin[order], takers.wallet[order]
        is_buy = takers.side[order] > 0
        number = self._n_trades + np.arange(len(fills))
        trades = TradeArrays(
            time_ms=takers.time_ms[order].astype(np.int64),
            coin=coin,
            price=price,
            size=fills.units / self._coins.size_scale[coin],
            is_buy=is_buy,
            trade_id=trade_ids(number),
            buyer=np.where(is_buy, taker, maker),
            seller=np.where(is_buy, maker, taker),
            is_zero_hash=takers.is_twap[order],
            order=self._n_orders + order,
        )
        self._n_trades += len(fills)
        self._n_orders += len(takers)
        return trades

    def _end_prices(self, end_ms: int) -> Floats:
        every = np.arange(self._coins.count, dtype=np.int16)
        latent = self._prices.log_price(np.full(len(every), end_ms), every)
        prices: Floats = np.exp(latent + self._quoter.stays)
        return prices

    def _settle(self, end_ms: int, prices: Floats) -> None:
        """Plan how limit orders that are over, and market makers, get out again."""
        done, left = self._resting.settle(end_ms)
        self._queue.push(self._exits.of(done.take(~done.is_exit)))
        tries = self._rng.random(len(left)) < self._population.limit_share[left.wallet]
        self._queue.push(left.with_columns(is_limit=tries))
        self._queue.push(self._makers.hedges(end_ms, prices))


def _before(fills: FillArrays) -> Floats:
    """Return the share of its order that was filled before each part."""
    ends: Ints = np.cumsum(fills.units)
    starts = ends - fills.units
    first = np.searchsorted(fills.order, fills.order)
    total = np.bincount(fills.order, fills.units)[fills.order]
    before: Floats = (starts - starts[first]) / total
    return before
