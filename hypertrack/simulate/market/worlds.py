"""Worlds: who of the simulated wallets foresees prices, and which coins have a trend."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from hypertrack.config import Skill
from hypertrack.errors import ConfigError
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS
from hypertrack.simulate.market.arrays import Floats, Ints
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.population import Population
from hypertrack.simulate.market.strategies import MEAN_ABS_NORMAL

_NAMES = [kind.name for kind in KINDS]
INFORMED, NEGATIVE, UNDIRECTED = map(_NAMES.index, ("informed", "negative_edge", "discretionary"))

_SKILLED_SHARE = (0.005, 0.02)
_SNR = (0.03, 0.15)
"""Mean over standard deviation of one bet."""

_DEFAULT_FORESIGHT = 0.7
"""That the informed are at home with; quiet hours ask for more of it than they can have."""
_DEFAULT_HOLDING_MS = 10.0 * MINUTE_MS
"""To which they stretch their holding times for their aim."""
_ABLE_WEIGHT = 20.0
"""How much the informed shun a coin that moves too little, beside how much is traded there."""

_COPYABLE_SHARE = (0.01, 0.03)
_COPYABLE_KINDS = ("momentum", "mean_reversion", "volatility", "discretionary", "retail")
_COPYABLE_NET_BPS = (5.0, 40.0)
_COPYABLE_COST_BPS = 11.0
"""What a copier pays: a taker's fee on both legs, and spreads of coins that trade much."""
_COPYABLE_HOLDING_MS = (15.0 * MINUTE_MS, 8.0 * HOUR_MS)
_COPYABLE_BETS_A_DAY = (7.0, 24.0)
_COPYABLE_FORESIGHT = 0.5
"""Highest that is believable; a wallet that needs more for its edge holds longer."""
_HOLDING_SIGMA = 0.9
"""Of a return of its horizon, what its holding times' spread leaves on average."""


def look_ahead_ms(skill: Skill) -> int:
    """Return the future that anyone can have an inkling of."""
    return round(1.5 * _COPYABLE_HOLDING_MS[1]) if skill == "copyable" else HOUR_MS


def drift_per_ms(trend: Sequence[str], coins: tuple[Coin, ...]) -> Floats:
    """Return each coin's drift in log price from texts like ``BTC=0.02``, a fraction a day.

    A coin that wraps another has the other's drift.

    Raises:
        ConfigError: The market has no such coin, or it takes its price from another.
    """
    by_name = {coin.name: coin for coin in coins}
    drift = dict.fromkeys(by_name, 0.0)
    for text in trend:
        name, _, frac = text.partition("=")
        if name not in by_name:
            raise ConfigError(
                f"a trend needs a coin of the market, found {name}: take one of "
                f"{', '.join(list(by_name)[:12])}, or raise simulate.coins"
            )
        if (leader := by_name[name].follows) is not None:
            raise ConfigError(f"{name} has the price of {leader}: give the trend to {leader}")
        drift[name] = float(np.log1p(float(frac))) / DAY_MS
    return np.array([drift[coin.follows or coin.name] for coin in coins])


def with_skill(
    people: Population, skill: Skill, coins: tuple[Coin, ...], rng: np.random.Generator
) -> Population:
    """Return the wallets with the foresight that they have in a world.

    Where nobody aims at an edge in bps, those who lose the reason for their kind's name are
    ``discretionary``: they trade as before, and foresee nothing.
    """
    if skill == "default":
        return _able_to_aim(people, coins, rng)
    kind, foresight = people.kind.copy(), np.zeros(len(people))
    for of, sign in ((INFORMED, 1.0), (NEGATIVE, -1.0)):
        members = rng.permutation(np.flatnonzero(people.kind == of))
        share = rng.uniform(*_SKILLED_SHARE) if skill != "none" else 0.0
        count = min(max(round(share * len(people)), int(share > 0)), len(members))
        snr = rng.uniform(*_SNR, count)
        foresight[members[:count]] = sign * snr / MEAN_ABS_NORMAL
        kind[members[count:]] = UNDIRECTED
    people = replace(people, kind=kind, aim_bps=np.zeros(len(people)), foresight=foresight)
    return _with_copyable(people, coins, rng) if skill == "copyable" else people


