"""Who is active when: wallets trade in sessions, and a session is a row of moments to act."""

from dataclasses import dataclass

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.simulate.market.arrays import (
    CoinIds,
    Columns,
    Flags,
    Floats,
    Ids,
    Ints,
    Signs,
    clipped,
)
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.orders import MomentArrays
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.strategies import Strategies

TWAP_GAP_MS = 30_000.0
"""The venue cuts a TWAP order into slices 30 s apart."""

_PAST_MS = 6 * HOUR_MS
_RATE_AGE_MS = 15 * MINUTE_MS
_EAGER_VOLATILITY = 1.6
"""Relative volatility from which a wallet with a taste for it never holds back."""
_MIXED_SHARE = 0.06
"""Of sessions, with orders of both sorts."""

_FAST_GAP_MS = 2_500.0
"""Sessions faster than this use both sorts."""


@dataclass(frozen=True)
class SessionArrays(Columns):
    """Sessions under way."""

    wallet: Ids
    coin: CoinIds
    next_ms: Floats
    end_ms: Floats
    gap_ms: Floats
    side: Signs
    """Of all its orders; 0 where each decides."""
    foreseen: Floats
    """As in `OrderArrays`, of that side."""
    horizon_ms: Floats
    """Of all its orders; 0 where each has its own."""
    units: Ints
    """Of all its orders in its coin; 0 where each has its own."""
    limit_chance: Floats
    """Of each order, to be a limit order; most sessions have only one sort."""
    is_twap: Flags


