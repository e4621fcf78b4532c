"""What each wallet did in the weeks before: trips in and out of coins, then what it still holds."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import CoinIds, Flags, Floats, Ints
from hypertrack.simulate.market.calendar import block_before
from hypertrack.simulate.market.instruments import Coin, CoinColumns, price_step
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.past_fills import PastFillArrays
from hypertrack.simulate.market.past_prices import PAST_DAYS, PastPrices
from hypertrack.simulate.market.population import Population

_MEDIAN_DAYS = 12.0
"""Since a wallet's first trip."""
_DAYS_SPREAD = 0.7
_TRIPS_PER_SESSION = 1.0
_MOST_TRIPS = 150
_MAKER_TRIPS = (2_000, 12_000)
"""Of market makers: of half of them, more than the venue still tells."""
_LONGEST_MS = 5 * DAY_MS
_DUST_SHARE = 0.3
_MIN_USD = 10.0
_MOST_SIZE_SPREAD = 1.0
"""Wallets whose orders differ more than this would lose all they have before the market opens."""


class PastTrading:
    """Tells one wallet's past at a time; the same wallet has the same past.

    Args:
        people: The wallets.
        coins: Of the market.
        past: What coins cost.
        openings: The fills that built what wallets hold at the start.
        rng: Returns a generator for a wallet.
    """

    def __init__(
        self,
        people: Population,
        coins: tuple[Coin, ...],
        past: PastPrices,
        openings: PastFillArrays,
        rng: Callable[[int], np.random.Generator],
    ):
        self._people = people
        self._columns = CoinColumns(coins)
        self._is_spot = np.array([coin.kind == "spot" for coin in coins])
        self._past = past
        self._openings = openings
        self._rng = rng
        self._end_ms = int(past.hours_ms[-1]) - HOUR_MS

    def of_wallet(self, wallet: int) -> PastFillArrays:
        """Return all that a wallet traded, by time."""
        openings = self._openings.of_wallet(wallet)
        trips = self._trips(wallet, openings, self._rng(wallet))
        return PastFillArrays.join([trips, openings]).in_order()

    def _trips(
        self, wallet: int, openings: PastFillArrays, rng: np.random.Generator
    ) -> PastFillArrays:
        """Return trips that are over before the wallet built what it still holds of the coin."""
        people = self._people
        days = min(_MEDIAN_DAYS * np.exp(_DAYS_SPREAD * rng.standard_normal()), PAST_DAYS - 1.0)
        count = self._count(wallet, days, rng)
        coin = people.pick_coin(np.full(count, wallet, dtype=np.int32), rng)
        held = people.holding_ms[wallet] * np.exp(0.7 * rng.standard_normal(count))
        enter = self._end_ms - days * DAY_MS * rng.random(count)
        leave = enter + np.minimum(held, _LONGEST_MS)
        free_until = np.full(self._columns.count, float(self._end_ms))
        np.minimum.at(free_until, openings.coin, openings.time_ms - float(HOUR_MS))
        is_over = leave < free_until[coin]
        coin, enter, leave = coin[is_over], enter[is_over], leave[is_over]
        units = self._units(wallet, coin, enter, rng)
        can_leave = leave + DAY_MS < free_until[coin]
        left = self._left(coin, can_leave, units, rng)
        entries = self._leg(wallet, coin, enter, units, rng)
        exits = self._leg(wallet, coin, leave, left - units, rng)
        dust = self._dust(self._leg(wallet, coin, leave, -left, rng))
        return PastFillArrays.join([entries, exits, dust])

    def _left(self, coin: CoinIds, can_leave: Flags, units: Ints, rng: np.random.Generator) -> Ints:
        """Return what stays of some spot trips: too little to be sold."""
        is_dusty = self._is_spot[coin] & (units > 1) & (rng.random(len(coin)) < _DUST_SHARE)
        return (is_dusty & can_leave).astype(np.int64)

    def _dust(self, left: PastFillArrays) -> PastFillArrays:
        """Return what is left as the venue converts it: for all at once, at the end of the day."""
        left = left.take(left.units != 0)
        midnight = (left.time_ms // DAY_MS + 1) * DAY_MS
        return replace(
            left,
            time_ms=block_before(midnight),
            is_taker=np.ones(len(left), dtype=bool),
            is_dust=np.ones(len(left), dtype=bool),
        )

    def _count(self, wallet: int, days: float, rng: np.random.Generator) -> int:
        if KINDS[self._people.kind[wallet]].name == "market_maker":
            low, high = np.log(_MAKER_TRIPS)
            return int(np.exp(rng.uniform(low, high)))
        expected = self._people.sessions_per_day[wallet] * _TRIPS_PER_SESSION * days
        return int(rng.poisson(min(expected, _MOST_TRIPS)))

    def _units(self, wallet: int, coin: CoinIds, time_ms: Floats, rng: np.random.Generator) -> Ints:
        """Return signed sizes of entries; spot is bought first."""
        people = self._people
        spread = min(people.size_spread[wallet], _MOST_SIZE_SPREAD)
        noise = np.exp(spread * rng.standard_normal(len(coin)))
        usd = np.maximum(people.size_usd[wallet] * noise, _MIN_USD)
        size = usd / self._past.at(time_ms, coin)
        units = np.maximum(np.round(size * self._columns.size_scale[coin]), 1).astype(np.int64)
        buys = self._is_spot[coin] | (rng.random(len(coin)) < 0.5)
        signed: Ints = np.where(buys, units, -units)
        return signed

    def _leg(
        self, wallet: int, coin: CoinIds, time_ms: Floats, units: Ints, rng: np.random.Generator
    ) -> PastFillArrays:
        """Return entries or exits, at prices that wander around those of the hour."""
        wander = self._columns.volatility[coin] / np.sqrt(DAY_MS / HOUR_MS) / 2
        price = self._past.at(time_ms, coin) * np.exp(wander * rng.standard_normal(len(coin)))
        step = price_step(price, self._columns.price_decimals[coin])[1]
        return PastFillArrays(
            time_ms=block_before(time_ms),
            wallet=np.full(len(coin), wallet, dtype=np.int32),
            coin=coin,
            units=units,
            price=np.round(price * step) / step,
            is_taker=rng.random(len(coin)) >= self._people.limit_share[wallet],
            is_dust=np.zeros(len(coin), dtype=bool),
        )
