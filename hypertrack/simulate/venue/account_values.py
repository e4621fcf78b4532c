"""What accounts are worth, now and at times past, by place: perps of a dex, or spot."""

from collections.abc import Mapping, Sequence
from operator import attrgetter

import numpy as np

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.arrays import CoinIds, Flags, Floats, Ints
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


class AccountValues:
    """Values of one account over time.

    Money is counted as it moved, so that what an account is worth is what came in, what trades
    and funding brought, and its positions at the prices of the time.

    Args:
        account: Carried forward to now.
        wallet: Whose it is.
        flows: What came in and went out so far.
        hours: Prices at times past.
        marks: Prices now of the coins held.
        now_ms: Exchange time.
    """

    def __init__(
        self,
        account: Account,
        wallet: str,
        flows: Sequence[CashFlow],
        hours: HourlyRates,
        marks: Mapping[int, float],
        now_ms: int,
    ):
        self.account = account
        self.wallet = wallet
        self.flows = flows
        self.marks = marks
        self.now_ms = now_ms
        self._hours = hours
        self._moves = [
            (flow.time_ms, place, usd)
            for flow in flows
            for place, usd in usd_by_place(flow, wallet)
        ]
        fills = account.columns.arrays()
        self._fills = fills.take(np.argsort(fills.time_ms, kind="stable"))  # clocks may have jumped
        self._place = np.array([place_of(coin) for coin in account.coins])

    @property
    def first_ms(self) -> int | None:
        """Return when the account began; None where nothing ever moved."""
        begins = [flow.time_ms for flow in self.flows[:1]]
        begins += self._fills.time_ms[:1].tolist()
        return min(begins, default=None)

    def with_flows(self, more: Sequence[CashFlow]) -> "AccountValues":
        """Return the same account with further flows, which are not yet counted."""
        flows = sorted([*self.flows, *more], key=attrgetter("time_ms"))
        hours, marks = self._hours, self.marks
        return AccountValues(self.account, self.wallet, flows, hours, marks, self.now_ms)

    @property
    def prices_end_ms(self) -> int:
        """Return the full hour after the last one whose prices are known."""
        return self._hours.end_ms

    @property
    def places(self) -> list[str]:
        """Return where the account ever held a position."""
        return sorted({str(self._place[coin]) for coin in self.account.holdings})

    def cash_usd(self, place: str) -> float:
        """Return a place's cash now."""
        return float(self._cash([place], np.array([self.now_ms]))[0])

    def worth_usd(self, times_ms: Ints, places: Sequence[str]) -> Floats:
        """Return what places were worth in all at rising times."""
        worth = self._cash(places, times_ms)
        for coin in self.account.holdings:
            if self._place[coin] in places:
                worth = worth + self._position_usd(coin, times_ms)
        return worth

    def margin_usd(self, times_ms: Ints, place: str) -> Floats:
        """Return the initial margin of a place's positions at the highest leverage."""
        margin = np.zeros(len(times_ms))
        for coin in self.account.holdings:
            if self._place[coin] == place:
                value = np.abs(self._position_usd(coin, times_ms))
                margin += value / self.account.coins[coin].max_leverage
        return margin

    def brought_usd(self, times_ms: Ints, places: Sequence[str]) -> Floats:
        """Return what had come into places from outside of them until then."""
        moves = [(time_ms, usd) for time_ms, place, usd in self._moves if place in places]
        when, usd = np.array(moves, dtype=np.float64).reshape(-1, 2).T
        return _running(when, usd, times_ms)

    def volume_usd(self, since_ms: int, places: Sequence[str]) -> float:
        """Return what was traded since."""
        counts = self._is_at(self._fills.coin, places) & (self._fills.time_ms >= since_ms)
        return float(self._fills.value_usd[counts].sum())

    def day_volume_usd(self, day: int, *, is_taker: bool) -> float:
        """Return what was taken or made on a day, counted from the epoch."""
        fills = self._fills
        counts = (fills.time_ms // DAY_MS == day) & (fills.is_taker == is_taker)
        return float(fills.value_usd[counts].sum())

    def _is_at(self, coin: CoinIds, places: Sequence[str]) -> Flags:
        """Return of which fills the coins are held at one of the places."""
        return np.isin(self._place, places)[coin]

    def _cash(self, places: Sequence[str], times_ms: Ints) -> Floats:
        fills = self._fills.take(self._is_at(self._fills.coin, places))
        funded = [
            (payment.hour_ms, payment.usd)
            for payment in self.account.payments
            if self._place[payment.coin] in places
        ]
        when, usd = np.array(funded, dtype=np.float64).reshape(-1, 2).T
        traded = _running(fills.time_ms, fills.cash_usd, times_ms) + _running(when, usd, times_ms)
        return traded + self.brought_usd(times_ms, places)

    def _position_usd(self, at: int, times_ms: Ints) -> Floats:
        """Return what a position was worth; where the hour's price is unknown, at its last own."""
        fills = self._fills.take(self._fills.coin == at)
        held = _running(fills.time_ms, fills.units.astype(np.float64), times_ms)
        price = self._hours.prices(at, times_ms)
        own = np.concatenate([[np.nan], fills.price])
        own = own[np.searchsorted(fills.time_ms, times_ms, side="right")]
        price = np.where(np.isnan(price), own, price)
        price[times_ms == self.now_ms] = self.marks[at]
        return np.where(held == 0, 0.0, self.account.coins[at].size_of(1) * held * price)


def _running(when_ms: Ints | Floats, amount: Floats, times_ms: Ints) -> Floats:
    """Return the sums of what moved, in the order of time, until each time."""
    sums = np.concatenate([[0.0], np.cumsum(amount)])
    found: Floats = sums[np.searchsorted(when_ms, times_ms, side="right")]
    return found
