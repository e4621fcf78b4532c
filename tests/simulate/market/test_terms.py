"""What wallets pay, by hand, and by what they trade."""

from itertools import product

import numpy as np
import pytest
from terms_fakes import base_terms

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.arrays import Floats, TradeArrays
from hypertrack.simulate.market.instruments import build_coins
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.population import build_population
from hypertrack.simulate.market.terms import FeeSchedule, TermArrays, draw_terms

COINS = build_coins(12, 20.0)
BTC, SPOT, HIP3 = 0, 4, 8


def one_wallet() -> TermArrays:
    """Return a maker of tier 4 with a rebate of .2 bps that trades through a builder at 1 bp."""
    return TermArrays(
        *(np.array([bps]) for bps in (2.8, -0.2, 3.5, -0.2)), np.array([1.0]), np.array([False])
    )


def bps(terms: TermArrays, coin: int, *, is_taker: bool, is_buy: bool) -> float:
    schedule = FeeSchedule(terms, COINS)
    wallet, of = np.array([0], dtype=np.int32), np.array([coin], dtype=np.int16)
    return float(schedule.bps(wallet, of, np.array([is_taker]), np.array([is_buy]))[0])


def test_coins_are_of_the_kinds_meant() -> None:
    assert [COINS[at].kind for at in (BTC, SPOT, HIP3)] == ["perp", "spot", "hip3"]


@pytest.mark.parametrize(
    ("coin", "is_taker", "is_buy", "expected"),
    [
        (BTC, True, True, 2.8 + 1),
        (BTC, False, True, -0.2 + 1),
        (SPOT, True, True, 3.5),  # of spot a builder takes part in sales alone
        (SPOT, True, False, 3.5 + 1),
        (HIP3, True, True, 2 * 2.8 + 1),
    ],
)
def test_fee_is_the_tiers_and_the_builders(
    coin: int, is_taker: bool, is_buy: bool, expected: float
) -> None:
    assert bps(one_wallet(), coin, is_taker=is_taker, is_buy=is_buy) == pytest.approx(expected)


def test_one_wallets_rates_are_the_schedules() -> None:
    terms = one_wallet()

    for coin in (BTC, SPOT, HIP3):
        for is_taker, is_buy in product((True, False), repeat=2):
            alone = terms.rates(0).bps(COINS[coin], is_taker=is_taker, is_buy=is_buy)
            assert alone == pytest.approx(bps(terms, coin, is_taker=is_taker, is_buy=is_buy))


def test_base_terms_are_the_schedule_of_the_settings() -> None:
    terms = base_terms(1)

    taker = [bps(terms, coin, is_taker=True, is_buy=True) for coin in (BTC, SPOT, HIP3)]
    maker = [bps(terms, coin, is_taker=False, is_buy=True) for coin in (BTC, SPOT, HIP3)]
    assert taker == [4.5, 7.0, 9.0]
    assert maker == [1.5, 4.0, 3.0]


def test_who_trades_more_pays_less_makers_get_rebates_and_people_use_builders() -> None:
    people = build_population(2_000, COINS, np.random.default_rng(3))
    terms = draw_terms(people, np.random.default_rng(4))
    makes = people.kind == [kind.name for kind in KINDS].index("market_maker")
    day_usd = people.size_usd * people.sessions_per_day * people.session_ms / people.gap_ms

    busy, idle = np.argsort(-day_usd)[:20], np.argsort(day_usd)[:1_000]
    assert terms.perp_taker_bps[busy].max() <= 3.0
    assert np.median(terms.perp_taker_bps[idle]) > 4.3
    assert np.all(terms.perp_maker_bps[makes] <= -0.1)
    assert np.all(terms.perp_maker_bps[~makes] >= 0)
    assert np.any(terms.builder_bps > 0)
    assert not np.any(terms.builder_bps[people.is_bot] > 0)
    assert not np.any(terms.numbers_orders[~people.is_bot])


@pytest.mark.slow
def test_fees_of_fills_are_those_measured_on_the_venue() -> None:
    """Within a factor of 1.5 of what 81 s of the venue showed, where the fee is not near 0."""
    of_seeds = [fees_of_fills(seed) for seed in (7, 9)]

    taker, maker = (
        np.percentile(np.concatenate(fees), [25, 50, 90]).round(2).tolist()
        for fees in zip(*of_seeds, strict=True)
    )
    print(f"taker {taker}, maker {maker}; the venue's 1.4, 3.4, 5.3 and -0.3, -0.1, 1.5")
    for ours, venues in zip(taker, (1.4, 3.4, 5.3), strict=True):
        assert venues / 1.5 < ours <= round(venues * 1.5, 2)  # to the digit that ours has
    assert maker[0] == pytest.approx(-0.3, abs=0.15)
    assert maker[1] == pytest.approx(-0.1, abs=0.15)
    assert 1 < maker[2] < 2.25


def fees_of_fills(seed: int) -> tuple[Floats, Floats]:
    """Return what takers and what makers paid in three minutes of 187 coins, bps."""
    settings = SimulateSettings(
        wallets=3_000, coins=187, hours=0.05, trades_per_second=45, seed=seed
    )
    market = Market(settings)
    schedule = FeeSchedule(market.terms, market.coins)
    trades = TradeArrays.join([chunk.trades for chunk in market.chunks()])
    taker = np.where(trades.is_buy, trades.buyer, trades.seller)
    maker = np.where(trades.is_buy, trades.seller, trades.buyer)
    takes = np.ones(len(trades), dtype=bool)
    return (
        schedule.bps(taker, trades.coin, takes, trades.is_buy),
        schedule.bps(maker, trades.coin, ~takes, ~trades.is_buy),
    )
