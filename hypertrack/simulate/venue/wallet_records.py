"""What a source knows of wallets beyond its events: their past and their money."""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, Protocol

import numpy as np

from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.market.fees import BASE_RATES, FeeRates
from hypertrack.simulate.market.kinship import Vault
from hypertrack.simulate.venue.trade_log import OwnTrade

DEPOSIT_USD = 10_000.0


class Role(NamedTuple):
    """What an address is to the venue."""

    kind: Literal["user", "vault", "sub_account", "agent", "missing"]
    owner: str = ""
    """Of an agent or a sub-account."""


class SubAccount(NamedTuple):
    """An account of another one's owner."""

    name: str
    """Free text."""
    address: str
    master: str


class WalletRecords(Protocol):
    """Wallets before the source's first event, and what events do not tell of them."""

    def knows(self, wallet: str, /) -> bool:
        """Return whether the wallet exists, if it never trades."""

    def past_trades(self, wallet: str, /) -> Sequence[OwnTrade]:
        """Return what a wallet traded before the source's start, oldest first."""

    def fee_rates(self, wallet: str, /) -> FeeRates:
        """Return what a wallet is charged."""

    def flows(self, wallet: str, /) -> Sequence[CashFlow]:
        """Return all of a wallet's flows, oldest first; those to come, too."""

    def role(self, wallet: str, /) -> Role:
        """Return what an address is; missing where only its trades could tell."""

    def vaults(self) -> Mapping[str, Vault]:
        """Return the vaults by address."""

    def sub_accounts(self, wallet: str, /) -> Sequence[SubAccount]:
        """Return the accounts of which a wallet is the master."""

    def agents(self, wallet: str, /) -> Sequence[str]:
        """Return the addresses that may trade for a wallet."""

    def past_prices(self) -> tuple[Ints, Floats]:
        """Return full hours up to the start and the coins' prices then, ``[hours, coins]``."""


class PlainRecords:
    """Wallets without a past: each begins with the same deposit.

    Args:
        start_ms: Time of the deposit.
        n_coins: Of the source.
    """

    def __init__(self, start_ms: int, n_coins: int):
        self._start_ms = start_ms
        self._n_coins = n_coins

    def knows(self, _: str, /) -> bool:
        """Return False: a wallet exists because it trades."""
        return False

    def past_trades(self, _: str, /) -> Sequence[OwnTrade]:
        """Return nothing."""
        return ()

    def fee_rates(self, _: str, /) -> FeeRates:
        """Return the base schedule."""
        return BASE_RATES

    def flows(self, wallet: str, /) -> Sequence[CashFlow]:
        """Return the deposit."""
        return (CashFlow(self._start_ms, "deposit", DEPOSIT_USD, "", wallet),)

    def role(self, _: str, /) -> Role:
        """Return that nothing is known."""
        return Role("missing")

    def vaults(self) -> Mapping[str, Vault]:
        """Return none."""
        return {}

    def sub_accounts(self, _: str, /) -> Sequence[SubAccount]:
        """Return none."""
        return ()

    def agents(self, _: str, /) -> Sequence[str]:
        """Return none."""
        return ()

    def past_prices(self) -> tuple[Ints, Floats]:
        """Return no hour."""
        return np.empty(0, dtype=np.int64), np.empty((0, self._n_coins))
