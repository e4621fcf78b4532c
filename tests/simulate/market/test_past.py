"""What came before the market: prices, trades, money and who belongs together."""

from collections import Counter

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.funding import paid_ms, premiums, rate_of, rates_at
from hypertrack.simulate.market.instruments import CoinColumns, build_coins
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.past_prices import PAST_DAYS, PastPrices
from hypertrack.simulate.market.positions import PositionBook

SETTINGS = SimulateSettings(wallets=1_200, hours=0.5, seed=5)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


def test_past_prices_end_where_the_market_begins() -> None:
    coins = build_coins(12, 20.0)

    past = PastPrices(coins, START_MS + 1_000, np.random.default_rng(1))

    assert past.hours_ms[-1] == START_MS
    assert past.hours_ms[0] == START_MS - PAST_DAYS * DAY_MS
    assert past.prices[-1] == pytest.approx([coin.price_usd for coin in coins])
    at = past.at(np.array([START_MS - 1, START_MS + HOUR_MS]), np.array([2, 2], dtype=np.int16))
    assert at.tolist() == [past.prices[-2, 2], past.prices[-1, 2]]


def test_past_prices_move_as_much_as_coins_do_and_wrappers_move_alike() -> None:
    coins = build_coins(12, 20.0)
    names = [coin.name for coin in coins]

    past = PastPrices(coins, START_MS, np.random.default_rng(1))

    moves = np.diff(np.log(past.prices), axis=0)
    days = moves.std(axis=0) * np.sqrt(24)
    own = [at for at, coin in enumerate(coins) if coin.follows is None]
    usual = np.array([coin.day_volatility_frac for coin in coins])
    assert days[own] == pytest.approx(usual[own], rel=0.1)
    spot, perp = names.index("@107"), names.index("HYPE")
    assert moves[:, spot] == pytest.approx(moves[:, perp])


def test_each_wallets_fills_add_up_to_what_it_holds_at_its_entry_prices(market: Market) -> None:
    start = market.start_positions
    for wallet in range(100):
        fills = market.past_fills(wallet)
        held = np.bincount(fills.coin, fills.units, len(market.coins)).astype(np.int64)

        mine = start.take(start.wallet == wallet)
        assert np.flatnonzero(held).tolist() == sorted(mine.coin.tolist())
        assert held[mine.coin].tolist() == mine.units.tolist()
        assert np.all(np.diff(fills.time_ms) >= 0)
        assert np.all(fills.time_ms < market.start_ms)


def test_entry_price_is_the_average_of_the_fills_that_built_the_position(market: Market) -> None:
    start = market.start_positions
    wallet, coin = int(start.wallet[0]), int(start.coin[0])
    fills = market.past_fills(wallet)

    last = fills.take(fills.coin == coin)
    after = np.cumsum(last.units)
    flat = np.flatnonzero(after == 0)  # what came before was closed again
    built = last.take(slice(int(flat[-1]) + 1 if len(flat) else 0, None))

    average = (built.price * built.units).sum() / built.units.sum()
    assert average == pytest.approx(start.entry_price[0], rel=1e-12)


def test_some_have_more_fills_than_the_venue_tells(market: Market) -> None:
    counts = [len(market.past_fills(at)) for at in range(len(market.wallets))]

    assert np.median(counts) < 600
    assert 1 <= sum(count > 10_000 for count in counts) < sum(count > 3_000 for count in counts)


def test_spot_is_bought_before_it_is_sold(market: Market) -> None:
    is_spot = np.array([coin.kind == "spot" for coin in market.coins])
    n_seen = 0
    for wallet in range(200):
        fills = market.past_fills(wallet)
        for coin in np.flatnonzero(is_spot):
            held = np.cumsum(fills.units[fills.coin == coin])
            n_seen += len(held)
            assert np.all(held >= 0)

    assert n_seen > 100