class Sessions:
    """Sessions of all wallets, advanced through time."""

    def __init__(
        self,
        population: Population,
        prices: LatentPrices,
        strategies: Strategies,
        rng: np.random.Generator,
        tempo: float,
        start_ms: int,
    ):
        self._population = population
        self._prices = prices
        self._strategies = strategies
        self._rng = rng
        self._twap_side = rng.choice(np.array([-1, 1], dtype=np.int8), len(population))
        self._place = np.empty(len(population), dtype=np.int64)
        self._rates = np.empty(0)
        self._rates_until_ms = 0
        self._live = SessionArrays.none()
        self._live = self._in_progress(start_ms, tempo)

    def advance(self, start_ms: int, end_ms: int, tempo: float) -> MomentArrays:
        """Begin new sessions and return every moment of all sessions in the stretch.

        Args:
            start_ms: Where the last stretch ended.
            end_ms: Not included.
            tempo: Factor on how often sessions begin.
        """
        live = SessionArrays.join([self._live, self._begin(start_ms, end_ms, tempo)])
        moments = [MomentArrays.none()]
        todo = np.arange(len(live))
        while len(todo := todo[live.next_ms[todo] < np.minimum(live.end_ms[todo], end_ms)]):
            moments.append(self._moments(live, todo, end_ms))
        self._live = live.take(live.next_ms < live.end_ms)
        return MomentArrays.join(moments)

    def _moments(self, live: SessionArrays, todo: Ints, end_ms: int) -> MomentArrays:
        """Return moments of the sessions ``todo``; the first left out becomes their next."""
        limit = np.minimum(live.end_ms[todo], end_ms)
        room = (limit - live.next_ms[todo]) / live.gap_ms[todo]
        count = clipped(room * 1.3 + 3, 3, 500).astype(np.int64)
        row = np.repeat(todo, count)
        gap = live.gap_ms[row] * self._regularity(live, row)
        begin = np.cumsum(count) - count
        passed = np.cumsum(gap) - gap
        time = passed + np.repeat(live.next_ms[todo] - passed[begin], count)
        last = begin + count - 1
        live.next_ms[todo] = time[last] + gap[last]
        is_out = time >= np.repeat(limit, count)
        over, first = np.unique(row[is_out], return_index=True)
        live.next_ms[over] = time[is_out][first]
        row, time = row[~is_out], time[~is_out]
        is_limit = self._rng.random(len(row)) < live.limit_chance[row]
        return MomentArrays(
            time_ms=time,
            wallet=live.wallet[row],
            coin=live.coin[row],
            side=live.side[row],
            foreseen=live.foreseen[row],
            horizon_ms=live.horizon_ms[row],
            units=live.units[row],
            is_limit=is_limit,
            is_twap=live.is_twap[row],
        )

    def _regularity(self, live: SessionArrays, row: Ints) -> Floats:
        """Return factors around 1 for the gaps of sessions."""
        spread = np.where(live.is_twap[row], 0.0, self._population.gap_spread[live.wallet[row]])
        factor: Floats = np.exp(spread * self._rng.standard_normal(len(row)) - spread**2 / 2)
        return factor

    def _in_progress(self, start_ms: int, tempo: float) -> SessionArrays:
        """Return what has begun before the start and is not over."""
        past = self._begin(start_ms - _PAST_MS, start_ms, tempo)
        live = past.take(past.end_ms > start_ms)
        return live.with_columns(next_ms=start_ms + self._rng.random(len(live)) * live.gap_ms)

    def _begin(self, start_ms: int, end_ms: int, tempo: float) -> SessionArrays:
        """Draw the sessions that begin in the stretch."""
        people, rng = self._population, self._rng
        wallet, coin, time = self._starts(start_ms, end_ms, tempo)
        is_twap = rng.random(len(wallet)) < people.twap_share[wallet]
        gap = people.gap_ms[wallet] * np.exp(0.3 * rng.standard_normal(len(wallet)))
        length = people.session_ms[wallet] * np.exp(0.5 * rng.standard_normal(len(wallet)))
        limit_chance = np.where(is_twap, 0.0, self._limit_chances(wallet, gap))
        side, foreseen, horizon = self._directions(
            wallet, coin, time, length, is_twap, limit_chance > 0
        )
        repeats = is_twap | (rng.random(len(wallet)) < people.repeats[wallet])
        units = self._strategies.units(time, wallet, coin)
        return SessionArrays(
            wallet=wallet,
            coin=coin,
            next_ms=time,
            end_ms=time + length,
            gap_ms=np.where(is_twap, TWAP_GAP_MS, gap),
            side=side,
            foreseen=foreseen,
            horizon_ms=horizon,
            units=np.where(repeats, units, 0),
            limit_chance=limit_chance,
            is_twap=is_twap,
        )

    def _directions(
        self,
        wallet: Ids,
        coin: CoinIds,
        time: Floats,
        length_ms: Floats,
        is_twap: Flags,
        may_rest: Flags,
    ) -> tuple[Signs, Floats, Floats]:
        """Return side, foresight and horizon of sessions that go one way; zeros of others.

        What such a session builds it keeps until its end at least, so that it does not trade
        against itself.
        """
        count = len(wallet)
        side, foreseen = np.zeros(count, dtype=np.int8), np.zeros(count)
        horizon = np.zeros(count)
        goes = self._rng.random(count) < self._population.one_sided[wallet]
        at = np.flatnonzero(goes & ~is_twap)
        horizon[at] = np.maximum(self._strategies.horizon(wallet[at]), length_ms[at])
        side[at], foreseen[at] = self._strategies.views(
            time[at], wallet[at], coin[at], horizon[at], may_rest[at]
        )
        self._twap_side[wallet[is_twap]] *= -1
        side[is_twap] = self._twap_side[wallet[is_twap]]
        return side, foreseen, horizon

    def _limit_chances(self, wallet: Ids, gap_ms: Floats) -> Floats:
        """Return how often sessions use limit orders: always, never, or now and then."""
        share = self._population.limit_share[wallet]
        is_mixed = (self._rng.random(len(wallet)) < _MIXED_SHARE) | (gap_ms < _FAST_GAP_MS)
        return np.where(is_mixed, share, self._rng.random(len(wallet)) < share)

    def _starts(self, start_ms: int, end_ms: int, tempo: float) -> tuple[Ids, CoinIds, Floats]:
        """Return wallet, coin and time of new sessions."""
        people, rng = self._population, self._rng
        total = self._cumulative_rate(start_ms)
        count = rng.poisson(total[-1] * (end_ms - start_ms) * tempo)
        drawn = np.searchsorted(total, rng.random(count) * total[-1], side="right")
        wallet = drawn.astype(np.int32)
        wallet = wallet[~people.is_bot[wallet] | self._is_free(wallet)]
        coin = people.pick_coin(wallet, rng)
        time = start_ms + rng.random(len(wallet)) * (end_ms - start_ms)
        volatility = self._prices.relative_volatility(time, coin) / _EAGER_VOLATILITY
        begins = rng.random(len(wallet)) < volatility ** people.volatility_taste[wallet]
        return wallet[begins], coin[begins], time[begins]

    def _is_free(self, wallet: Ids) -> Flags:
        """Tell whose session is its only one; programs run one at a time."""
        row = np.arange(len(wallet))
        first = self._place  # only what is written here is read
        first[wallet[::-1]] = row[::-1]
        is_free: Flags = first[wallet] == row
        first[self._live.wallet] = -1
        return is_free & (first[wallet] >= 0)

    def _cumulative_rate(self, time_ms: int) -> Floats:
        """Return sessions a millisecond at this hour, added up over the wallets."""
        if not self._rates_until_ms - _RATE_AGE_MS <= time_ms < self._rates_until_ms:
            people = self._population
            hours = time_ms % DAY_MS / HOUR_MS - people.waking_hour
            awake = np.exp(people.sleep * np.cos(2 * np.pi * hours / 24)) / np.i0(people.sleep)
            self._rates = np.cumsum(people.sessions_per_day * awake / DAY_MS)
            self._rates_until_ms = time_ms + _RATE_AGE_MS
        return self._rates
