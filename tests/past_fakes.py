"""A hand-made market of four coins whose wallets have a past: what is given, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from exchange_fakes import HandSource, coin
from fakes import ALICE, START_MS
from venue_fakes import PlayedVenue

from hypertrack.records import encode_json
from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.venue.source import Event
from hypertrack.simulate.venue.trade_log import OwnTrade
from hypertrack.simulate.venue.venue_rules import VenueRules
from hypertrack.simulate.venue.wallet_records import PlainRecords

COINS = (
    coin("BTC"),
    coin("ETH", size_decimals=4, price_usd=2296.4),
    coin("@107", size_decimals=2, price_usd=40.0),
    coin("xyz:SP500", size_decimals=3, price_usd=6871.0),
)


def prices(time_ms: int, *usd: float) -> Event:
    """Return what coins cost at a full hour."""
    return Event(time_ms, "prices", "", encode_json(usd))


class Past(PlainRecords):
    """Wallets with a past of their own."""

    def __init__(self, trades: Sequence[OwnTrade] = (), flows: Sequence[CashFlow] = ()):
        super().__init__(START_MS, len(COINS))
        self._trades, self._own_flows = trades, flows

    def knows(self, wallet: str, /) -> bool:
        return wallet == ALICE

    def past_trades(self, wallet: str, /) -> Sequence[OwnTrade]:
        return self._trades if wallet == ALICE else ()

    def flows(self, wallet: str, /) -> Sequence[CashFlow]:
        return self._own_flows if wallet == ALICE else ()

    def past_prices(self) -> tuple[Ints, Floats]:
        return np.empty(0, dtype=np.int64), np.empty((0, len(COINS)))


@dataclass(frozen=True)
class PastSource(HandSource):
    """A hand-made market whose wallets have a past."""

    past: Past = field(default_factory=Past)

    @property
    def records(self) -> Past:
        return self.past


def venue(*events: Event, rules: VenueRules | None = None, extra_ms: int = 0) -> PlayedVenue:
    source = HandSource(events, coins=COINS, extra_ms=extra_ms)
    return PlayedVenue(source, rules)


def at(minutes: float) -> int:
    return START_MS + round(minutes * 60_000)
