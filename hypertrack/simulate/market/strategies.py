"""What wallets do at their moments: which way, how much, for how long."""

import numpy as np

from hypertrack.records import MINUTE_MS
from hypertrack.simulate.market.arrays import CoinIds, Flags, Floats, Ids, Ints, Signs, clipped
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.orders import MIN_ORDER_USD, MomentArrays, OrderArrays
from hypertrack.simulate.market.population import Population

MAX_FORESIGHT = 0.8
"""Largest correlation of a wallet's direction with the coming return."""

MEAN_ABS_NORMAL = float(np.sqrt(2 / np.pi))

_KNOWS = 0.2
"""What foresight adds to the expected side from which on one knows this coin, and trades it."""

HOLDING_SPREAD = 0.5
"""Standard deviation of the log of one wallet's holding times."""

MAX_ORDER_USD = 2e5
MOST_TIMES_USUAL = 40.0
"""Largest order beside a wallet's median one: what it brought in bears a session of such."""

TWAP_GAP_MS = 30_000.0
"""The venue cuts a TWAP order into slices 30 s apart."""
_OFTEN = 0.3
"""Share of TWAPs from which they make the most of what a wallet builds."""

_SLICE_SPREAD = 0.004
"""Of a TWAP's slices; measured .002 to .005."""

_FAST_MS = float(MINUTE_MS)
_SLOW_MS = 15.0 * MINUTE_MS
_OVERLAP = float(np.sqrt(_FAST_MS / _SLOW_MS))
"""Correlation of the return of the last minute with that of the last 15."""