def _able_to_aim(
    people: Population, coins: tuple[Coin, ...], rng: np.random.Generator
) -> Population:
    """Return the wallets with the informed where, and as long as, coins move as far as they aim.

    They like coins best whose usual move over their holding time allows the gain, and hold on a
    little where their favourite's does not.
    """
    aiming = np.flatnonzero(people.kind == INFORMED)
    aim, holding = people.aim_bps[aiming], people.holding_ms[aiming]
    volatility = np.array([coin.day_volatility_frac for coin in coins])
    move = volatility * np.sqrt(holding[:, None] / DAY_MS) * 1e4  # [aiming, coins]
    lacks = np.log(np.maximum(aim[:, None] / (_DEFAULT_FORESIGHT * MEAN_ABS_NORMAL * move), 1.0))
    share = np.log([coin.trade_share for coin in coins])
    score = share + rng.gumbel(size=move.shape) - _ABLE_WEIGHT * lacks
    ranked, place = np.argsort(-score, axis=1), np.arange(len(coins))
    home, is_home = people.home.copy(), place < people.home_count[aiming, None]
    home[(people.home_start[aiming, None] + place)[is_home]] = ranked[is_home]
    people = replace(people, home=home)
    enough = _holding_for(aim, aiming, people, coins, _DEFAULT_FORESIGHT)
    holding = np.maximum(holding, np.minimum(enough, _DEFAULT_HOLDING_MS))
    return replace(people, holding_ms=_put(people.holding_ms, aiming, holding))


def _with_copyable(
    people: Population, coins: tuple[Coin, ...], rng: np.random.Generator
) -> Population:
    """Return the wallets with some that hold for hours and whose edge outlives a copier's costs."""
    share = rng.uniform(*_COPYABLE_SHARE)
    able = np.flatnonzero(np.isin(people.kind, [_NAMES.index(name) for name in _COPYABLE_KINDS]))
    chosen = rng.permutation(able)[: max(round(share * len(people)), 1)]
    count = len(chosen)
    aim = rng.uniform(*_COPYABLE_NET_BPS, count) + _COPYABLE_COST_BPS
    low, high = np.log(_COPYABLE_HOLDING_MS)
    enough = _holding_for(aim, chosen, people, coins, _COPYABLE_FORESIGHT)
    holding = np.clip(np.exp(rng.uniform(low, high, count)), enough, _COPYABLE_HOLDING_MS[1])
    changed = {
        "kind": np.full(count, INFORMED),
        "aim_bps": aim,
        "holding_ms": holding,
        "steady_per_day": rng.uniform(*_COPYABLE_BETS_A_DAY, count),
        "session_ms": np.full(count, float(MINUTE_MS)),
        "gap_ms": np.full(count, float(HOUR_MS)),  # one bet a session
        "trend": np.clip(people.trend[chosen], -0.3, 0.3),
        "long_bias": np.zeros(count),
        "limit_share": rng.uniform(0.0, 0.15, count),
        "twap_share": np.zeros(count),
        "exit_share": rng.uniform(0.9, 1.0, count),
        "volatility_taste": np.clip(people.volatility_taste[chosen], -0.3, 0.3),
    }
    return replace(
        people, **{name: _put(getattr(people, name), chosen, new) for name, new in changed.items()}
    )


def _holding_for(
    aim_bps: Floats,
    wallet: Ints,
    people: Population,
    coins: tuple[Coin, ...],
    foresight: float,
) -> Floats:
    """Return the holding time from which the favourite coin moves enough for the aim."""
    volatility = np.array([coin.day_volatility_frac for coin in coins])
    of_day = volatility[people.home[people.home_start[wallet]]] * _HOLDING_SIGMA * 1e4
    needed = aim_bps / (foresight * MEAN_ABS_NORMAL)
    holding: Floats = (needed / of_day) ** 2 * DAY_MS
    return holding


def _put(values: Any, at: Ints, new: Any) -> Any:
    changed = values.copy()
    changed[at] = new
    return changed
