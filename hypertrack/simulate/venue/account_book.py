"""The accounts of all wallets, each made when it is asked for and carried forward from there."""

from collections import OrderedDict

from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.venue.account_ledger import Account
from hypertrack.simulate.venue.state import VenueState

_KEPT_FILLS = 500_000
"""Of the accounts asked for last, so that memory stays bounded whoever is asked for."""


class AccountBook:
    """Finds accounts; the same wallet is not counted twice."""

    def __init__(self, state: VenueState):
        self._state = state
        self._coins = [coin.coin for coin in state.coins.values()]
        self._accounts: OrderedDict[str, Account] = OrderedDict()
        self._n_kept = 0

    def knows(self, wallet: str) -> bool:
        """Return whether the venue has heard of a wallet."""
        return wallet in self._state.trades or self._state.source.records.knows(wallet)

    def account(self, wallet: str, now_ms: int) -> Account:
        """Return a wallet's account as it stands now."""
        kept = self._accounts.pop(wallet, None)
        account = kept or self._opened(wallet)
        self._n_kept -= 0 if kept is None else len(kept.fills)
        trades = self._state.trades
        account.advance(trades.of_wallet(wallet, account.n_log), self._state.hours, now_ms)
        account.orders.settle()
        account.n_log = len(trades)
        self._accounts[wallet] = account
        self._n_kept += len(account.fills)
        while self._n_kept > _KEPT_FILLS and len(self._accounts) > 1:
            self._n_kept -= len(self._accounts.popitem(last=False)[1].fills)
        return account

    def flows(self, wallet: str, now_ms: int) -> list[CashFlow]:
        """Return a wallet's flows so far, oldest first; none of wallets that do not exist."""
        if not self.knows(wallet):
            return []
        return [f for f in self._state.source.records.flows(wallet) if f.time_ms <= now_ms]

    def _opened(self, wallet: str) -> Account:
        records = self._state.source.records
        account = Account(self._coins, records.fee_rates(wallet))
        past = records.past_trades(wallet)
        account.advance(past, self._state.hours, past[-1].time_ms if past else 0)
        account.orders.forget()
        return account
