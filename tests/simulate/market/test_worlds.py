"""Each world has the skill that it is named for, and its truth says so."""

import numpy as np
import pytest

from hypertrack.config import SimulateSettings, Skill
from hypertrack.errors import ConfigError
from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.instruments import build_coins
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.population import Population, build_population
from hypertrack.simulate.market.strategies import MEAN_ABS_NORMAL, normal_cdf
from hypertrack.simulate.market.worlds import drift_per_ms, with_skill

COINS = build_coins(12, 20.0)
MOST_BETS = 60
"""In eight hours of who holds a position for a quarter of an hour and longer."""
SMALL = SimulateSettings(wallets=400, hours=0.5, trades_per_second=10)


def people_of(skill: Skill, seed: int = 1) -> Population:
    people = build_population(10_000, COINS, np.random.default_rng(1))
    return with_skill(people, skill, COINS, np.random.default_rng(seed))


def foreseeing(people: Population) -> np.ndarray:
    return (people.foresight != 0) | (people.aim_bps != 0)


def test_in_the_world_of_none_nobody_foresees_and_nobody_is_called_informed() -> None:
    people = people_of("none")

    assert not foreseeing(people).any()
    truth = Market(SMALL.model_copy(update={"skill": "none"})).truth
    opened = truth["n_openings"] > 0
    assert opened.sum() > 100
    assert np.all(truth["edge_bps"][opened] == 0)
    assert not np.isin(truth["kind"], ["informed", "negative_edge"]).any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_the_realistic_world_one_in_a_hundred_foresees_a_little(seed: int) -> None:
    people = people_of("realistic", seed)

    skilled = people.foresight > 0
    snr = np.abs(people.foresight[people.foresight != 0]) * MEAN_ABS_NORMAL
    assert 0.005 <= skilled.mean() <= 0.02
    assert snr.min() >= 0.03
    assert snr.max() <= 0.15
    assert 0 < (people.foresight < 0).mean() <= 0.02
    assert not people.aim_bps.any()


def test_in_the_copyable_world_some_hold_for_hours_with_an_edge_above_a_copiers_costs() -> None:
    people = people_of("copyable")

    copyable = people.aim_bps > 0
    assert 0.01 <= copyable.mean() <= 0.03
    assert people.holding_ms[copyable].min() >= 0.25 * HOUR_MS
    assert people.holding_ms[copyable].max() <= 8 * HOUR_MS
    bets_in_ten_days = 10 * people.steady_per_day[copyable]
    assert 50 <= bets_in_ten_days.min() <= bets_in_ten_days.max() <= 300


@pytest.mark.slow
def test_copyable_edges_are_left_after_five_seconds_and_all_costs() -> None:
    """They aim at 5 to 40 bps net; coins that move too little for it hold some back.

    Two markets, as one has about a hundred such openings whose prices move together. Who opens
    hundreds of times in hours is none of those who hold long.
    """
    gain, count = 0.0, 0
    for seed in (7, 2):
        settings = SimulateSettings(wallets=1_500, hours=8, trades_per_second=2, seed=seed)
        truth = Market(settings.model_copy(update={"skill": "copyable"})).truth
        late, openings = truth["copy_edge_bps_5s"], truth["n_openings"]
        holds_long = (truth["kind"] == "informed") & (truth["holding_s"] >= 900)
        holds_long &= ~np.isnan(late) & (openings <= MOST_BETS)
        gain += (late * openings)[holds_long].sum()
        count += openings[holds_long].sum()
        blind = late[truth["edge_bps"] == 0]
        assert np.nanmedian(blind) < -9  # two fees of 4.5 bps and the spread
        assert np.nanmean(blind > 0) < 0.02  # of those who move a thin coin's price themselves

    assert count > 120
    assert 5 < gain / count < 60  # of so few openings the mean is known to about 10


def test_a_world_is_written_into_the_truth() -> None:
    settings = SMALL.model_copy(update={"skill": "realistic", "trend": ("BTC=0.5",)})

    assert set(Market(settings).truth["world"]) == {"realistic BTC=0.5"}


def test_a_trend_moves_its_coin_and_what_wraps_it_alone() -> None:
    quiet, trending = (
        LatentPrices(COINS, START_MS, np.random.default_rng(4), drift_per_ms=drift)
        for drift in (None, drift_per_ms(["HYPE=0.5"], COINS))
    )
    for prices in (quiet, trending):
        prices.extend(START_MS + DAY_MS)

    every = np.arange(12, dtype=np.int16)
    ends = np.full(12, START_MS + DAY_MS - 1_000.0)
    moved = trending.log_price(ends, every) - quiet.log_price(ends, every)
    names = [coin.name for coin in COINS]
    hype = [names.index("HYPE"), names.index("@107")]
    days = 1 + 20 / 1_440  # the paths begin 20 minutes before
    assert moved[hype] == pytest.approx(days * np.log(1.5), rel=1e-3)
    assert np.all(np.delete(moved, hype) == 0)
    starts = np.full(12, START_MS + 0.0)
    surprise = trending.surprise(starts, ends, every)
    assert surprise == pytest.approx(quiet.surprise(starts, ends, every), abs=1e-9)


def test_a_trend_of_an_unknown_or_wrapped_coin_is_refused() -> None:
    with pytest.raises(ConfigError, match="found WIF: take one of BTC, ETH"):
        drift_per_ms(["WIF=0.1"], COINS)
    with pytest.raises(ConfigError, match="@107 has the price of HYPE"):
        drift_per_ms(["@107=0.1"], COINS)


def test_the_normal_distribution_function_is_that_of_the_tables() -> None:
    values = normal_cdf(np.array([-1.959964, 0.0, 1.0, 2.575829]))

    assert values == pytest.approx([0.025, 0.5, 0.8413447, 0.995], abs=2e-7)
