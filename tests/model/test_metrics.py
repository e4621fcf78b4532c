import numpy as np
import pytest

from hypertrack.model.metrics import auc, calibration_error, draw_resamples, rank_ic, skill


def test_skill_is_one_less_the_ratio_of_losses() -> None:
    found = skill(np.array([1.0, 2.0]), np.array([2.0, 4.0]), draw_resamples(2, 50, 0))

    assert found is not None
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_interval_is_that_of_a_bootstrap_done_one_by_one() -> None:
    rng = np.random.default_rng(0)
    loss, base = rng.random(80), rng.random(80) + 0.2

    found = skill(loss, base, draw_resamples(80, 4_000, 1))

    slow = []
    for _ in range(4_000):
        drawn = rng.integers(0, 80, 80)
        slow.append(1 - loss[drawn].sum() / base[drawn].sum())
    assert found is not None
    assert [found.low, found.high] == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.02)


def test_skill_against_a_constant_that_is_never_wrong_is_not_defined() -> None:
    assert skill(np.zeros(3), np.zeros(3), draw_resamples(3, 10, 0)) is None
    assert skill(np.zeros(0), np.zeros(0), draw_resamples(0, 10, 0)) is None


def test_resamples_draw_as_many_wallets_as_there_are() -> None:
    drawn = draw_resamples(40, 100, 0)

    assert drawn.shape == (100, 40)
    assert (drawn.sum(axis=1) == 40).all()
    assert (drawn == draw_resamples(40, 100, 0)).all()


def test_auc_counts_pairs_in_order() -> None:
    # of the pairs (yes, no): 0.8 > 0.5, 0.8 > 0.1, 0.3 < 0.5, 0.3 > 0.1
    assert auc(np.array([1, 0, 1, 0]), np.array([0.8, 0.5, 0.3, 0.1])) == 0.75
    assert auc(np.array([1.0, 1.0]), np.array([0.1, 0.2])) is None


def test_rank_ic_looks_at_order_alone() -> None:
    assert rank_ic(np.array([1.0, 2.0, 900.0]), np.array([-5.0, 0.1, 0.2])) == pytest.approx(1)
    assert rank_ic(np.array([1.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0])) is None
    assert rank_ic(np.array([]), np.array([])) is None


def test_calibration_error_is_the_mean_gap_of_ten_bins() -> None:
    said = np.repeat(np.linspace(0.05, 0.95, 10), 20)
    came = np.tile(np.arange(20), 10) < np.repeat(np.arange(10) * 2 + 1, 20)

    assert calibration_error(came.astype(float), said) == pytest.approx(0)
    assert calibration_error(came.astype(float), said + 0.04) == pytest.approx(0.04)
    assert calibration_error(np.zeros(0), np.zeros(0)) is None
