"""Means with intervals from blocks of time, worked by hand."""

import numpy as np
import pytest

from hypertrack.skill.time_blocks import (
    block_difference,
    block_mean,
    recordings_needed,
    running_error,
)

FIVE = np.arange(5)
ONE_WON = np.array([0.0, 0.0, 0.0, 0.0, 10.0])


def test_error_is_that_of_sums_of_blocks() -> None:
    # Mean 2; (v - 2) / 5 is four times -0.4 and 1.6; squares 3.2, neighbours 3 · .16 - .64 < 0;
    # 3.2 · 5/4 = 4, root 2. Student's 97.5 % of four degrees of freedom is 2.776.
    found = block_mean(ONE_WON, FIVE)

    assert found is not None
    assert (found.value, found.error) == pytest.approx((2.0, 2.0))
    assert (found.low, found.high) == pytest.approx((2 - 5.553, 2 + 5.553), abs=1e-3)


def test_bets_of_one_block_count_together() -> None:
    # Twice the same bet in each block is no more evidence.
    found = block_mean(np.repeat(ONE_WON, 2), np.repeat(FIVE, 2))

    assert found is not None
    assert found.error == pytest.approx(2.0)


def test_neighbours_that_move_together_widen_the_interval() -> None:
    # Pulls -1, -1, 0, 1, 1 over 5: squares .16, neighbours .04 + .04: (.16 + .16) · 5/4 = .4.
    found = block_mean(np.array([-1.0, -1.0, 0.0, 1.0, 1.0]), FIVE)

    assert found is not None
    assert found.error == pytest.approx(0.4**0.5)


def test_blocks_far_apart_are_no_neighbours() -> None:
    found = block_mean(np.array([-1.0, -1.0, 0.0, 1.0, 1.0]), FIVE * 7)

    assert found is not None
    assert found.error == pytest.approx(0.2**0.5)


def test_four_blocks_give_no_interval() -> None:
    found = block_mean(ONE_WON[1:], FIVE[1:])

    assert found is not None
    assert (found.value, found.low, found.high, found.error) == (2.5, None, None, None)


def test_what_both_have_in_common_cancels() -> None:
    alone = block_difference(ONE_WON, FIVE, np.zeros(5), FIVE)
    same = block_difference(ONE_WON + 1, FIVE, ONE_WON, FIVE)

    assert alone is not None
    assert same is not None
    assert (alone.value, alone.error) == pytest.approx((2.0, 2.0))
    assert (same.value, same.error) == (1.0, None)


def test_nothing_has_no_mean() -> None:
    nothing = np.zeros(0)

    assert block_mean(nothing, np.zeros(0, dtype=int)) is None
    assert block_difference(ONE_WON, FIVE, nothing, np.zeros(0, dtype=int)) is None


def test_smaller_differences_need_more_recordings() -> None:
    # ((1.960 + 0.842) · 6 / 2)² = 70.6
    assert recordings_needed(6.0, 2.0) == 71
    assert recordings_needed(0.1, 2.0) == 2


def test_error_of_a_sum_grows_with_it() -> None:
    # Around the mean of 2: -2, -2, -2, -2, 8. Squares 4, 8, 12, 16, 80 with twice the neighbours
    # 0, 4, 8, 12, -4: 4, 16, 28, 40, and 80, since the last neighbours only take away.
    found = running_error(ONE_WON, FIVE, 5)

    assert found.tolist() == pytest.approx([2.0, 4.0, 28**0.5, 40**0.5, 80**0.5])
