"""What size costs by recorded books, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import ALICE, BOB, START_MS, trade
from paper_fakes import book

from hypertrack.config import CopySettings, Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS
from hypertrack.skill.judging import Skill, judge
from hypertrack.skill.walk_costs import no_walks, size_at, walk_bps
from hypertrack.store.reading.recorded_books import Books

ONE = Books(
    prices=np.array([[[100.0, 99.0], [101.0, 102.01]]]),
    sizes=np.array([[[1.0, 9.0], [10.0, 10.0]]]),
)


def test_walk_is_what_the_mean_price_lies_beyond_the_best() -> None:
    found = walk_bps(ONE, 200.0)

    # Two coins sold at 100 and 99: 50 bps below 100. Asks hold 1,010 USD at the best price.
    np.testing.assert_allclose(found, [[50.0, 0.0]], atol=1e-9)


def test_beyond_its_end_a_book_goes_on_as_steep_as_what_was_seen() -> None:
    # Ten coins bring 991: 90 bps below 100. Twice as many would cost twice that.
    assert walk_bps(ONE, 1_000.0)[0, 0] == pytest.approx(90.0)
    assert walk_bps(ONE, 2_000.0)[0, 0] == pytest.approx(180.0)


def test_size_that_costs_so_much_lies_on_the_line_between_two() -> None:
    sizes = np.array([0.0, 100.0, 200.0])
    curves = np.array([[0.0, 1.0, 3.0], [0.0, 5.0, 5.0]])

    assert size_at(sizes, curves, np.array([2.0, 2.5])).tolist() == pytest.approx([150.0, 50.0])
    assert size_at(sizes, curves, np.array([7.0, 5.0])).tolist() == [400.0, np.inf]
    assert size_at(sizes, curves, np.array([-1.0, 0.0])).tolist() == [0.0, 0.0]


def test_tape_stands_in_for_the_coins_without_a_book() -> None:
    nothing = no_walks(2, 250.0)
    recorded = replace(nothing, bps=nothing.bps.copy(), half_spread_bps=np.array([1.5, np.nan]))
    recorded.bps[0] = 3.0

    found = recorded.or_by_tape(np.array([0.5, 0.5]))

    assert found.asked_bps(found.bps).tolist() == pytest.approx([3.0, 125.0])
    assert found.half_spread_or(2.0).tolist() == [1.5, 2.0]
    assert found.are_recorded.tolist() == [True, False]


def judged(engine: FeatureEngine, size_usd: float) -> Skill:
    settings = Settings(copy=CopySettings(size_usd=size_usd, taker_bps=4.0, half_spread_bps=9.0))
    window = Window(engine.start_ms, engine.end_ms)
    return judge(engine.backend, window, np.ones(engine.n_wallets, dtype=bool), settings)


def test_copier_pays_what_the_book_asked_where_one_was_recorded(open_engine: OpenEngine) -> None:
    prices = np.random.default_rng(2).uniform(99, 101, 40).round(2).tolist()
    times_ms = [START_MS + nth * 10 * MINUTE_MS for nth in range(len(prices))]
    trades = [
        trade(at_ms, buyer=ALICE, seller=BOB, taker=ALICE, price=price)
        for at_ms, price in zip(times_ms, prices, strict=True)
    ]
    sides = [("99.9", "5"), ("98.9", "50")], [("100.1", "5"), ("101.1", "50")]
    books = [book(at_ms - START_MS + 4_000, *sides) for at_ms in times_ms]

    with_books = judged(open_engine(trades=trades, l2book=books), 999.0)
    without = judged(open_engine(trades=trades), 999.0)

    # Half the spread is 10 bps. Of 10 coins sold half bring 1 less: 50.05 bps; of 9.98 bought
    # 4.98 cost 1 more: 49.85 bps. And 4 bps of fees: both legs.
    walk = (1e4 * 0.5 / 99.9 + 1e4 * (999 / 100.1 - 5) / (999 / 100.1) / 100.1) / 2
    assert with_books.columns["cost_bps"][0] == pytest.approx(2 * (4 + 10 + walk), abs=0.3)
    assert with_books.columns["book_frac"][0] == 1.0
    assert without.columns["cost_bps"][0] >= 2 * (4 + 9)
    assert without.columns["book_frac"][0] == 0.0
