"""What size costs by recorded books, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import ALICE, BOB, START_MS, trade
from paper_fakes import book
from skill_fakes import BOUGHT, SOLD, openings

from hypertrack.records import HOUR_MS
from hypertrack.skill.walk_costs import no_walks, recorded_walks, size_at, walk_bps
from hypertrack.store.reading.recorded_books import Books

TRADE = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)

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


def test_books_of_when_a_copier_would_trade_are_walked(open_engine: OpenEngine) -> None:
    two = openings((0, 10, BOUGHT), (0, 60, SOLD))
    sides = [("99.9", "5"), ("98.9", "50")], [("100.1", "5"), ("101.1", "50")]
    thin = [("99.9", "1")], [("100.1", "1")]
    books = [book(14_000, *sides), book(16_000, *thin), book(64_000, *sides)]
    con = open_engine(trades=[TRADE], l2book=books).backend

    found = recorded_walks(con, two, 5_000, START_MS + HOUR_MS, no_walks(2, 999.0))
    before = recorded_walks(con, two, 5_000, START_MS + 15_000, no_walks(2, 999.0))

    # Half the spread is 10 bps. Of 10 coins sold half bring 1 less: 50.05 bps; of 9.98 bought
    # 4.98 cost 1 more: 49.85 bps. The thin book came after the one copy, the other had none yet.
    bought = 999 / 100.1
    walk = (1e4 * 0.5 / 99.9 + 1e4 * (bought - 5) / bought / 100.1) / 2
    np.testing.assert_allclose(found.half_spread_bps, [10.0, np.nan])
    np.testing.assert_allclose(found.asked_bps(found.bps), [walk, np.nan])
    assert found.bps[0, 0] == 0
    assert not before.are_recorded.any()


def test_nobody_tells_books_where_none_were_recorded(open_engine: OpenEngine) -> None:
    con = open_engine(trades=[TRADE]).backend

    found = recorded_walks(con, openings((0, 10, BOUGHT)), 0, 2**62, no_walks(1, 999.0))

    assert not found.are_recorded.any()
