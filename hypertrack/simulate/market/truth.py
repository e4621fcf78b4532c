"""The truth about the wallets, which a classification is to find."""

from itertools import product

import numpy as np

from hypertrack.simulate.market.arrays import Floats
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.latent_prices import (
    LOG_VOLATILITY_SD,
    LOOK_AHEAD_MS,
    STEP_MS,
    STEPS_PER_DAY,
)
from hypertrack.simulate.market.population import HOME_POWER, Population
from hypertrack.simulate.market.strategies import HOLDING_SPREAD, MAX_FORESIGHT, MEAN_ABS_NORMAL

_NORMAL = np.array([-1.2816, -0.5244, 0.0, 0.5244, 1.2816])
"""Medians of the five fifths of a normal variable."""


def truth(people: Population, coins: tuple[Coin, ...]) -> dict[str, np.ndarray]:
    """Return the facts about each wallet, one column each, a row a wallet."""
    names = [coins[at].name for at in people.home]
    ends = people.home_start + people.home_count
    return {
        "wallet": np.array(people.addresses),
        "kind": np.array([kind.name for kind in KINDS])[people.kind],
        "is_bot": people.is_bot,
        "edge_bps": true_edge_bps(people, coins),
        "holding_s": people.holding_ms / 1000,
        "home_coins": np.array(
            [",".join(names[a:b]) for a, b in zip(people.home_start, ends, strict=True)]
        ),
    }


def true_edge_bps(people: Population, coins: tuple[Coin, ...]) -> Floats:
    """Return what an entry of each wallet gains on average over its holding time, before costs.

    That is what it aims at, cut to what its foresight can gain on each of its coins, at the
    volatilities and holding times that it meets; nothing where it does not choose the direction.
    """
    wallet = np.repeat(np.arange(len(people)), people.home_count)
    nth = np.arange(len(wallet)) - people.home_start[wallet]
    count = people.home_count[wallet]
    weight = ((nth + 1) / count) ** (1 / HOME_POWER) - (nth / count) ** (1 / HOME_POWER)
    volatility = np.array([coin.day_volatility_frac for coin in coins])[people.home]
    gain = np.zeros(len(wallet))
    cases = list(product(_scales(HOLDING_SPREAD), _scales(LOG_VOLATILITY_SD)))
    for holding_scale, level in cases:
        horizon_ms = np.minimum(people.holding_ms[wallet] * holding_scale, LOOK_AHEAD_MS)
        sigma_bps = volatility * level * np.sqrt(horizon_ms / STEP_MS / STEPS_PER_DAY) * 1e4
        limit = MAX_FORESIGHT * MEAN_ABS_NORMAL * sigma_bps
        gain += np.clip(people.aim_bps[wallet], -limit, limit) / len(cases)
    chosen = (1 - np.abs(people.long_bias)) * (1 - people.twap_share)
    edge: Floats = np.bincount(wallet, gain * weight, len(people)) * chosen
    return edge


def _scales(spread: float) -> Floats:
    """Return equally likely values of a log-normal variable of mean 1."""
    scales: Floats = np.exp(spread * _NORMAL - spread**2 / 2)
    return scales
