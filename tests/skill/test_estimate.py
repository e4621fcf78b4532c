"""The estimate and its error, worked by hand."""

import numpy as np
import pytest
from scipy.special import polygamma
from scipy.stats import chi2, t
from skill_fakes import bets

from hypertrack.skill.estimate import (
    MOST_DF,
    Pooled,
    block_variance,
    estimate,
    inverse_trigamma,
    moderate,
    pool,
)

FIVE_MINUTES = np.full(2, 300_000)


def variance_of(*rows: tuple[int, int, float, float], edge: float) -> float:
    one = bets(*rows)
    total = np.array([one.weight.sum()])
    found, _, _ = block_variance(one, np.array([edge]), total, np.array([0]))
    return float(found[0])


def test_edge_is_the_mean_weighted_by_precision() -> None:
    found = estimate(bets((0, 0, 10.0, 1.0), (0, 1, -2.0, 3.0)), FIVE_MINUTES)

    assert found.edge_bps.tolist() == [(10 - 6) / 4]
    assert found.n_bets.tolist() == [2]


def test_variance_adds_up_residuals_within_a_block() -> None:
    # Mean 0. Two coins of one block move together: residual 2 + 2, and -4 far later.
    found = variance_of((0, 0, 2.0, 1.0), (0, 0, 2.0, 1.0), (0, 9, -4.0, 1.0), edge=0.0)

    # The first block has 2/3 of the weight, so that 1/3 of its variance is not in its residual.
    assert found == pytest.approx((16 / (1 / 3) + 16 / (2 / 3)) / 9)


def test_markouts_that_only_rounding_tells_apart_have_no_variance() -> None:
    rows = tuple((0, 2 * block, 7.0 + block * 1e-13, 1.0) for block in range(12))

    assert variance_of(*rows, edge=7.0) == 0
    assert not estimate(bets(*rows), FIVE_MINUTES).is_tested.any()


def test_heavy_blocks_are_worth_fewer_of_equal_weight() -> None:
    heavy = bets((0, 0, 1.0, 8.0), (0, 5, 0.0, 1.0), (0, 10, 0.0, 1.0))

    _, n_blocks, n_equal = block_variance(heavy, np.array([0.8]), np.array([10.0]), np.array([0]))

    assert n_blocks.tolist() == [3]
    assert n_equal.tolist() == pytest.approx([100 / 66])


def test_neighbouring_blocks_that_move_together_widen_the_error() -> None:
    # Mean 0, residuals 1, 1, -1, -1: the lag adds 2(1 - 1 + 1) = 2 to 4; 4 blocks.
    rows = ((0, 0, 1.0, 1.0), (0, 1, 1.0, 1.0), (0, 2, -1.0, 1.0), (0, 3, -1.0, 1.0))
    apart = tuple((0, 2 * block, y, w) for _, block, y, w in rows)

    assert variance_of(*rows, edge=0.0) == pytest.approx(6 * (4 / 3) / 16)
    assert variance_of(*apart, edge=0.0) == pytest.approx(4 * (4 / 3) / 16)


def test_neighbouring_blocks_that_move_apart_do_not_narrow_it() -> None:
    rows = ((0, 0, 1.0, 1.0), (0, 1, -1.0, 1.0), (0, 2, 1.0, 1.0), (0, 3, -1.0, 1.0))

    assert variance_of(*rows, edge=0.0) == pytest.approx(4 * (4 / 3) / 16)


def test_one_block_has_no_variance_and_is_not_tested() -> None:
    rows = [(0, 0, float(y), 1.0) for y in range(12)]

    found = estimate(bets(*rows), FIVE_MINUTES)

    assert found.is_tested.tolist() == [False]
    assert np.isnan(found.p).all()


def test_fewer_than_ten_blocks_are_not_tested() -> None:
    coins = [0, 1] * 10
    rows = [(0, nth % 9, 1.0 + nth % 3, 1.0) for nth in range(20)]
    more = [(0, nth // 2, 1.0 + nth % 3, 1.0) for nth in range(20)]

    few = estimate(bets(*sorted(rows), coin=coins), FIVE_MINUTES)
    enough = estimate(bets(*more, coin=coins), FIVE_MINUTES)

    assert (few.n_blocks.tolist(), few.is_tested.tolist()) == ([9], [False])
    assert (enough.n_blocks.tolist(), enough.is_tested.tolist()) == ([10], [True])


def test_fewer_than_ten_bets_are_not_tested() -> None:
    rows = [(0, block, 1.0 + block % 3, 1.0) for block in range(9)]
    more = [(1, block, 1.0 + block % 3, 1.0) for block in range(10)]

    found = estimate(bets(*rows, *more), FIVE_MINUTES)

    assert found.is_tested.tolist() == [False, True]


def test_pooled_dispersion_is_found_again() -> None:
    # True dispersions are 2 · 8 / chi2(8): limma's model with d0 = 8 and s0² = 2.
    rng = np.random.default_rng(1)
    true = 2 * 8 / chi2.rvs(8, size=40_000, random_state=rng)
    df = np.full(40_000, 20.0)

    found = pool(true * chi2.rvs(20, size=40_000, random_state=rng) / 20, df)

    assert found.df == pytest.approx(8, rel=0.05)
    assert found.dispersion == pytest.approx(2, rel=0.02)


def test_equal_dispersions_are_pooled_without_end() -> None:
    rng = np.random.default_rng(2)
    df = np.full(2_000, 10.0)

    found = pool(chi2.rvs(10, size=2_000, random_state=rng) / 10, df)

    assert found.df > 50
    assert found.dispersion == pytest.approx(1, rel=0.05)
    assert pool(np.full(5, 3.0), np.full(5, 10.0)).df == MOST_DF


def test_moderated_dispersion_lies_between_its_own_and_the_pooled_one() -> None:
    found, df = moderate(np.array([4.0, np.nan]), np.array([6.0, 0.0]), Pooled(2.0, 1.0))

    assert found.tolist() == [(2 * 1 + 6 * 4) / 8, 1.0]
    assert df.tolist() == [8.0, 2.0]


@pytest.mark.parametrize("value", [0.01, 0.5, 3.0, 40.0])
def test_trigamma_is_inverted(value: float) -> None:
    assert float(polygamma(1, inverse_trigamma(value))) == pytest.approx(value)


def test_p_is_one_sided_from_students_distribution() -> None:
    rows = [(0, 2 * block, 3.0 + (-1) ** block, 1.0) for block in range(10)]

    found = estimate(bets(*rows), FIVE_MINUTES)

    # One entity has nobody to be pooled with: its own error, sd 1 (10/9) over 10 blocks.
    error = np.sqrt(10 / 9 * 10) / 10
    assert found.error_bps.tolist() == pytest.approx([error])
    assert found.p.tolist() == pytest.approx([t.sf(3 / error, 9)])


def test_hours_are_counted_once() -> None:
    rows = [(0, block, 1.0, 1.0) for block in (0, 1, 11, 12, 30)]

    assert estimate(bets(*rows), FIVE_MINUTES).n_hours.tolist() == [3]
