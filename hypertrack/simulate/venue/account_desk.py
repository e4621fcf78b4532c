"""Questions about wallets: who asks for what, checked and answered."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from hypertrack.records import WALLET_PATTERN
from hypertrack.simulate.venue.account_book import AccountBook
from hypertrack.simulate.venue.account_history import portfolio
from hypertrack.simulate.venue.account_ledger import MAX_FILLS_BY_TIME, OwnFill
from hypertrack.simulate.venue.account_states import (
    clearinghouse_state,
    spot_clearinghouse_state,
)
from hypertrack.simulate.venue.account_values import SPOT, AccountValues
from hypertrack.simulate.venue.fee_answers import user_fees
from hypertrack.simulate.venue.fill_answers import (
    MAX_FILLS,
    aggregated,
    fills_between,
    is_twap,
    told_fills,
    twap_slices,
)
from hypertrack.simulate.venue.flow_answers import (
    MAX_ROWS,
    told_flows,
    told_payments,
)
from hypertrack.simulate.venue.kin_answers import (
    told_agents,
    told_equity,
    told_role,
    told_sub_accounts,
    told_vault,
)
from hypertrack.simulate.venue.margin_calls import margin_calls
from hypertrack.simulate.venue.requests import (
    FAR_FUTURE_MS,
    UnknownNameError,
    UnknownTypeError,
    optional,
    required,
)
from hypertrack.simulate.venue.state import VenueState
from hypertrack.simulate.venue.wallet_records import Role

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
        self._records = state.source.records
        self._places = ["", *state.dexes, SPOT]
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
            "userRole": lambda r: told_role(self._role(_user(r))),
            "userFees": lambda r: user_fees(self.values(_user(r)), self._day_volume_usd()),
            "extraAgents": lambda r: told_agents(self._records.agents(_user(r)), now_ms()),
            "vaultDetails": self._vault,
            "userVaultEquities": self._equities,
            "subAccounts": self._sub_accounts,
            "subAccounts2": lambda r: self._sub_accounts(r, ["", *state.dexes]),
        }

    def fills(self, wallet: str, count: int = MAX_FILLS) -> list[Json]:
        """Return a wallet's latest fills, oldest first."""
        return self._told(wallet, self._own_fills(wallet)[-count:])

    def values(self, wallet: str) -> AccountValues:
        """Return a wallet's account with what it is worth."""
        now = self._now_ms()
        account = self._book.account(wallet, now)
        marks = {coin: self._mark(coin) for coin in account.holdings}
        flows = self._book.flows(wallet, now)
        values = AccountValues(account, wallet, flows, self._state.hours, marks, now)
        # Of those who are only seen to trade no money is known; a vault's is its followers'.
        if not flows or wallet in self._records.vaults():
            return values
        calls = margin_calls(values, self._state.source.start_ms)
        return values.with_flows(calls) if calls else values

    def _own_fills(self, wallet: str) -> list[OwnFill]:
        return self._book.account(wallet, self._now_ms()).fills

    def _fills(self, request: Json, *, is_sliced: bool = False) -> list[Json]:
        wallet = _user(request)
        chosen = self._chosen(wallet, is_sliced=is_sliced)[::-1][:MAX_FILLS_BY_TIME]
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
        if not is_sliced and self._state.rules.has_twap_in_fills:
            return fills
        return [fill for fill in fills if is_twap(fill) is is_sliced]

    def _page(self, wallet: str, fills: list[OwnFill], request: Json) -> list[Json]:
        if not optional(request, "aggregateByTime", bool):
            return self._told(wallet, fills[:MAX_FILLS])
        return aggregated(self._told(wallet, fills))[:MAX_FILLS]

    def _told(self, wallet: str, fills: list[OwnFill]) -> list[Json]:
        liquidations = self._book.account(wallet, self._now_ms()).orders.liquidations
        return told_fills(self._coins, wallet, fills, liquidations)

    def _clearinghouse(self, request: Json) -> Json:
        dex = optional(request, "dex", str) or ""
        if dex and dex not in self._state.dexes:
            raise UnknownNameError
        return clearinghouse_state(self.values(_user(request)), dex)

    def _flows(self, request: Json) -> list[Json]:
        start, end = _span({"startTime": 0, **request})
        flows = self.values(_user(request)).flows
        return told_flows([f for f in flows if start <= f.time_ms <= end][:MAX_ROWS])

    def _payments(self, request: Json) -> list[Json]:
        start, end = _span({"startTime": 0, **request})
        account = self._book.account(_user(request), self._now_ms())
        chosen = [one for one in account.payments if start <= one.paid_ms <= end]
        chosen.sort(key=attrgetter("paid_ms"))
        return told_payments(self._coins, chosen[:MAX_ROWS])

    def _role(self, wallet: str) -> Role:
        role = self._records.role(wallet)
        is_seen = role.kind == "missing" and self._book.knows(wallet)
        return Role("user") if is_seen else role

    def _vault(self, request: Json) -> Json | None:
        address = _user(request, "vaultAddress")
        user = None if optional(request, "user", str) is None else _user(request)
        vault = self._records.vaults().get(address)
        if vault is None:
            return None
        return told_vault(address, vault, self.values(address), self._places, user)

    def _equities(self, request: Json) -> list[Json]:
        user = _user(request)
        told = (
            told_equity(address, self.values(address), self._places, user)
            for address, vault in self._records.vaults().items()
            if user in (vault.leader, *vault.followers)
        )
        return [equity for equity in told if equity is not None]

    def _sub_accounts(self, request: Json, dexes: Sequence[str] | None = None) -> list[Json] | None:
        subs = self._records.sub_accounts(_user(request))
        return told_sub_accounts(subs, self.values, dexes)

    def _day_volume_usd(self) -> float:
        return sum(self._state.day_volume(c, self._now_ms())[0] for c in self._state.coins.values())

    def _mark(self, coin: int) -> float:
        """Return a coin's price now: in the middle of its quote, or its last."""
        state = self._state.coins[self._coins[coin].name]
        mid = state.mid_price()
        if mid is not None:
            return mid
        return float(self._state.candles.last_close(state.coin.name) or state.coin.price_usd)


def _user(request: Json, key: str = "user") -> str:
    user = str(required(request, key, str)).lower()
    if not WALLET_PATTERN.fullmatch(user):
        raise UnknownTypeError
    return user


def _span(request: Json) -> tuple[int, int]:
    start = required(request, "startTime", int)
    end = optional(request, "endTime", int)
    return start, FAR_FUTURE_MS if end is None else end
