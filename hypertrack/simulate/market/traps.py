"""Traps: wallets that look skilled, or worth copying, for another reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hypertrack.simulate.market.arrays import Ints
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.population import (
    DISPOSITION,
    MARTINGALE,
    Population,
)
from hypertrack.simulate.market.start_positions import PositionArrays

_NAMES = [kind.name for kind in KINDS]
_ORDINARY = ("momentum", "mean_reversion", "volatility", "discretionary", "retail")
_LEADERS = ("momentum", "mean_reversion", "volatility", "discretionary", "informed")

_GROUPS_PER_WALLET = 0.006
_GROUP_SIZES = (2, 30)
_GROUP_MORE = 2.0
"""Wallets beyond two, on average."""
_COPIER_SHARE = 0.015
_LAG_MS = (1_000.0, 60_000.0)
_WASH_SHARE = 0.004
_WASH_SESSIONS = 150.0
"""A day at least: it is volume that they want."""
_DISPOSITION_SHARE = 0.03
_MARTINGALE_SHARE = 0.01
_CHANGING_SHARE = 0.1
"""Of the skilled: those whose skill ends midway, and as many whose skill begins there."""
_IMPACT_SHARE = 0.0015
_IMPACT_SIZE = 5.0
_GROUP_GAP_MS = (8_000.0, 25_000.0)
_GROUP_MOMENTS = 15.0
_GROUP_SESSIONS_A_DAY = 450.0
"""Of a pair; larger groups decide as much more seldom as they are larger."""
_RARELY = 1e-3
"""Part of its own sessions that a wallet keeps which another one moves."""
_IDLE = 0.2


@dataclass(frozen=True)
class Traps:
    """Wallets by the trap that they are, and the wallets as the traps change them."""

    people: Population
    members: dict[str, Ints]

    def names(self) -> list[str]:
        """Return each wallet's traps, comma-separated."""
        names: list[list[str]] = [[] for _ in range(len(self.people))]
        for trap, wallets in self.members.items():
            for wallet in wallets.tolist():
                names[wallet].append(trap)
        return [",".join(of) for of in names]

    def with_carried(self, start: PositionArrays) -> "Traps":
        """Return the traps and who comes in with a position."""
        return replace(self, members={**self.members, "carried": np.unique(start.wallet)})


def lay_traps(
    people: Population,
    coins: tuple[Coin, ...],
    trend: Sequence[str],
    middle_ms: int,
    rng: np.random.Generator,
) -> Traps:
    """Return the wallets with some of each trap among them; no wallet is two by chance.

    Args:
        trend: Coins with a trend, as in the settings.
        middle_ms: Time at which skill ends or begins.
    """
    free = rng.permutation(np.flatnonzero(np.isin(people.kind, _kinds(_ORDINARY))))
    draw = _Pile(free)
    members: dict[str, Ints] = {}
    for trap, lay in (
        ("group", _groups),
        ("copier", _copiers),
        ("wash", _wash_twins),
        ("disposition", _disposition),
        ("martingale", _martingales),
    ):
        people, members[trap] = lay(people, draw, rng)
    people, members["own_impact"] = _own_impact(people, draw, coins, rng)
    people, ends, begins = _changing_skill(people, middle_ms, rng)
    members |= {"skill_ends": ends, "skill_begins": begins}
    members["trend_holder"] = _trend_holders(people, coins, trend)
    return Traps(people, members)


class _Pile:
    """Wallets in random order, each taken once."""

    def __init__(self, wallets: Ints):
        self._wallets = wallets

    def take(self, count: int) -> Ints:
        taken, self._wallets = self._wallets[:count], self._wallets[count:]
        return taken


def _groups(people: Population, pile: _Pile, rng: np.random.Generator) -> tuple[Population, Ints]:
    """Return groups of one owner; the first of each decides for all."""
    owner, everyone = people.owner.copy(), [np.empty(0, dtype=np.int64)]
    low, high = _GROUP_SIZES
    for _ in range(round(_GROUPS_PER_WALLET * len(people))):
        members = pile.take(min(low + int(rng.exponential(_GROUP_MORE)), high))
        if len(members) < _GROUP_SIZES[0]:
            break
        owner[members] = members[0]
        everyone.append(members)
    moved = np.flatnonzero(owner != np.arange(len(people)))
    sessions = people.sessions_per_day.copy()
    sessions[moved] *= _RARELY
    leaders = np.unique(owner[moved])
    size = np.bincount(owner, minlength=len(people))[leaders]
    sessions[leaders] = _GROUP_SESSIONS_A_DAY * _GROUP_SIZES[0] / size
    changed = replace(people, owner=owner, sessions_per_day=sessions)
    gap = np.exp(rng.uniform(np.log(_GROUP_GAP_MS[0]), np.log(_GROUP_GAP_MS[1]), len(leaders)))
    changed = _changed(changed, leaders, {"gap_ms": gap, "session_ms": gap * _GROUP_MOMENTS})
    members = np.concatenate(everyone)
    never = np.zeros(len(members))  # or some would wait for a quote that the others do not
    return _changed(changed, members, {"reaction": never}), members


