"""What wallets do at their moments: which way, how much, for how long."""

import numpy as np

from hypertrack.records import MINUTE_MS
from hypertrack.simulate.market.arrays import CoinIds, Flags, Floats, Ids, Ints, Signs
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.latent_prices import LOOK_AHEAD_MS, LatentPrices
from hypertrack.simulate.market.orders import MIN_ORDER_USD, OrderArrays
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.trading_sessions import MomentArrays

MAX_FORESIGHT = 0.8
"""Largest correlation of a wallet's direction with the coming return."""

MEAN_ABS_NORMAL = float(np.sqrt(2 / np.pi))

HOLDING_SPREAD = 0.5
"""Standard deviation of the log of one wallet's holding times."""

MAX_ORDER_USD = 2e5

_FAST_MS = float(MINUTE_MS)
_SLOW_MS = 15.0 * MINUTE_MS
_OVERLAP = float(np.sqrt(_FAST_MS / _SLOW_MS))
"""Correlation of the return of the last minute with that of the last 15."""


class Strategies:
    """Turns moments into orders."""

    def __init__(
        self,
        population: Population,
        coins: CoinColumns,
        prices: LatentPrices,
        rng: np.random.Generator,
    ):
        self._population = population
        self._coins = coins
        self._prices = prices
        self._rng = rng

    def orders(self, moments: MomentArrays) -> OrderArrays:
        """Return one entry order for each moment."""
        people, rng = self._population, self._rng
        wallet, count = moments.wallet, len(moments)
        roams = (rng.random(count) < people.roaming[wallet]) & ~moments.is_twap
        coin = np.where(roams, people.pick_coin(wallet, rng), moments.coin)
        spread = HOLDING_SPREAD * rng.standard_normal(count)
        holding = people.holding_ms[wallet] * np.exp(spread - HOLDING_SPREAD**2 / 2)
        closes = (rng.random(count) < people.exit_share[wallet]) & ~moments.is_twap
        side = np.where(
            moments.side != 0, moments.side, self._sides(moments.time_ms, wallet, coin, holding)
        )
        return OrderArrays(
            time_ms=moments.time_ms,
            wallet=wallet,
            coin=coin,
            side=side.astype(np.int8),
            units=self._units(moments.time_ms, wallet, coin),
            holding_ms=np.where(closes, holding, 0.0),
            is_limit=moments.is_limit,
            is_twap=moments.is_twap,
            is_exit=np.zeros(count, dtype=bool),
        )

    def _sides(self, time: Floats, wallet: Ids, coin: CoinIds, holding: Floats) -> Signs:
        """Return the sign of a view: what went before, what is foreseen, and noise.

        The view is a sum of three normal variables of total variance 1, so that a correlation
        ``foresight`` with the coming return earns ``foresight * sigma * sqrt(2/pi)`` on average.
        """
        people, rng = self._population, self._rng
        horizon = np.minimum(holding, LOOK_AHEAD_MS)
        level = self._prices.relative_volatility(time, coin)
        sigma = self._prices.sigma(horizon, coin) * level
        foresight = people.aim_bps[wallet] / 1e4 / (MEAN_ABS_NORMAL * sigma)
        foresight = np.clip(foresight, -MAX_FORESIGHT, MAX_FORESIGHT)
        ahead = self._return(time, time + horizon, coin) / sigma
        room = np.sqrt(0.98 - foresight**2)
        trend = np.clip(people.trend[wallet], -room, room)
        noise = np.sqrt(1 - foresight**2 - trend**2) * rng.standard_normal(len(wallet))
        view = trend * self._past(time, wallet, coin, level) + foresight * ahead + noise
        bias = people.long_bias[wallet]
        return np.sign(np.where(rng.random(len(wallet)) < np.abs(bias), bias, view)).astype(np.int8)

    def _past(self, time: Floats, wallet: Ids, coin: CoinIds, level: Floats) -> Floats:
        """Return what the wallet sees of the past, standardised."""
        slow = self._population.slow_trend[wallet]
        minute = self._return(time - _FAST_MS, time, coin) / self._prices.sigma(_FAST_MS, coin)
        quarter = self._return(time - _SLOW_MS, time, coin) / self._prices.sigma(_SLOW_MS, coin)
        scale = np.sqrt((1 - slow) ** 2 + slow**2 + 2 * slow * (1 - slow) * _OVERLAP)
        past: Floats = ((1 - slow) * minute + slow * quarter) / (scale * level)
        return past

    def _return(self, start_ms: Floats, end_ms: Floats, coin: CoinIds) -> Floats:
        change: Floats = self._prices.log_price(end_ms, coin)
        return change - self._prices.log_price(start_ms, coin)

    def _units(self, time: Floats, wallet: Ids, coin: CoinIds) -> Ints:
        """Return order sizes, some of them round numbers of dollars or of coins."""
        people, rng = self._population, self._rng
        noise = people.size_spread[wallet] * rng.standard_normal(len(wallet))
        usd = np.clip(people.size_usd[wallet] * np.exp(noise), MIN_ORDER_USD, MAX_ORDER_USD)
        is_round = rng.random(len(wallet)) < people.round_share[wallet]
        likes_dollars = wallet % 2 == 0
        usd = np.where(is_round & likes_dollars, _rounded(usd), usd)
        units = usd * self._coins.size_scale[coin] / np.exp(self._prices.log_price(time, coin))
        units = np.where(is_round & ~likes_dollars, _rounded(units), units)
        return np.maximum(np.ceil(units), 1).astype(np.int64)


def _rounded(values: Floats) -> Floats:
    """Return values with one significant digit, or 1.5 and 2.5 of their power of ten."""
    power = 10.0 ** np.floor(np.log10(np.maximum(values, 1e-9)))
    lead = values / power
    rounded: Floats = np.where(lead < 3, np.round(lead * 2) / 2, np.round(lead)) * power
    return rounded


def reacts(people: Population, orders: OrderArrays, rng: np.random.Generator) -> Flags:
    """Tell which taker orders answer a quote change at once."""
    wait_free = ~orders.is_limit & ~orders.is_twap
    return wait_free & (rng.random(len(orders)) < people.reaction[orders.wallet])
