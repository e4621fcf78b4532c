"""Who belongs together, as the venue itself knows it: sub-accounts, vaults, gifts, agents."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import cycle

import numpy as np

from hypertrack.simulate.market.identifiers import addresses
from hypertrack.simulate.market.population import Population

_TIES = ("sub_account", "vault", "gift", "none")
"""How the wallets of one owner are tied, group after group; of the last kind nothing is known."""
_LONE_VAULTS_SHARE = 0.004
_MOST_FOLLOWERS = 6
_AGENTS_SHARE = 0.5
"""Of bots, those that trade through an agent of their own."""

_NAMES = (
    "Steady Growth",
    "<script>alert('vault')</script>",
    "Basis & Carry",
    '=HYPERLINK("http://127.0.0.1/","click")',
    "Delta Neutral",
    "\x1b[31mred\x1b[0m\x07",
    "Momentum I",
    "Robert'); DROP TABLE wallets;--",
    "Quiet Money",
    '"><img src=x onerror=alert(1)>',
    "Long Vol",
    "../../../../tmp/vault\nsecond line",
    "Night Shift",
    "\u202etluav {{ 7*7 }} %s %n \x00",
)
"""Names are free text on the venue: every second is one that harms whoever trusts it."""


@dataclass(frozen=True)
class Vault:
    """A wallet that trades others' money."""

    name: str
    leader: str
    """Address; it may never trade itself."""
    followers: tuple[str, ...]


@dataclass(frozen=True)
class Kinship:
    """Wallets by index, others by address."""

    master_of: dict[int, int] = field(default_factory=dict)
    """Of sub-accounts."""
    vaults: dict[int, Vault] = field(default_factory=dict)
    gifts: tuple[tuple[int, int], ...] = ()
    """Pairs of giver and receiver."""
    agents: dict[str, int] = field(default_factory=dict)
    """Wallet that an agent's address trades for."""

    def sub_accounts(self, wallet: int) -> list[int]:
        """Return the wallets of which a wallet is the master."""
        return [sub for sub, master in self.master_of.items() if master == wallet]


def tie(people: Population, rng: np.random.Generator) -> Kinship:
    """Return the ties of wallets of one owner, and lone vaults and agents beside them."""
    names, kinds = cycle(_NAMES), cycle(_TIES)
    master_of: dict[int, int] = {}
    vaults: dict[int, Vault] = {}
    gifts: list[tuple[int, int]] = []
    for owner, others in sorted(_groups(people).items()):
        kind = next(kinds)
        if kind == "sub_account":
            master_of |= dict.fromkeys(others, owner)
        elif kind == "vault":
            vaults[others[-1]] = _vault(next(names), people.addresses[owner], rng)
        elif kind == "gift":
            gifts += [(owner, other) for other in others]
    for wallet in _lone(people, rng):
        vaults[wallet] = _vault(next(names), addresses(1, rng)[0], rng)
    return Kinship(master_of, vaults, tuple(gifts), _agents(people, rng))


def free_text(number: int) -> str:
    """Return a name that somebody gave an account."""
    return _NAMES[number % len(_NAMES)]


def _groups(people: Population) -> dict[int, list[int]]:
    """Return the other wallets of each owner who has some."""
    groups: dict[int, list[int]] = defaultdict(list)
    for wallet in np.flatnonzero(people.owner != np.arange(len(people))).tolist():
        groups[int(people.owner[wallet])].append(wallet)
    return groups


def _vault(name: str, leader: str, rng: np.random.Generator) -> Vault:
    count = int(rng.integers(1, _MOST_FOLLOWERS + 1))
    return Vault(name, leader, addresses(count, rng))


def _lone(people: Population, rng: np.random.Generator) -> list[int]:
    """Return wallets that nobody else belongs to."""
    alone = (people.owner == np.arange(len(people))) & (people.follows < 0) & (people.partner < 0)
    alone[people.owner[people.owner != np.arange(len(people))]] = False
    free = np.flatnonzero(alone)
    count = min(max(round(_LONE_VAULTS_SHARE * len(people)), 1), len(free))
    lone: list[int] = np.sort(rng.choice(free, count, replace=False)).tolist()
    return lone


def _agents(people: Population, rng: np.random.Generator) -> dict[str, int]:
    has_agent = people.is_bot & (rng.random(len(people)) < _AGENTS_SHARE)
    wallets = np.flatnonzero(has_agent).tolist()
    return dict(zip(addresses(len(wallets), rng), wallets, strict=True))
