"""Orders that walk a book, worked by hand."""

from decimal import Decimal

import numpy as np

from hypertrack.market.book_walk import walked

PRICES, SIZES = np.array([100.0, 101.0, 103.0]), np.array([2.0, 1.0, 4.0])


def test_order_takes_the_best_prices_first_and_a_part_of_the_last() -> None:
    got, cost = walked(PRICES, SIZES, np.array([1.0, 2.5, 5.0]))

    assert got.tolist() == [1.0, 2.5, 5.0]
    assert cost.tolist() == [100.0, 200 + 0.5 * 101, 200 + 101 + 2 * 103]


def test_order_gets_no_more_than_there_is() -> None:
    got, cost = walked(PRICES, SIZES, np.array([10.0]))

    assert (got.tolist(), cost.tolist()) == ([7.0], [200 + 101 + 4 * 103])


def test_books_are_walked_beside_each_other_each_by_an_order_of_its_own() -> None:
    prices, sizes = np.stack([PRICES, PRICES + 1]), np.array([[2.0, 1.0, 4.0], [1.0, 0.0, 9.0]])

    got, cost = walked(prices, sizes, np.array([3.0, 3.0]))

    assert got.tolist() == [3.0, 3.0]
    assert cost.tolist() == [301.0, 101 + 2 * 104]


def test_decimals_stay_exact_and_a_level_may_have_no_end() -> None:
    prices = np.array([Decimal("0.1"), Decimal("0.3")], dtype=object)
    sizes = np.array([Decimal("0.7"), Decimal("Infinity")], dtype=object)

    got, cost = walked(prices, sizes, np.array(Decimal(1), dtype=object))

    assert (got, cost) == (Decimal(1), Decimal("0.16"))
    nothing = walked(np.array([], dtype=object), np.array([], dtype=object), np.array(1.0))
    assert nothing == (0, 0)