def _copiers(people: Population, pile: _Pile, rng: np.random.Generator) -> tuple[Population, Ints]:
    """Return wallets that follow others' taker orders, each at a lag of its own."""
    can_lead = np.isin(people.kind, _kinds(_LEADERS)) & (people.limit_share < 0.8)
    leaders = np.flatnonzero(can_lead & (people.owner == np.arange(len(people))))
    copiers = pile.take(round(_COPIER_SHARE * len(people)) if len(leaders) else 0)
    busy = people.sessions_per_day[leaders]
    chosen = rng.choice(leaders, len(copiers), p=busy / busy.sum()) if len(copiers) else copiers
    copiers, chosen = copiers[chosen != copiers], chosen[chosen != copiers]
    low, high = np.log(_LAG_MS)
    lag = np.exp(rng.uniform(low, high, len(copiers)))
    sessions = people.sessions_per_day[copiers] * _IDLE
    changes = {"follows": chosen, "lag_ms": lag, "sessions_per_day": sessions}
    return _changed(people, copiers, changes), copiers


def _wash_twins(people: Population, pile: _Pile, _: np.random.Generator) -> tuple[Population, Ints]:
    """Return pairs that mostly trade with each other."""
    twins = pile.take(2 * round(_WASH_SHARE * len(people) / 2))
    half = len(twins) // 2
    partner = np.concatenate([twins[half : 2 * half], twins[:half]])
    twins = twins[: 2 * half]
    takers_only = np.zeros(len(twins))
    sessions = np.maximum(people.sessions_per_day[twins], _WASH_SESSIONS)
    changes = {
        "sessions_per_day": sessions,
        "partner": partner,
        "limit_share": takers_only,
        "twap_share": takers_only,
    }
    return _changed(people, twins, changes), twins


def _disposition(
    people: Population, pile: _Pile, _: np.random.Generator
) -> tuple[Population, Ints]:
    """Return wallets that cut what wins and keep what loses."""
    wallets = pile.take(round(_DISPOSITION_SHARE * len(people)))
    return _changed(people, wallets, {"exit_habit": np.full(len(wallets), DISPOSITION)}), wallets


def _martingales(
    people: Population, pile: _Pile, _: np.random.Generator
) -> tuple[Population, Ints]:
    """Return wallets that double what loses until it wins, or ruins them."""
    wallets = pile.take(round(_MARTINGALE_SHARE * len(people)))
    return _changed(people, wallets, {"exit_habit": np.full(len(wallets), MARTINGALE)}), wallets


def _own_impact(
    people: Population, pile: _Pile, coins: tuple[Coin, ...], rng: np.random.Generator
) -> tuple[Population, Ints]:
    """Return wallets that are large in one thin coin, whose price follows them for a while."""
    perps = [at for at, coin in enumerate(coins) if coin.kind == "perp"]
    perps.sort(key=lambda at: coins[at].trade_share)
    thin = np.array(perps[: max(len(perps) // 3, 1)] or [0])
    wallets = pile.take(max(round(_IMPACT_SHARE * len(people)), min(len(people) // 500, 1)))
    count = people.home_count[wallets]
    place = np.repeat(people.home_start[wallets] - np.cumsum(count) + count, count)
    home = people.home.copy()
    home[place + np.arange(len(place))] = np.repeat(rng.choice(thin, len(wallets)), count)
    size = np.minimum(people.size_usd[wallets] * _IMPACT_SIZE, 28_000)
    none = np.zeros(len(wallets))
    changes = {"size_usd": size, "limit_share": none, "roaming": none}
    return _changed(replace(people, home=home), wallets, changes), wallets


def _changing_skill(
    people: Population, middle_ms: int, rng: np.random.Generator
) -> tuple[Population, Ints, Ints]:
    """Return some whose skill ends in the middle, and some whose skill begins there."""
    is_skilled = (people.kind == _NAMES.index("informed")) & (
        (people.aim_bps > 0) | (people.foresight > 0)
    )
    skilled = rng.permutation(np.flatnonzero(is_skilled))
    count = round(_CHANGING_SHARE * len(skilled))
    ends, begins = skilled[:count], skilled[count : 2 * count]
    people = _changed(people, ends, {"skill_until_ms": np.full(len(ends), float(middle_ms))})
    people = _changed(people, begins, {"skill_from_ms": np.full(len(begins), float(middle_ms))})
    return people, ends, begins


def _trend_holders(people: Population, coins: tuple[Coin, ...], trend: Sequence[str]) -> Ints:
    """Return the wallets that mostly buy whatever happens, and like a coin with a trend best."""
    trending = {text.partition("=")[0] for text in trend}
    drifts = np.array([(coin.follows or coin.name) in trending for coin in coins])
    likes = drifts[people.home[people.home_start]]
    holders: Ints = np.flatnonzero(likes & (people.long_bias > 0.5))
    return holders


def _kinds(names: Sequence[str]) -> list[int]:
    return [_NAMES.index(name) for name in names]


def _changed(people: Population, wallets: Ints, changes: dict[str, Any]) -> Population:
    """Return the population with other values for some of its wallets."""
    columns = {}
    for name, values in changes.items():
        columns[name] = getattr(people, name).copy()
        columns[name][wallets] = values
    return replace(people, **columns)
