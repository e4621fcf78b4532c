"""Kinds overlap in every quantity, and the true edge shows in later prices."""

from dataclasses import dataclass, fields

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
from hypertrack.simulate.market.worlds import with_skill

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
    assert members(people, "market_maker").sum() == 13


def test_even_a_small_population_has_every_kind() -> None:
    people = build_population(60, COINS, np.random.default_rng(1))

    assert len(people) == 60
    assert len(np.unique(people.kind)) == len(KINDS)


def test_addresses_are_random_and_distinct(people: Population) -> None:
    assert len(set(people.addresses)) == 20_000
    digits = "".join(address[2:] for address in people.addresses)
    share = np.array([digits.count(digit) for digit in "0123456789abcdef"]) / len(digits)
    assert np.allclose(share, 1 / 16, atol=0.002)


DEFINING = {"aim_bps", "trend", "long_bias", "sessions_per_day", "twap_share"}
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


@dataclass(frozen=True)
class Entries:
    """What each of many entries at random times was worth."""

    gain_bps: Floats
    """Of its side over its horizon."""
    edge_bps: Floats
    """What foreseeing added to that."""
    follows: Floats
    """1 where it goes with the last 15 minutes, -1 where against."""


def entries(people: Population, wallet: np.ndarray) -> Entries:
    """Let wallets enter at random times of a day."""
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
    time, coin = orders.time_ms, orders.coin
    until = time + np.minimum(orders.horizon_ms, prices.look_ahead_ms)
    move = prices.surprise(time, until, coin) * 1e4
    past = prices.log_price(time, coin) - prices.log_price(time - 900_000, coin)
    return Entries(orders.side * move, orders.foreseen * move, orders.side * np.sign(past))


def test_entries_earn_the_true_edge_over_their_horizon(people: Population) -> None:
    """A wallet's mean edge is what its entries gain on average, in slope and in offset."""
    chosen = np.flatnonzero(members(people, "informed") | members(people, "negative_edge"))
    wallet = np.random.default_rng(2).choice(chosen, 200_000)
    of = entries(people, wallet)

    count = np.bincount(wallet)
    edge = (np.bincount(wallet, of.edge_bps) / np.maximum(count, 1))[wallet]
    slope, offset = np.polyfit(edge, of.gain_bps, 1)
    assert slope == pytest.approx(1, abs=0.12)
    assert offset == pytest.approx(0, abs=0.6)


def test_edges_reach_from_losing_to_far_above_the_costs(people: Population) -> None:
    n_entries = 200
    means = {}
    for kind in ("informed", "negative_edge", "momentum"):
        wallet = np.flatnonzero(members(people, kind))[:150]
        edge = entries(people, np.repeat(wallet, n_entries)).edge_bps
        means[kind] = edge.reshape(-1, n_entries).mean(axis=1)

    assert np.percentile(means["informed"], 10) > 1
    assert 15 < np.percentile(means["informed"], 99) < 30
    assert -14 < means["negative_edge"].min() < -8  # aims end at -12, a mean errs by 1
    assert abs(np.median(means["momentum"])) < 0.5


def test_the_informed_earn_about_what_they_aim_at_over_about_five_minutes(
    people: Population,
) -> None:
    """They aim at 13 bps; quiet hours take what is missing, when no coin of theirs moves so far."""
    able = with_skill(people, "default", COINS, np.random.default_rng(5))
    wallet = np.flatnonzero(members(able, "informed"))[:300]

    edge = entries(able, np.repeat(wallet, 200)).edge_bps.reshape(-1, 200).mean(axis=1)

    assert able.aim_bps[wallet].mean() == pytest.approx(13, abs=1)
    assert 10 < edge.mean() < 13
    assert 4 < edge.std() < 7
    assert 4 * 60 < np.median(able.holding_ms[wallet]) / 1000 < 9 * 60
    assert np.corrcoef(edge, able.aim_bps[wallet])[0, 1] > 0.8


def test_momentum_traders_follow_and_mean_reverters_oppose(people: Population) -> None:
    momentum, reversion = (
        entries(people, np.repeat(np.flatnonzero(members(people, kind)), 5)).follows
        for kind in ("momentum", "mean_reversion")
    )

    assert momentum.mean() > 0.15
    assert reversion.mean() < -0.15
