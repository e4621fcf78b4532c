"""What accounts are worth, now and at times past, by place: perps of a dex, or spot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.account_ledger import Account
from hypertrack.simulate.venue.flow_answers import usd_by_place
from hypertrack.simulate.venue.hourly_rates import HourlyRates

SPOT = "spot"


def place_of(coin: Coin) -> str:
    """Return where a position in a coin is held: "" or a builder's dex for perps, or "spot"."""
    if coin.kind in ("spot", "outcome"):
        return SPOT
    return coin.name.partition(":")[0] if ":" in coin.name else ""


@dataclass(frozen=True)
class AccountValues:
    """Values of one account over time.

    Money is counted as it moved, so that what an account is worth is what came in, what trades
    and funding brought, and its positions at the prices of the time.
    """

    account: Account
    wallet: str
    flows: Sequence[CashFlow]
    hours: HourlyRates
    marks: Mapping[int, float]
    """Prices now of the coins held."""
    now_ms: int

    def cash_usd(self, place: str) -> float:
        """Return a place's cash now."""
        return float(self._cash(place, np.array([self.now_ms]))[0])

    def worth_usd(self, times_ms: Ints, places: Sequence[str]) -> Floats:
        """Return what places were worth in all at rising times."""
        total: Floats = sum(
            (self._cash(place, times_ms) + self._positions(place, times_ms) for place in places),
            start=np.zeros(len(times_ms)),
        )
        return total

    def brought_usd(self, times_ms: Ints, places: Sequence[str]) -> Floats:
        """Return what had come into places from outside of them until then."""
        moves = [
            (flow.time_ms, usd)
            for flow in self.flows
            for place, usd in usd_by_place(flow, self.wallet)
            if place in places
        ]
        return _running(moves, times_ms)

    def volume_usd(self, since_ms: int, places: Sequence[str]) -> float:
        """Return what was traded since."""
        coins = self.account.coins
        return sum(
            abs(_usd(fill.trade.units, coins[fill.trade.coin], fill.trade.price))
            for fill in self.account.fills
            if fill.trade.time_ms >= since_ms and place_of(coins[fill.trade.coin]) in places
        )

    def _cash(self, place: str, times_ms: Ints) -> Floats:
        coins = self.account.coins
        paid = [
            (fill.trade.time_ms, -_usd(fill.trade.units, coins[fill.trade.coin], fill.trade.price))
            for fill in self.account.fills
            if place_of(coins[fill.trade.coin]) == place
        ]
        fees = [
            (fill.trade.time_ms, -fill.fee_usd)
            for fill in self.account.fills
            if place_of(coins[fill.trade.coin]) == place
        ]
        funded = [
            (payment.hour_ms, payment.usd)
            for payment in self.account.payments
            if place_of(coins[payment.coin]) == place
        ]
        traded = _running(paid, times_ms) + _running(fees, times_ms) + _running(funded, times_ms)
        return traded + self.brought_usd(times_ms, [place])

    def _positions(self, place: str, times_ms: Ints) -> Floats:
        worth = np.zeros(len(times_ms))
        for at, coin in enumerate(self.account.coins):
            if place_of(coin) != place or at not in self.account.holdings:
                continue
            own = [fill.trade for fill in self.account.fills if fill.trade.coin == at]
            held = _running([(trade.time_ms, trade.units) for trade in own], times_ms)
            price = self.hours.prices(at, times_ms)
            last = _last_of([(trade.time_ms, trade.price) for trade in own], times_ms)
            price = np.where(np.isnan(price), last, price)
            price[times_ms == self.now_ms] = self.marks[at]
            worth += np.where(held == 0, 0.0, coin.size_of(1) * held * price)
        return worth


def _usd(units: int, coin: Coin, price: float) -> float:
    return coin.size_of(units) * price


def _running(moves: Sequence[tuple[int, float]], times_ms: Ints) -> Floats:
    """Return the sums of what moved until each time."""
    if not moves:
        return np.zeros(len(times_ms))
    when, amount = np.array(moves, dtype=np.float64).T
    order = np.argsort(when, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(amount[order])])
    found: Floats = sums[np.searchsorted(when[order], times_ms, side="right")]
    return found


def _last_of(moves: Sequence[tuple[int, float]], times_ms: Ints) -> Floats:
    """Return the latest value at each time, NaN before the first."""
    when, value = np.array(moves, dtype=np.float64).T
    order = np.argsort(when, kind="stable")
    values = np.concatenate([[np.nan], value[order]])
    found: Floats = values[np.searchsorted(when[order], times_ms, side="right")]
    return found
