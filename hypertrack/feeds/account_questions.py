"""What the venue can be asked of a wallet, what that weighs, and what an answer looks like.

Source: protocol, sections 3 and 4.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from hypertrack.records import RawJson, Record

Request = Mapping[str, object]


class Step(StrEnum):
    """Questions of a wallet, in the order in which they are asked."""

    POSITIONS = "positions"
    FILLS = "fills"
    TWAP = "twap"
    PORTFOLIO = "portfolio"
    FLOWS = "flows"
    ROLE = "role"
    FUNDING = "funding"
    SPOT = "spot"
    RATES = "rates"
    """Of funding, once for each coin that any of the wallets held."""


ASKED = (Step.POSITIONS, Step.FILLS, Step.TWAP, Step.PORTFOLIO, Step.FLOWS, Step.RATES)
"""Unless others are named: a role weighs as much as 30 positions, and few need hourly funding."""

MAX_FILLS = 10_000
"""So many of a wallet's newest fills exist."""


class State(Record, frozen=True, rename="camel"):
    """What a ``clearinghouseState`` has at least."""

    margin_summary: dict[str, Any]
    asset_positions: list[dict[str, Any]]
    time: int | None = None


class Balances(Record, frozen=True):
    """What a ``spotClearinghouseState`` has at least."""

    balances: list[dict[str, Any]]


class Flow(Record, frozen=True):
    """What an update of the ledger has at least."""

    time: int
    delta: dict[str, Any]


class Rate(Record, frozen=True, rename="camel"):
    """What a rate of funding that fell due has at least."""

    coin: str
    funding_rate: str
    time: int


class TwapFill(Record, frozen=True, rename="camel"):
    """A slice of a TWAP order."""

    fill: RawJson
    twap_id: int | None = None


class Role(Record, frozen=True):
    """Who an address is: ``user``, ``vault``, ``agent``, ``subAccount`` or ``missing``."""

    role: str
    data: dict[str, Any] | None = None


class VenueTime(Record, frozen=True):
    """The venue's own clock."""

    time: int


class Kind(Record, frozen=True, kw_only=True):
    """A type of request."""

    weight: int = 20
    max_items: int = 0
    """In an answer, where items weigh; a twentieth each."""
    shape: Any
    """What the answer has to be."""

    @property
    def most(self) -> int:
        """Return the weight of the fullest answer."""
        return self.weighs(self.max_items)

    def weighs(self, n_items: int) -> int:
        """Return the weight of an answer with so many items."""
        return self.weight + (n_items // ITEMS_PER_WEIGHT if self.max_items else 0)


ITEMS_PER_WEIGHT = 20

KINDS: Mapping[str, Kind] = {
    "clearinghouseState": Kind(weight=2, shape=State),
    "spotClearinghouseState": Kind(weight=2, shape=Balances),
    "exchangeStatus": Kind(weight=2, shape=VenueTime),
    "userFillsByTime": Kind(max_items=2_000, shape=list[RawJson]),
    "userTwapSliceFillsByTime": Kind(max_items=2_000, shape=list[TwapFill]),
    "portfolio": Kind(shape=list[tuple[str, dict[str, Any]]]),
    "userNonFundingLedgerUpdates": Kind(max_items=500, shape=list[RawJson]),
    "userFunding": Kind(max_items=500, shape=list[RawJson]),
    "fundingHistory": Kind(max_items=500, shape=list[RawJson]),
    "userRole": Kind(weight=60, shape=Role),
    "vaultDetails": Kind(shape=dict[str, Any] | None),
    "subAccounts2": Kind(shape=list[dict[str, Any]] | None),
    "perpDexs": Kind(shape=list[dict[str, Any] | None]),
}


def is_funded(coin: str) -> bool:
    """Return whether a coin is a perp: spot and outcomes have no funding (protocol, section 5)."""
    return coin[:1] not in {"@", "#"} and "/" not in coin


def fills_request(user: str, kind: str, start_ms: int, end_ms: int | None) -> Request:
    """Return the question for the newest fills up to a time."""
    until = {} if end_ms is None else {"endTime": end_ms}
    return {
        **{"type": kind, "user": user, "startTime": start_ms, **until},
        **{"aggregateByTime": False, "reversed": True},
    }


def forward_request(user: str, kind: str, start_ms: int) -> Request:
    """Return the question for the oldest items from a time on."""
    request: dict[str, object] = {"type": kind, "user": user, "startTime": start_ms}
    if "Fills" in kind:
        request["aggregateByTime"] = False
    return request
