"""The interval that may be looked at any time, worked by hand and held against chance."""

import numpy as np
import pytest

from hypertrack.skill.confidence_sequence import (
    FEWEST_BLOCKS,
    are_correlated,
    doubled,
    interval_at_any_time,
    reach_sd,
)


def test_reach_is_the_formula_at_the_blocks_it_is_tuned_to() -> None:
    # ln .05 = -2.99573; rho² = (5.99146 + ln 6.99146)/200 = 7.93616/200 = .0396808;
    # 200 rho² + 1 = 8.93616; ln(sqrt(8.93616)/.05) = ln 59.7868 = 4.09079;
    # 2 · 8.93616/(40,000 · .0396808) = .0112601; .0112601 · 4.09079 = .0460626, root .214622.
    assert reach_sd(200) == pytest.approx(0.214622, abs=1e-6)


def test_reach_shrinks_with_blocks_and_grows_with_what_shares_alpha() -> None:
    assert reach_sd(30) > reach_sd(200) > reach_sd(2_000) > reach_sd(20_000)
    assert reach_sd(200, alpha=0.05 / 7) > reach_sd(200)
    assert reach_sd(200) > 1.96 / 200**0.5


def test_interval_is_the_reach_around_the_mean() -> None:
    # 20 blocks of 1 and 20 of 3: mean 2, variance 40/39.
    found = interval_at_any_time(np.tile([1.0, 3.0], 20))

    assert found is not None
    assert found.value == 2.0
    assert found.low == pytest.approx(2 - (40 / 39) ** 0.5 * reach_sd(40))
    assert found.high == pytest.approx(2 + (40 / 39) ** 0.5 * reach_sd(40))


def test_too_few_blocks_and_equal_ones_have_no_interval() -> None:
    few = interval_at_any_time(np.arange(FEWEST_BLOCKS - 1.0))
    equal = interval_at_any_time(np.full(100, 3.0))

    assert few is not None
    assert equal is not None
    assert (few.value, few.low, few.high) == (14.0, None, None)
    assert (equal.value, equal.low, equal.high) == (3.0, None, None)
    assert interval_at_any_time(np.zeros(0)) is None


def test_at_most_one_run_in_twenty_ever_excludes_what_is_true() -> None:
    """1,000 runs of 4,000 blocks with heavy tails, looked at after each block."""
    n_runs, n_blocks = 1_000, 4_000
    rng = np.random.default_rng(11)
    reach = np.array([reach_sd(n) for n in range(1, n_blocks + 1)])
    count = np.arange(1, n_blocks + 1)
    n_wrong = n_wrong_by_usual = 0
    for _ in range(n_runs):
        values = rng.standard_t(3, n_blocks)
        mean = np.cumsum(values) / count
        square = np.cumsum(values**2) / count - mean**2
        sd = np.sqrt(square * count / np.maximum(count - 1, 1))
        off = np.abs(mean)[FEWEST_BLOCKS - 1 :]
        n_wrong += bool((off > (sd * reach)[FEWEST_BLOCKS - 1 :]).any())
        n_wrong_by_usual += bool((off > (1.96 * sd / np.sqrt(count))[FEWEST_BLOCKS - 1 :]).any())

    assert n_wrong <= 0.05 * n_runs
    assert n_wrong_by_usual > 0.3 * n_runs


def test_interval_of_a_true_difference_excludes_none_in_the_end() -> None:
    values = np.random.default_rng(3).standard_t(3, 4_000) + 0.2

    found = interval_at_any_time(values)

    assert found is not None
    assert found.low is not None
    assert found.low > 0


def test_blocks_that_move_together_are_told_from_those_that_do_not() -> None:
    noise = np.random.default_rng(1).standard_normal((200, 400))
    together = noise[:, 1:] + noise[:, :-1]  # correlation .5 at lag 1

    # Three lags, each beyond two errors in 4.6 % of noise: about one of seven.
    assert all(map(are_correlated, together))
    assert np.mean([are_correlated(values) for values in noise]) < 0.2


def test_of_few_or_equal_blocks_no_correlation_is_told() -> None:
    assert not are_correlated(np.arange(10.0))
    assert not are_correlated(np.ones(100))
    assert not are_correlated(np.zeros(0))


def test_doubled_blocks_are_means_of_neighbours() -> None:
    assert doubled(np.array([1.0, 3.0, 5.0, 9.0, 4.0])).tolist() == [2.0, 7.0]
    assert doubled(np.zeros(1)).tolist() == []
