"""Kinds overlap in every quantity, and the true edge shows in later prices."""

from dataclasses import fields

import numpy as np
import pytest

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import Floats
from hypertrack.simulate.market.instruments import CoinColumns, build_coins
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.market import START_MS
from hypertrack.simulate.market.orders import MomentArrays
from hypertrack.simulate.market.population import Population, build_population
from hypertrack.simulate.market.strategies import Strategies

COINS = build_coins(12, 20.0)


@pytest.fixture(scope="module")
def people() -> Population:
    return build_population(20_000, COINS, np.random.default_rng(1))


def members(people: Population, kind: str) -> np.ndarray:
    return people.kind == [each.name for each in KINDS].index(kind)


def test_shares_add_up_and_each_kind_has_its_own() -> None:
    people = build_population(2_000, COINS, np.random.default_rng(1))

    assert sum(kind.share for kind in KINDS) == pytest.approx(1)
    assert members(people, "informed").sum() == 120
    assert members(people, "market_maker").sum() == 11


def test_even_a_small_population_has_every_kind() -> None:
    people = build_population(60, COINS, np.random.default_rng(1))

    assert len(people) == 60
    assert len(np.unique(people.kind)) == len(KINDS)


def test_addresses_are_random_and_distinct(people: Population) -> None:
    assert len(set(people.addresses)) == 20_000
    digits = "".join(address[2:] for address in people.addresses)
    share = np.array([digits.count(digit) for digit in "0123456789abcdef"]) / len(digits)
    assert np.allclose(share, 1 / 16, atol=0.002)


DEFINING = {
    *("aim_bps", "trend", "long_bias", "one_sided", "sessions_per_day", "twap_share"),
}
"""What makes some pairs of kinds what they are, such as following and opposing a trend."""


def test_no_single_quantity_tells_two_kinds_apart(people: Population) -> None:
    """Some wallets of every kind lie between the 1st and 99th percentile of any other kind."""
    columns = {field.name: getattr(people, field.name) for field in fields(people)}
    quantities = {
        name: values
        for name, values in columns.items()
        if isinstance(values, np.ndarray)
        and values.dtype == np.float64
        and name not in DEFINING
        and values.any()
        and np.isfinite(values).all()
    }
    assert len(quantities) > 15
    for name, values in quantities.items():
        of_kind = [values[people.kind == at] for at in range(len(KINDS))]
        ranges = [np.percentile(one, [1, 99]) for one in of_kind]
        for one in of_kind:
            assert all(((one >= low) & (one <= high)).any() for low, high in ranges), name


def test_bots_and_humans_differ_in_timing_but_overlap(people: Population) -> None:
    bots, humans = people.gap_spread[people.is_bot], people.gap_spread[~people.is_bot]

    assert np.median(bots) < 0.5 * np.median(humans)
    assert np.percentile(bots, 95) > np.percentile(humans, 5)


def momentum_of(people: Population, wallet: np.ndarray) -> Floats:
    """Let wallets enter at random times; return +1 where they follow the last 15 minutes."""
    rng = np.random.default_rng(3)
    prices = LatentPrices(COINS, START_MS, np.random.default_rng(4))
    prices.extend(START_MS + 25 * HOUR_MS)
    count = len(wallet)
    zeros = np.zeros(count, dtype=bool)
    moments = MomentArrays(
        time_ms=START_MS + rng.random(count) * 24 * HOUR_MS,
        wallet=wallet.astype(np.int32),
        coin=people.pick_coin(wallet.astype(np.int32), rng),
        side=np.zeros(count, dtype=np.int8),
        foreseen=np.zeros(count),
        horizon_ms=np.zeros(count),
        units=np.zeros(count, dtype=np.int64),
        is_limit=zeros,
        is_twap=zeros,
    )
    orders = Strategies(people, CoinColumns(COINS), prices, rng).orders(moments)
    now = prices.log_price(orders.time_ms, orders.coin)
    before = prices.log_price(orders.time_ms - 900_000, orders.coin)
    return orders.side * np.sign(now - before)


def test_momentum_traders_follow_and_mean_reverters_oppose(people: Population) -> None:
    follows = momentum_of(people, np.repeat(np.flatnonzero(members(people, "momentum")), 5))
    opposes = momentum_of(people, np.repeat(np.flatnonzero(members(people, "mean_reversion")), 5))

    assert follows.mean() > 0.15
    assert opposes.mean() < -0.15
