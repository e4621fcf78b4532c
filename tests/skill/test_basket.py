"""Baskets: what moves together counts once, worked by hand."""

import numpy as np
import pytest
from skill_fakes import copies

from hypertrack.skill.basket import choose, correlations, gains_by_block

APART = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 0.0]])
"""Gains of three that never bet in the same block."""


def test_who_bets_at_other_times_is_independent() -> None:
    found = choose(APART, np.array([1.0, 2.0, 3.0]), 3)

    assert found.rows.tolist() == [2, 1, 0]
    assert found.n_effective == pytest.approx(3.0)


def test_the_same_bet_under_two_names_counts_once() -> None:
    twins = np.array([[1.0, -1.0, 2.0], [1.0, -1.0, 2.0]])

    found = choose(twins, np.array([5.0, 5.0]), 2)

    assert found.n_effective == pytest.approx(1.0)


def test_half_correlated_pair_counts_as_four_thirds() -> None:
    # 2² / (1 + 1 + .5 + .5): one bet of two in common.
    pair = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])

    assert choose(pair, np.array([1.0, 1.0]), 2).n_effective == pytest.approx(4 / 3)


def test_a_little_less_edge_is_taken_for_independence() -> None:
    # The twin of the first has 9, a stranger 6: (10 + 9) / √4 = 9.5 against 16 / √2 = 11.3.
    gains = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])

    found = choose(gains, np.array([10.0, 9.0, 6.0]), 2)

    assert found.rows.tolist() == [0, 2]
    assert found.nearest.tolist() == [1, 0]


def test_opposite_bets_are_no_hedge() -> None:
    against = np.array([[1.0, -1.0], [-1.0, 1.0]])

    assert correlations(against).tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_basket_of_fewer_than_asked_for_is_all_of_them() -> None:
    assert choose(APART, np.array([1.0, 2.0, 3.0]), 9).rows.tolist() == [2, 1, 0]
    assert choose(np.zeros((0, 0)), np.zeros(0), 3).n_effective == 0.0


def test_gains_are_added_up_by_block_of_time_and_cash_is_nothing() -> None:
    # Blocks of ten minutes; every copy costs 1 bps, one was never seen to end.
    made = copies((0, 0, 60, 3.0), (0, 300, 360, 5.0), (1, 700, 760, 2.0), (1, 10, 70, np.nan))

    found = gains_by_block(made, 3, 600_000)

    assert found.tolist() == [[6.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
