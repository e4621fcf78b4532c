"""What wallets brought in, took out and gave each other, before the market begins and during it."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import Floats
from hypertrack.simulate.market.calendar import block_before
from hypertrack.simulate.market.cash_flows import CashFlow, FlowKind
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.kinship import Kinship, Vault
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.strategies import built_usd

_PAST_MS = 75 * DAY_MS
"""Before the start, when the first money came from outside."""
_FIRST_MS = 8 * DAY_MS
"""Time within which it came to all; after that they give to each other, by turns."""
_APART_MS = 7_919_000
"""By which one wallet begins after the other, around and around."""
_OWN_MS = 24 * DAY_MS
"""After which everybody has all it was given and divides it: still longer ago than any trade."""
_MARGIN = (0.25, 1.0)
"""Equity over the notional that a wallet comes in with."""
_RESERVE_ORDERS = (8.0, 25.0)
"""Equity beside that, in orders."""
_QUOTED_USD = 2e5
"""What a market maker may come to hold of one coin while it cannot get rid of it."""
_QUOTED_COINS = 10.0
"""That it quotes at least."""
_LEAST_USD = 100.0
_SPOT_ORDERS = 30.0
_DEX_ORDERS = 15.0
_MOVES_SHARE = 0.4
"""Of wallets, those that deposit or withdraw later, half of them while the market is open."""
_DEPOSITS_SHARE = 0.6
"""Of those."""
_DEPOSITED = (0.05, 0.5)
"""Of what a wallet needs."""
_WITHDRAWN = (0.02, 0.1)
_RECENT_MS = 30 * DAY_MS
_LEADER_PART = 0.2
"""Of a vault's money, its leader's."""
_GIFT_PART = 0.3
"""Of what a wallet needs, given by its owner."""


class WalletMoney:
    """Tells every wallet's flows; what moves between two is the same for both.

    Args:
        people: The wallets.
        coins: Of the market.
        start: What wallets hold when it begins.
        kinship: Who gives to whom.
        span_ms: Start and end of the market.
        rng: Returns a generator for a wallet.
    """

    def __init__(
        self,
        people: Population,
        coins: tuple[Coin, ...],
        start: PositionArrays,
        kinship: Kinship,
        span_ms: tuple[int, int],
        rng: Callable[[int], np.random.Generator],
    ):
        self._people = people
        self._coins = coins
        self._kinship = kinship
        self._start_ms, self._end_ms = span_ms
        self._rng = rng
        scale = 10.0 ** np.array([coin.size_decimals for coin in coins])
        usd = np.abs(start.units) / scale[start.coin] * start.entry_price
        is_spot = np.array([coin.kind == "spot" for coin in coins])[start.coin]
        self._held_usd = _by_wallet(start.take(~is_spot), usd[~is_spot], len(people))
        self._tokens_usd = _by_wallet(start.take(is_spot), usd[is_spot], len(people))
        self._numbers = {address: at for at, address in enumerate(people.addresses)}

    def knows(self, address: str) -> bool:
        """Return whether an address is a wallet, or one that never trades but gave to one."""
        return address in self._numbers or address in self._transfers

    def flows(self, address: str) -> list[CashFlow]:
        """Return all flows of an address, oldest first; those to come, too."""
        number = self._numbers.get(address)
        transfers = self._transfers.get(address, [])
        own = self._strangers(address) if number is None else self._own(number)
        return sorted([*own, *transfers], key=lambda flow: flow.time_ms)

    @cached_property
    def _transfers(self) -> dict[str, list[CashFlow]]:
        """What moves between addresses, by address."""
        found: dict[str, list[CashFlow]] = defaultdict(list)
        for flow in self._given():
            found[flow.source].append(flow)
            found[flow.target].append(flow)
        return dict(found)

    def _given(self) -> Iterator[CashFlow]:
        addresses = self._people.addresses
        for sub, master in self._kinship.master_of.items():
            yield self._flow("sub_account", self._total_usd(sub), addresses[master], addresses[sub])
        for giver, receiver in self._kinship.gifts:
            usd = _GIFT_PART * self._needed_usd(receiver)
            yield self._flow("gift", usd, addresses[giver], addresses[receiver])
        for wallet, vault in self._kinship.vaults.items():
            yield from self._funding_of(wallet, vault)

    def _funding_of(self, wallet: int, vault: Vault) -> Iterator[CashFlow]:
        """Yield what a vault's leader and followers put in: all of its money."""
        target, usd = self._people.addresses[wallet], self._total_usd(wallet)
        yield self._flow("vault_create", _LEADER_PART * usd, vault.leader, target)
        part = (1 - _LEADER_PART) / len(vault.followers)
        for nth, follower in enumerate(vault.followers):
            yield self._flow("vault_deposit", part * usd, follower, target, DAY_MS * (nth + 1))

    def _own(self, wallet: int) -> Iterator[CashFlow]:
        """Yield what a wallet brings in and takes out, and moves between its accounts."""
        address, rng = self._people.addresses[wallet], self._rng(wallet)
        moved = self._moved(wallet)
        transfers = self._transfers.get(address, [])
        received = sum(flow.usd for flow in transfers if flow.target == address)
        given = sum(flow.usd + flow.fee_usd for flow in transfers if flow.source == address)
        missing = self._total_usd(wallet) - received + given
        if missing >= 1:
            cuts = np.sort(rng.random(int(rng.integers(0, 3))))
            for nth, (low, high) in enumerate(pairwise([0.0, *cuts.tolist(), 1.0])):
                yield self._flow("deposit", missing * (high - low), "", address, nth * 60_000 + 1)
        for kind, dex, usd in moved:
            yield self._flow(kind, usd, address, address, _OWN_MS - _FIRST_MS, dex)
        if wallet not in self._kinship.vaults and rng.random() < _MOVES_SHARE:
            yield self._move(wallet, rng)

    def _move(self, wallet: int, rng: np.random.Generator) -> CashFlow:
        """Return a later deposit or withdrawal."""
        address, usd = self._people.addresses[wallet], self._needed_usd(wallet)
        is_open = rng.random() < 0.5
        low, high = (self._start_ms, self._end_ms) if is_open else (-_RECENT_MS, 0)
        time = rng.uniform(low, high) + (0 if is_open else self._start_ms)
        time_ms = int(block_before(time))
        if rng.random() < _DEPOSITS_SHARE:
            usd = round(usd * rng.uniform(*_DEPOSITED), 2)
            return CashFlow(time_ms, "deposit", usd, "", address)
        return CashFlow(
            time_ms, "withdrawal", round(usd * rng.uniform(*_WITHDRAWN), 2), address, ""
        )

    def _strangers(self, address: str) -> Iterator[CashFlow]:
        """Yield what one brought in that never trades."""
        usd = sum(flow.usd for flow in self._transfers.get(address, []))
        if usd:
            yield self._flow("deposit", usd + _LEAST_USD, "", address)

    def _flow(
        self, kind: FlowKind, usd: float, source: str, target: str, after_ms: int = 0, dex: str = ""
    ) -> CashFlow:
        """Return a flow of the first days: deposits come before anything else."""
        later = after_ms if kind == "deposit" else _FIRST_MS + after_ms
        whose = target if kind in ("deposit", "vault_create", "vault_deposit") else source
        nth = self._numbers.get(whose, 0)
        begin = self._start_ms - _PAST_MS + nth * _APART_MS % (_FIRST_MS - HOUR_MS)
        return CashFlow(int(block_before(begin + later)), kind, round(usd, 2), source, target, dex)

    def _total_usd(self, wallet: int) -> float:
        return self._needed_usd(wallet) + sum(usd for _, _, usd in self._moved(wallet))

    def _needed_usd(self, wallet: int) -> float:
        """Return what a wallet needs for its perps on the venue's own dex."""
        rng = self._rng(wallet)
        margin, orders = rng.uniform(*_MARGIN), rng.uniform(*_RESERVE_ORDERS)
        reserve = max(self._people.size_usd[wallet] * orders, self._built_usd[wallet] * margin)
        return float(self._held_usd[wallet] * margin + reserve + _LEAST_USD)

    @cached_property
    def _built_usd(self) -> Floats:
        """About what wallets build: in one session, or on all the coins that they quote."""
        people = self._people
        quotes = people.kind == [kind.name for kind in KINDS].index("market_maker")
        return np.where(
            quotes, _QUOTED_USD * np.maximum(people.home_count, _QUOTED_COINS), built_usd(people)
        )

    def _moved(self, wallet: int) -> list[tuple[FlowKind, str, float]]:
        """Return what a wallet keeps on spot and with builders, where it has coins there."""
        people, moved = self._people, list[tuple[FlowKind, str, float]]()
        first, count = people.home_start[wallet], people.home_count[wallet]
        coins = [self._coins[at] for at in np.unique(people.home[first : first + count])]
        if any(coin.kind == "spot" for coin in coins):
            usd = _SPOT_ORDERS * people.size_usd[wallet] + self._tokens_usd[wallet]
            moved.append(("to_spot", "", float(usd)))
        for dex in sorted({coin.name.partition(":")[0] for coin in coins if coin.kind == "hip3"}):
            moved.append(("to_dex", dex, float(_DEX_ORDERS * people.size_usd[wallet])))
        return moved


def _by_wallet(positions: PositionArrays, usd: Floats, n_wallets: int) -> Floats:
    """Return the positions' values added up by wallet."""
    total: Floats = np.bincount(positions.wallet, usd, n_wallets).astype(np.float64)
    return total