def test_wallets_hold_the_tokens_that_they_are_going_to_sell(market: Market) -> None:
    is_spot = np.array([coin.kind == "spot" for coin in market.coins])
    book = PositionBook(market.start_positions, CoinColumns(market.coins).size_scale)
    sellers, lacking = set[int](), set[int]()
    for chunk in market.chunks():
        sides = book.add(chunk.trades)
        sells = is_spot[sides.coin] & (sides.side < 0)
        sellers.update(sides.wallet[sells].tolist())
        lacking.update(sides.wallet[sells & (sides.after < 0)].tolist())

    assert len(sellers) > 100
    assert len(lacking) / len(sellers) < 0.05


def test_a_wallet_holds_a_coin_once_however_often_it_likes_it(market: Market) -> None:
    start = market.start_positions

    pairs = Counter(zip(start.wallet.tolist(), start.coin.tolist(), strict=True))

    assert set(pairs.values()) == {1}


def test_what_is_transferred_leaves_one_and_reaches_the_other(market: Market) -> None:
    kinship, wallets = market.kinship, market.wallets
    for sub, master in kinship.master_of.items():
        given = [f for f in market.money.flows(wallets[master]) if f.target == wallets[sub]]
        taken = [f for f in market.money.flows(wallets[sub]) if f.source == wallets[master]]
        assert len(given) == 1
        assert given == taken
        assert not [f for f in market.money.flows(wallets[sub]) if f.kind == "deposit"][1:]


def test_nobody_gives_what_did_not_come_in(market: Market) -> None:
    """Cash after every flow of the first days, trades aside, is never below nothing."""
    for wallet in market.wallets[:300]:
        cash = 0.0
        for flow in market.money.flows(wallet):
            is_own = flow.source == flow.target
            is_in = flow.target == wallet and not is_own
            cash += flow.usd if is_in else -flow.usd - flow.fee_usd
            assert cash > -0.05  # each flow is rounded to a cent


def test_vaults_get_all_their_money_from_leader_and_followers(market: Market) -> None:
    for at, vault in market.kinship.vaults.items():
        flows = market.money.flows(market.wallets[at])
        brought = [flow for flow in flows if flow.target == market.wallets[at] != flow.source]

        assert [flow.kind for flow in brought] == ["vault_create"] + ["vault_deposit"] * len(
            vault.followers
        )
        assert brought[0].source == vault.leader
        leader = market.money.flows(vault.leader)
        assert leader[0].kind == "deposit"


def test_owners_tie_their_wallets_in_different_ways(market: Market) -> None:
    kinship = market.kinship

    assert kinship.master_of
    assert kinship.gifts
    assert len(kinship.vaults) >= 3
    assert 0.02 < len(kinship.agents) / len(market.wallets) < 0.3
    assert not set(kinship.master_of) & set(kinship.vaults)


def test_rates_are_mostly_the_usual_one_and_one_for_every_asker() -> None:
    hours = START_MS + HOUR_MS * np.arange(2_000)

    rates = rate_of(premiums(hours, np.array([3])))

    assert np.mean(rates == 0.0000125) == pytest.approx(0.9, abs=0.03)
    assert 0 <= rates.min() < rates.max() <= 0.0000125
    assert rates_at(int(hours[7]), 5)[3] == rates[7]
    late = paid_ms(hours, np.array([3])) - hours
    assert (late.min(), late.max()) == (0, 99)


@pytest.mark.parametrize(
    ("premium", "rate"),
    [
        (0.0, 0.0000125),  # 0.01 % in eight hours
        (0.0001, 0.0000125),
        (0.001, 0.0000625),  # (0.001 - 0.0005) / 8
        (-0.0009, -0.00005),  # (-0.0009 + 0.0005) / 8
    ],
)
def test_rate_follows_the_premium_beyond_the_clamp(premium: float, rate: float) -> None:
    assert rate_of(np.array([premium])) == pytest.approx([rate])


def test_dust_is_converted_at_the_end_of_a_day_and_leaves_nothing(market: Market) -> None:
    n_dust = 0
    for wallet in range(200):
        fills = market.past_fills(wallet)
        dust = fills.take(fills.is_dust)
        n_dust += len(dust)
        assert np.all(dust.units == -1)
        assert np.all(-dust.time_ms % DAY_MS < 200)  # the day's last blocks

    assert n_dust > 10
