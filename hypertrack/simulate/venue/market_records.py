"""Wallets of the simulated market: their past and their money, from the market's own truth."""

from collections.abc import Mapping, Sequence

import numpy as np

from hypertrack.records import ZERO_HASH
from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.market.fees import BASE_RATES, FeeRates
from hypertrack.simulate.market.identifiers import hashes, trade_ids
from hypertrack.simulate.market.kinship import Vault, free_text
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.trade_log import DUST_ID, OwnTrade
from hypertrack.simulate.venue.wallet_records import Role, SubAccount

_PAST_IDS = 2**45
"""Numbers of past trades begin here, far beyond those that the market gives out."""
_PAST_IDS_PER_WALLET = 2**20


class MarketRecords:
    """Answers from the market, wallet by wallet."""

    def __init__(self, market: Market):
        self._market = market
        self._numbers = {wallet: at for at, wallet in enumerate(market.wallets)}

    def knows(self, wallet: str) -> bool:
        """Return whether the wallet is one of the market's."""
        return self._market.money.knows(wallet)

    def past_trades(self, wallet: str) -> Sequence[OwnTrade]:
        """Return what a wallet traded before the market's start, oldest first."""
        at = self._numbers.get(wallet)
        if at is None:
            return ()
        fills = self._market.past_fills(at)
        numbers = _PAST_IDS + at * _PAST_IDS_PER_WALLET + np.arange(len(fills))
        told_hashes = hashes(numbers, self._market.settings.seed)
        columns = (
            fills.time_ms.tolist(),
            fills.coin.tolist(),
            fills.units.tolist(),
            fills.price.tolist(),
            fills.is_taker.tolist(),
            np.where(fills.is_dust, DUST_ID, trade_ids(numbers)).tolist(),
            np.where(fills.is_dust, ZERO_HASH, told_hashes).tolist(),
        )
        return [OwnTrade(*row) for row in zip(*columns, strict=True)]

    def fee_rates(self, wallet: str) -> FeeRates:
        """Return what a wallet is charged; others than the market's, by the base schedule."""
        at = self._numbers.get(wallet)
        return BASE_RATES if at is None else self._market.terms.rates(at)

    def flows(self, wallet: str) -> Sequence[CashFlow]:
        """Return all flows of an address, oldest first."""
        return self._market.money.flows(wallet)

    def role(self, wallet: str) -> Role:
        """Return what an address is to the venue."""
        kinship, wallets = self._market.kinship, self._market.wallets
        if wallet in kinship.agents:
            return Role("agent", wallets[kinship.agents[wallet]])
        number = self._numbers.get(wallet)
        if number in kinship.vaults:
            return Role("vault")
        if number in kinship.master_of:
            return Role("sub_account", wallets[kinship.master_of[number]])
        return Role("user" if self.knows(wallet) else "missing")

    def vaults(self) -> Mapping[str, Vault]:
        """Return the vaults by address."""
        wallets = self._market.wallets
        return {wallets[at]: vault for at, vault in self._market.kinship.vaults.items()}

    def sub_accounts(self, wallet: str) -> Sequence[SubAccount]:
        """Return the accounts of which a wallet is the master."""
        number, wallets = self._numbers.get(wallet, -1), self._market.wallets
        subs = self._market.kinship.sub_accounts(number)
        return [SubAccount(free_text(nth), wallets[sub], wallet) for nth, sub in enumerate(subs)]

    def agents(self, wallet: str) -> Sequence[str]:
        """Return the addresses that may trade for a wallet."""
        number = self._numbers.get(wallet)
        return [agent for agent, at in self._market.kinship.agents.items() if at == number]

    def past_prices(self) -> tuple[Ints, Floats]:
        """Return full hours up to the start and the coins' prices then, ``[hours, coins]``."""
        past = self._market.past_prices
        return past.hours_ms, past.prices
