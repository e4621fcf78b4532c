"""Kinds overlap in every quantity, and the true edges are earned in later prices."""

from dataclasses import fields

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import Floats, QuoteArrays, TradeArrays
from hypertrack.simulate.market.instruments import CoinColumns, build_coins
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.population import Population, build_population
from hypertrack.simulate.market.strategies import Strategies
from hypertrack.simulate.market.trading_sessions import MomentArrays
from hypertrack.simulate.market.truth import true_edge_bps, truth

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
    assert members(people, "market_maker").sum() == 16


def test_even_a_small_population_has_every_kind() -> None:
    people = build_population(60, COINS, np.random.default_rng(1))

    assert len(people) == 60
    assert len(np.unique(people.kind)) == len(KINDS)


def test_truth_names_each_wallets_facts(people: Population) -> None:
    columns = truth(people, COINS)

    assert set(columns) == {"wallet", "kind", "is_bot", "edge_bps", "holding_s", "home_coins"}
    assert {len(column) for column in columns.values()} == {20_000}
    assert columns["home_coins"][0].split(",")[0] in {coin.name for coin in COINS}


def test_addresses_are_random_and_distinct(people: Population) -> None:
    assert len(set(people.addresses)) == 20_000
    digits = "".join(address[2:] for address in people.addresses)
    share = np.array([digits.count(digit) for digit in "0123456789abcdef"]) / len(digits)
    assert np.allclose(share, 1 / 16, atol=0.002)


def test_edges_reach_from_losing_to_far_above_the_costs(people: Population) -> None:
    edge = true_edge_bps(people, COINS)
    informed = edge[members(people, "informed")]

    assert np.percentile(informed, 10) > 1
    assert 15 < np.percentile(informed, 99) < 30
    assert -13 < edge.min() < -8
    assert abs(np.median(edge[members(people, "momentum")])) < 0.5


DEFINING = {"aim_bps", "trend", "long_bias", "sessions_per_day", "twap_share"}
"""What makes some pairs of kinds what they are, such as following and opposing a trend."""


def test_no_single_quantity_tells_two_kinds_apart(people: Population) -> None:
    """Some wallets of every kind lie between the 1st and 99th percentile of any other kind."""
    columns = {field.name: getattr(people, field.name) for field in fields(people)}
    quantities = {
        name: values
        for name, values in columns.items()
        if isinstance(values, np.ndarray) and values.dtype == np.float64 and name not in DEFINING
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


def gains(people: Population, wallet: np.ndarray) -> tuple[Floats, Floats]:
    """Let wallets enter at random times; return each entry's gain in bps and its momentum."""
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
        is_limit=zeros,
        is_twap=zeros,
    )
    orders = Strategies(people, CoinColumns(COINS), prices, rng).orders(moments)
    now = prices.log_price(orders.time_ms, orders.coin)
    later = prices.log_price(orders.time_ms + np.minimum(orders.holding_ms, HOUR_MS), orders.coin)
    before = prices.log_price(orders.time_ms - 900_000, orders.coin)
    gain = np.where(orders.holding_ms > 0, orders.side * (later - now), np.nan)
    return gain * 1e4, orders.side * np.sign(now - before)


def test_entries_earn_the_true_edge_over_the_holding_time(people: Population) -> None:
    rng = np.random.default_rng(2)
    chosen = np.flatnonzero(members(people, "informed") | members(people, "negative_edge"))
    wallet = rng.choice(chosen, 200_000)
    gain, _ = gains(people, wallet)
    closed = ~np.isnan(gain)

    edge = true_edge_bps(people, COINS)[wallet[closed]]
    slope, offset = np.polyfit(edge, gain[closed], 1)
    assert slope == pytest.approx(1, abs=0.12)
    assert offset == pytest.approx(0, abs=0.6)


def test_momentum_traders_follow_and_mean_reverters_oppose(people: Population) -> None:
    _, follows = gains(people, np.repeat(np.flatnonzero(members(people, "momentum")), 5))
    _, opposes = gains(people, np.repeat(np.flatnonzero(members(people, "mean_reversion")), 5))

    assert follows.mean() > 0.15
    assert opposes.mean() < -0.15


@pytest.mark.slow
def test_true_edge_shows_in_markouts_of_a_day() -> None:
    market = Market(SimulateSettings(hours=24))
    chunks = list(market.chunks())
    trades = TradeArrays.join([chunk.trades for chunk in chunks])
    quotes = QuoteArrays.join([chunk.quotes for chunk in chunks])

    count, markout = mean_markouts(trades, quotes, len(market.coins), len(market.wallets))

    active = count >= 300
    found = np.corrcoef(markout[active], market.truth["edge_bps"][active])[0, 1]
    informed = active & (market.truth["kind"] == "informed")
    print(f"{active.sum()} wallets, correlation {found:.2f}")
    assert found > 0.3
    assert markout[informed].mean() > markout[active].mean() + 1


def mean_markouts(
    trades: TradeArrays, quotes: QuoteArrays, n_coins: int, n_wallets: int
) -> tuple[np.ndarray, Floats]:
    """Return fills and their mean drift-adjusted 5-minute markout in bps, by wallet."""
    gain = np.full(len(trades), np.nan)
    for coin in range(n_coins):
        book, of = quotes.take(quotes.coin == coin), np.flatnonzero(trades.coin == coin)
        middle = (book.bid + book.ask) / 2
        later = trades.time_ms[of] + 300_000
        row = np.searchsorted(book.time_ms, later) - 1
        change = (middle[row] / trades.price[of] - 1) * 1e4
        change[later > book.time_ms[-1]] = np.nan
        gain[of] = change - np.nanmean(change)
    known = ~np.isnan(gain)
    wallet = np.concatenate([trades.buyer[known], trades.seller[known]])
    count = np.bincount(wallet, minlength=n_wallets)
    total = np.bincount(wallet, np.concatenate([gain[known], -gain[known]]), n_wallets)
    return count, total / np.maximum(count, 1)
