"""One wallet's account: its fills one after the other, its positions, funding and cash."""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import CoinIds, Columns, Flags, Floats, Ints
from hypertrack.simulate.market.fees import BASE_RATES, FeeRates
from hypertrack.simulate.market.funding import is_funded
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.hourly_rates import HourlyRates
from hypertrack.simulate.venue.own_orders import OwnOrders
from hypertrack.simulate.venue.trade_log import OwnTrade

MAX_FILLS_BY_TIME = 10_000
"""Only so many of a wallet's latest fills can be asked for."""
USD_DECIMALS = 6
TOKEN_DECIMALS = 10
"""Of fees in tokens: enough for a thousandth of a cent of anything."""


class OwnFill(NamedTuple):
    """A trade of the wallet and what it did to its account."""

    trade: OwnTrade
    before: int
    """Position before it, in the smallest step of the coin's size."""
    closed_pnl_usd: float
    """Before fees."""
    fee: float
    """In USDC, or in the token that a spot order bought."""
    fee_usd: float
    builder_fee_usd: float
    """Part of the fee that the wallet's builder gets."""

    @property
    def after(self) -> int:
        """Return the position after it."""
        return self.before + self.trade.units


class FundingPayment(NamedTuple):
    """What a position was paid at a full hour."""

    hour_ms: int
    paid_ms: int
    """When it is told to have been paid."""
    coin: int
    units: int
    rate: float
    usd: float
    """Negative where the wallet paid."""


@dataclass(slots=True)
class Holding:
    """A wallet's position in a coin; funding is what it paid, negative where it was paid."""

    units: int = 0
    entry_price: float = 0.0
    funding_usd: float = 0.0
    funding_since_open_usd: float = 0.0
    funding_since_change_usd: float = 0.0


class FillColumns:
    """Numbers of an account's fills, for sums over them."""

    def __init__(self) -> None:
        self._times, self._units = array("q"), array("q")
        self._coins, self._is_taker = array("h"), array("b")
        self._prices, self._values, self._cash = array("d"), array("d"), array("d")

    def add(self, trade: OwnTrade, value_usd: float, cash_usd: float) -> None:
        """Add a fill, with the cash it brought."""
        self._times.append(trade.time_ms)
        self._units.append(trade.units)
        self._coins.append(trade.coin)
        self._is_taker.append(trade.is_taker)
        self._prices.append(trade.price)
        self._values.append(value_usd)
        self._cash.append(cash_usd)

    def arrays(self) -> "FillArrays":
        """Return copies of the columns."""
        return FillArrays(
            time_ms=np.array(self._times),
            coin=np.array(self._coins),
            units=np.array(self._units),
            is_taker=np.array(self._is_taker, dtype=np.bool_),
            price=np.array(self._prices),
            value_usd=np.array(self._values),
            cash_usd=np.array(self._cash),
        )


@dataclass(frozen=True)
class FillArrays(Columns):
    """An account's fills, in their order."""

    time_ms: Ints
    coin: CoinIds
    units: Ints
    is_taker: Flags
    price: Floats
    value_usd: Floats
    cash_usd: Floats
    """What the fill brought after its fee; negative where it cost."""


@dataclass
class Account:
    """A wallet's account, carried forward as it trades and hours pass."""

    coins: Sequence[Coin]
    rates: FeeRates = BASE_RATES
    fills: list[OwnFill] = field(default_factory=list)
    """The latest, at least as many as can be asked for."""
    holdings: dict[int, Holding] = field(default_factory=dict)
    """By coin; those that are closed stay, for their funding."""
    payments: list[FundingPayment] = field(default_factory=list)
    columns: FillColumns = field(default_factory=FillColumns)
    orders: OwnOrders = field(init=False)
    n_log: int = 0
    """Trades of the log that are counted."""
    _next_hour_ms: int = 0

    def __post_init__(self) -> None:
        self.orders = OwnOrders(self.coins)

    def advance(self, trades: Iterable[OwnTrade], rates: HourlyRates, until_ms: int) -> None:
        """Carry the account through further trades and the full hours among them."""
        for trade in trades:
            self._pay_until(trade.time_ms, rates)
            self._fill(trade)
        self._pay_until(until_ms, rates)

    def _fill(self, trade: OwnTrade) -> None:
        coin = self.coins[trade.coin]
        holding = self.holdings.setdefault(trade.coin, Holding())
        before = holding.units
        self.orders.add(trade, before, holding.entry_price)
        gain = _traded(holding, trade.units, trade.price)
        pnl = round(gain / 10**coin.size_decimals, USD_DECIMALS)
        size = coin.size_of(abs(trade.units))
        is_buy, rates = trade.units > 0, self.rates
        part = rates.bps(coin, is_taker=trade.is_taker, is_buy=is_buy) / 1e4
        built = size * trade.price * rates.builder_part_bps(coin, is_buy=is_buy) / 1e4
        if trade.is_dust:
            part = built = 0.0
        if coin.kind == "spot" and is_buy:
            fee = round(size * part, TOKEN_DECIMALS)
            fee_usd = fee * trade.price
        else:
            fee = fee_usd = round(size * trade.price * part, USD_DECIMALS)
        self.fills.append(OwnFill(trade, before, pnl, fee, fee_usd, round(built, USD_DECIMALS)))
        if len(self.fills) >= 2 * MAX_FILLS_BY_TIME:
            del self.fills[:-MAX_FILLS_BY_TIME]
        value = size * trade.price
        self.columns.add(trade, value, -fee_usd - (value if is_buy else -value))

    def _pay_until(self, time_ms: int, rates: HourlyRates) -> None:
        """Pay the funding of the full hours up to a time; trades at that very time come after."""
        hour = max(self._next_hour_ms, rates.first_ms)
        end = min(time_ms + 1, rates.end_ms)
        while hour < end:
            for coin, holding in self.holdings.items():
                if holding.units and is_funded(self.coins[coin]):
                    self._pay(hour, coin, holding, rates)
            hour += HOUR_MS
        self._next_hour_ms = max(hour, self._next_hour_ms)

    def _pay(self, hour_ms: int, coin: int, holding: Holding, rates: HourlyRates) -> None:
        prices, hour_rates, told_ms = rates.at(hour_ms)
        rate, size = hour_rates[coin], self.coins[coin].size_of(holding.units)
        paid = round(size * prices[coin] * rate, USD_DECIMALS)
        holding.funding_usd += paid
        holding.funding_since_open_usd += paid
        holding.funding_since_change_usd += paid
        self.payments.append(
            FundingPayment(hour_ms, told_ms[coin], coin, holding.units, rate, -paid)
        )


def _traded(holding: Holding, units: int, price: float) -> float:
    """Change a position and return its gain, in USD per smallest step of the coin's size."""
    before, after = holding.units, holding.units + units
    if not units:  # a capture may know sizes below the coin's smallest step
        return 0.0
    holding.units = after
    holding.funding_since_change_usd = 0.0
    if before * units >= 0:
        holding.entry_price = (holding.entry_price * before + price * units) / after
        if before == 0:
            holding.funding_since_open_usd = 0.0
        return 0.0
    closed = min(abs(units), abs(before))
    gain = closed * (price - holding.entry_price) * (1 if before > 0 else -1)
    if before * after < 0:
        holding.entry_price = price
        holding.funding_since_open_usd = 0.0
    return gain
