"""The simulated venue without its sockets: a source played to its end, then asked.

The answers are those of the info endpoint, through JSON and back; nothing of them is made here.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hypertrack.clock import SystemClock
from hypertrack.records import encode_json
from hypertrack.simulate.venue.account_desk import AccountDesk
from hypertrack.simulate.venue.broadcast import Broadcaster
from hypertrack.simulate.venue.faults import FaultPlan
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.info_endpoint import InfoDesk
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.source import Source
from hypertrack.simulate.venue.state import VenueState
from hypertrack.simulate.venue.venue_rules import VenueRules

Json = dict[str, Any]
PAGE = 2_000


class PlayedVenue:
    """A venue at the end of its source."""

    def __init__(self, source: Source, rules: VenueRules | None = None):
        state = VenueState(source, rules or VenueRules())
        clock = ExchangeClock(source.open_ms, 0, SystemClock())
        accounts = AccountDesk(state, lambda: clock.now_ms)
        broadcaster = Broadcaster(state, Hub(FaultPlan()), clock, accounts)
        for event in source.events():
            broadcaster.take(event)
        clock.now_ms = source.end_ms
        now = clock.now_ms
        self._desk = InfoDesk(state, lambda: now, lambda: now, accounts)

    def ask(self, kind: str, **request: Any) -> Any:
        """Return the answer to a request."""
        return json.loads(encode_json(self._desk.answer({"type": kind, **request})))

    def fills(self, user: str, start_ms: int = 0) -> list[Json]:
        """Return all fills from a time on, oldest first, page after page."""
        return list(self._pages("userFillsByTime", user, start_ms, PAGE, fill_key))

    def payments(self, user: str, start_ms: int = 0) -> list[Json]:
        """Return all funding from a time on, oldest first, page after page."""
        return list(self._pages("userFunding", user, start_ms, 500, payment_key))

    def _pages(self, kind: str, user: str, start_ms: int, size: int, key_of: Any) -> Iterator[Json]:
        seen: set[object] = set()
        while True:
            page = self.ask(kind, user=user, startTime=start_ms)
            fresh = [row for row in page if key_of(row) not in seen]
            seen.update(map(key_of, fresh))
            yield from fresh
            if len(page) < size or not fresh:
                return
            start_ms = page[-1]["time"]


def fill_key(fill: Mapping[str, Any]) -> object:
    """Return what tells a fill from all others of its wallet."""
    return fill["coin"], fill["time"], fill["tid"], fill["oid"], fill["side"]


def payment_key(payment: Mapping[str, Any]) -> object:
    """Return what tells a funding payment from all others of its wallet."""
    return payment["time"], payment["delta"]["coin"]


def fee_usd(fill: Mapping[str, Any]) -> float:
    """Return a fill's fee in USD: one in a token is worth its price."""
    in_usd = fill["feeToken"] == "USDC"
    return float(fill["fee"]) * (1.0 if in_usd else float(fill["px"]))