_CDF_WEIGHTS = (0.319381530, -0.356563782, 1.781477937, -1.821255978, 1.330274429)


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
        """Return one entry order for each moment; what its session has settled stays."""
        people, rng = self._population, self._rng
        wallet, count = moments.wallet, len(moments)
        roams = (rng.random(count) < people.roaming[wallet]) & ~moments.is_twap
        roams &= np.abs(moments.foreseen) < _KNOWS
        coin = np.where(roams, people.pick_coin(wallet, rng), moments.coin)
        horizon = np.where(moments.horizon_ms > 0, moments.horizon_ms, self.horizon(wallet))
        closes = (rng.random(count) < people.exit_share[wallet]) & ~moments.is_twap
        side, foreseen = self._decided(moments, coin, horizon)
        is_own_size = (moments.units == 0) | (coin != moments.coin)
        units = np.where(is_own_size, self.units(moments.time_ms, wallet, coin), moments.units)
        units = np.where(moments.is_twap, self._sliced(units), units)
        return OrderArrays(
            time_ms=moments.time_ms,
            wallet=wallet,
            coin=coin,
            side=side,
            units=units,
            holding_ms=np.where(closes, horizon, 0.0),
            horizon_ms=horizon,
            foreseen=foreseen,
            is_limit=moments.is_limit,
            is_twap=moments.is_twap,
            is_exit=np.zeros(count, dtype=bool),
        )

    def _decided(
        self, moments: MomentArrays, coin: CoinIds, horizon: Floats
    ) -> tuple[Signs, Floats]:
        """Return each order's side and foresight: the session's, or its own."""
        side, foreseen = moments.side.copy(), moments.foreseen.copy()
        own = np.flatnonzero(side == 0)
        side[own], foreseen[own] = self.views(
            moments.time_ms[own],
            moments.wallet[own],
            coin[own],
            horizon[own],
            moments.is_limit[own],
        )
        return side, foreseen

    def horizon(self, wallet: Ids) -> Floats:
        """Return for how long each will hold."""
        spread = HOLDING_SPREAD * self._rng.standard_normal(len(wallet))
        horizon: Floats = self._population.holding_ms[wallet] * np.exp(
            spread - HOLDING_SPREAD**2 / 2
        )
        return horizon

    def views(
        self, time: Floats, wallet: Ids, coin: CoinIds, horizon: Floats, may_rest: Flags
    ) -> tuple[Signs, Floats]:
        """Return the sign of a view, and what foresight adds to the expected sign.

        Whoever foresees something takes it at once: views that may become limit orders are blind.

        The view is a sum of three normal variables of total variance 1, of what went before, of
        what is foreseen and of noise, so that a correlation ``foresight`` with the coming return
        earns ``foresight * sigma * sqrt(2/pi)`` on average.
        """
        people, rng = self._population, self._rng
        level = self._prices.relative_volatility(time, coin)
        foresight, ahead = np.zeros(len(wallet)), np.zeros(len(wallet))
        able = self._able(time, wallet, ~may_rest)
        foresight[able], ahead[able] = self._seen_ahead(
            time[able], wallet[able], coin[able], horizon[able], level[able]
        )
        room = np.sqrt(0.98 - foresight**2)
        trend = clipped(people.trend[wallet], -room, room)
        past = trend * self._past(time, wallet, coin, level)
        noise = np.sqrt(1 - foresight**2 - trend**2)
        view = past + ahead + noise * rng.standard_normal(len(wallet))
        bias = people.long_bias[wallet]
        side = np.where(rng.random(len(wallet)) < np.abs(bias), bias, view)
        foreseen = np.zeros(len(wallet))
        blind = past[able] / np.sqrt(1 - trend[able] ** 2)
        seeing = (past[able] + ahead[able]) / noise[able]
        below = normal_cdf(np.concatenate([seeing, blind]))  # many at once take little longer
        gained = below[: len(able)] - below[len(able) :]
        foreseen[able] = (1 - np.abs(bias[able])) * 2 * gained
        return np.sign(side).astype(np.int8), foreseen

    def _able(self, time: Floats, wallet: Ids, takes: Flags) -> Ints:
        """Return the rows of those who foresee something at the time; few do."""
        people = self._population
        is_able = (people.foresight[wallet] != 0) | (people.aim_bps[wallet] != 0)
        rows: Ints = np.flatnonzero(is_able & takes)
        since, until = people.skill_from_ms[wallet[rows]], people.skill_until_ms[wallet[rows]]
        return rows[(since <= time[rows]) & (time[rows] < until)]

    def _seen_ahead(
        self, time: Floats, wallet: Ids, coin: CoinIds, horizon: Floats, level: Floats
    ) -> tuple[Floats, Floats]:
        """Return the correlation with the coming return, and what is seen of it, standardised."""
        people = self._population
        until = time + np.minimum(horizon, self._prices.look_ahead_ms)
        sigma = self._prices.sigma(until - time, coin) * level
        heeded = 1 - np.abs(people.long_bias[wallet])  # the rest of its entries earns nothing
        aim = people.aim_bps[wallet] / heeded
        foresight = people.foresight[wallet] + aim / 1e4 / (MEAN_ABS_NORMAL * sigma)
        foresight = clipped(foresight, -MAX_FORESIGHT, MAX_FORESIGHT)
        return foresight, foresight * self._prices.surprise(time, until, coin) / sigma

    def _sliced(self, units: Ints) -> Ints:
        """Return slices as equal as the venue's, which make up for what rounding left."""
        uneven = 1 + _SLICE_SPREAD * self._rng.standard_normal(len(units))
        return np.maximum(np.round(units * uneven), 1).astype(np.int64)

    def _past(self, time: Floats, wallet: Ids, coin: CoinIds, level: Floats) -> Floats:
        """Return what the wallet sees of the past, standardised."""
        slow = self._population.slow_trend[wallet]
        minute = self._change(time - _FAST_MS, time, coin) / self._prices.sigma(_FAST_MS, coin)
        quarter = self._change(time - _SLOW_MS, time, coin) / self._prices.sigma(_SLOW_MS, coin)
        scale = np.sqrt((1 - slow) ** 2 + slow**2 + 2 * slow * (1 - slow) * _OVERLAP)
        past: Floats = ((1 - slow) * minute + slow * quarter) / (scale * level)
        return past

    def _change(self, start_ms: Floats, end_ms: Floats, coin: CoinIds) -> Floats:
        change: Floats = self._prices.log_price(end_ms, coin)
        return change - self._prices.log_price(start_ms, coin)

    def units(self, time: Floats, wallet: Ids, coin: CoinIds) -> Ints:
        """Return order sizes, some of them round numbers of dollars or of coins."""
        people, rng = self._population, self._rng
        noise = people.size_spread[wallet] * rng.standard_normal(len(wallet))
        usd = people.size_usd[wallet] * np.minimum(np.exp(noise), MOST_TIMES_USUAL)
        usd = clipped(usd, MIN_ORDER_USD, MAX_ORDER_USD)
        is_round = rng.random(len(wallet)) < people.round_share[wallet]
        likes_dollars = wallet % 2 == 0
        dollars = np.flatnonzero(is_round & likes_dollars)
        usd[dollars] = _rounded(usd[dollars])
        units = usd * self._coins.size_scale[coin] / np.exp(self._prices.log_price(time, coin))
        coins = np.flatnonzero(is_round & ~likes_dollars)
        units[coins] = _rounded(units[coins])
        return np.maximum(np.ceil(units), 1).astype(np.int64)


def built_usd(people: Population) -> Floats:
    """Return about what each wallet builds in a session that goes one way."""
    gap_ms = np.where(people.twap_share > _OFTEN, TWAP_GAP_MS, people.gap_ms)
    mean = np.minimum(np.exp(people.size_spread**2 / 2), MOST_TIMES_USUAL)
    built: Floats = people.size_usd * mean * people.session_ms / gap_ms
    return built


def normal_cdf(values: Floats) -> Floats:
    """Return the standard normal distribution function, to 1e-7.

    Source:
        Abramowitz and Stegun, 26.2.17.
    """
    near = 1 / (1 + 0.2316419 * np.abs(values))
    weight = np.zeros_like(near)
    for factor in reversed(_CDF_WEIGHTS):  # by Horner's rule: powers of arrays are slow
        weight = near * (factor + weight)
    tail = np.exp(-(values**2) / 2) / np.sqrt(2 * np.pi) * weight
    below: Floats = np.where(values > 0, 1 - tail, tail)
    return below


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
