"""Questions about wallets: who asks for what, checked and answered."""

from collections.abc import Callable, Mapping
from typing import Any

from hypertrack.records import WALLET_PATTERN
from hypertrack.simulate.venue.account_book import AccountBook
from hypertrack.simulate.venue.account_history import portfolio
from hypertrack.simulate.venue.account_ledger import OwnFill
from hypertrack.simulate.venue.account_states import (
    clearinghouse_state,
    spot_clearinghouse_state,
)
from hypertrack.simulate.venue.account_values import AccountValues
from hypertrack.simulate.venue.fill_answers import (
    MAX_FILLS,
    MAX_FILLS_BY_TIME,
    aggregated,
    fills_between,
    is_twap,
    told_fills,
    twap_slices,
)
from hypertrack.simulate.venue.flow_answers import (
    MAX_ROWS,
    payment_ms,
    told_flows,
    told_payments,
)
from hypertrack.simulate.venue.requests import (
    FAR_FUTURE_MS,
    UnknownNameError,
    UnknownTypeError,
    optional,
    required,
)
from hypertrack.simulate.venue.state import VenueState

Json = dict[str, Any]


class AccountDesk:
    """Answers what the venue tells of wallets.

    Args:
        state: What the venue knows.
        now_ms: Returns exchange time.
    """

    def __init__(self, state: VenueState, now_ms: Callable[[], int]):
        self._state = state
        self._now_ms = now_ms
        self._book = AccountBook(state)
        self._coins = [coin.coin for coin in state.coins.values()]
        self.handlers: Mapping[str, Callable[[Json], Any]] = {
            "userFills": self._fills,
            "userFillsByTime": self._fills_by_time,
            "userTwapSliceFills": lambda r: twap_slices(self._fills(r, is_sliced=True)),
            "userTwapSliceFillsByTime": lambda r: twap_slices(
                self._fills_by_time(r, is_sliced=True)
            ),
            "clearinghouseState": self._clearinghouse,
            "spotClearinghouseState": lambda r: spot_clearinghouse_state(self.values(_user(r))),
            "portfolio": lambda r: portfolio(self.values(_user(r))),
            "userNonFundingLedgerUpdates": self._flows,
            "userFunding": self._payments,
            "userRole": self._role,
        }

    def fills(self, wallet: str) -> list[Json]:
        """Return a wallet's latest fills, oldest first, no more than an answer holds."""
        return told_fills(self._coins, wallet, self._own_fills(wallet)[-MAX_FILLS:])

    def values(self, wallet: str) -> AccountValues:
        """Return a wallet's account with what it is worth."""
        now = self._now_ms()
        account = self._book.account(wallet, now)
        marks = {coin: self._mark(coin) for coin in account.holdings}
        flows = self._book.flows(wallet, now)
        return AccountValues(account, wallet, flows, self._state.hours, marks, now)

    def _own_fills(self, wallet: str) -> list[OwnFill]:
        return self._book.account(wallet, self._now_ms()).fills

    def _fills(self, request: Json, *, is_sliced: bool = False) -> list[Json]:
        wallet = _user(request)
        chosen = self._chosen(wallet, is_sliced=is_sliced)[:-MAX_FILLS_BY_TIME:-1]
        return self._page(wallet, chosen, request)

    def _fills_by_time(self, request: Json, *, is_sliced: bool = False) -> list[Json]:
        wallet = _user(request)
        newest_first = bool(optional(request, "reversed", bool))
        chosen = fills_between(
            self._chosen(wallet, is_sliced=is_sliced),
            *_span(request),
            newest_first=newest_first,
        )
        return self._page(wallet, chosen, request)

    def _chosen(self, wallet: str, *, is_sliced: bool) -> list[OwnFill]:
        fills = self._own_fills(wallet)
        return [fill for fill in fills if is_twap(fill)] if is_sliced else fills

    def _page(self, wallet: str, fills: list[OwnFill], request: Json) -> list[Json]:
        if not optional(request, "aggregateByTime", bool):
            return told_fills(self._coins, wallet, fills[:MAX_FILLS])
        return aggregated(told_fills(self._coins, wallet, fills))[:MAX_FILLS]

    def _clearinghouse(self, request: Json) -> Json:
        dex = optional(request, "dex", str) or ""
        if dex and dex not in self._state.dexes:
            raise UnknownNameError
        return clearinghouse_state(self.values(_user(request)), dex)

    def _flows(self, request: Json) -> list[Json]:
        start, end = _span(request)
        flows = self._book.flows(_user(request), self._now_ms())
        return told_flows([f for f in flows if start <= f.time_ms <= end][:MAX_ROWS])

    def _payments(self, request: Json) -> list[Json]:
        start, end = _span(request)
        end = min(end, self._now_ms())
        account = self._book.account(_user(request), self._now_ms())
        chosen = [one for one in account.payments if start <= payment_ms(one) <= end]
        return told_payments(self._coins, sorted(chosen, key=payment_ms)[:MAX_ROWS])

    def _role(self, request: Json) -> Json:
        return {"role": "user" if self._book.knows(_user(request)) else "missing"}

    def _mark(self, coin: int) -> float:
        """Return a coin's price now: in the middle of its quote, or its last."""
        state = self._state.coins[self._coins[coin].name]
        mid = state.mid_price()
        if mid is not None:
            return mid
        return float(self._state.candles.last_close(state.coin.name) or state.coin.price_usd)


def _user(request: Json) -> str:
    user = str(required(request, "user", str)).lower()
    if not WALLET_PATTERN.fullmatch(user):
        raise UnknownTypeError
    return user


def _span(request: Json) -> tuple[int, int]:
    start = required(request, "startTime", int)
    end = optional(request, "endTime", int)
    return start, FAR_FUTURE_MS if end is None else end
