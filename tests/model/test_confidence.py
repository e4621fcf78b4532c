"""Intervals that hold at every look; numbers worked by hand."""

import numpy as np
import pytest

from hypertrack.model.confidence import (
    FEWEST_BLOCKS,
    block_means,
    blocks_needed,
    half_width,
    independent_length,
    is_serial,
    sequence_interval,
)


def test_half_width_is_the_formulas() -> None:
    # rho2 = (5.991465 + ln 6.991465) / 200 = (5.991465 + 1.944690) / 200 = 0.03968077
    # n rho2 + 1 = 4.968077; 2 x 4.968077 / (100^2 x 0.03968077) = 0.02504022
    # ln(sqrt(4.968077) / 0.05) = 3.797255; sqrt(0.02504022 x 3.797255) = 0.308357
    assert half_width(100, 1.0, 0.05) == pytest.approx(0.308357, abs=1e-6)
    assert half_width(100, 4.0, 0.05) == pytest.approx(2 * 0.308357, abs=2e-6)


def test_interval_is_wider_than_the_one_for_a_single_look() -> None:
    assert half_width(200, 1.0, 0.05) > 1.96 / np.sqrt(200)


def test_nothing_is_said_of_few_blocks() -> None:
    assert sequence_interval(np.arange(FEWEST_BLOCKS - 1.0), 0.05) is None


def test_interval_lies_around_the_mean() -> None:
    values = np.array([0.0, 2.0] * 50)

    found = sequence_interval(values, 0.05)

    assert found is not None
    half = 0.308357 * np.sqrt(100 / 99)  # variance of 0 and 2: 1, of a sample 100/99
    assert (found.value, found.low, found.high) == pytest.approx((1, 1 - half, 1 + half), abs=1e-5)


@pytest.mark.parametrize("tails", ["heavy", "normal"])
def test_no_difference_is_excluded_at_any_look_in_at_most_a_twentieth_of_runs(tails: str) -> None:
    rng = np.random.default_rng(7)
    n_runs, n_blocks = 400, 4_000
    draw = {
        "heavy": lambda: rng.standard_t(3, (n_runs, n_blocks)),
        "normal": lambda: rng.standard_normal((n_runs, n_blocks)),
    }[tails]
    values = draw()
    n = np.arange(1, n_blocks + 1)
    mean = values.cumsum(axis=1) / n
    variance = ((values**2).cumsum(axis=1) - n * mean**2) / np.maximum(n - 1, 1)

    is_excluded = np.abs(mean) > half_width(n.astype(float), variance, 0.05)
    is_seen = n >= FEWEST_BLOCKS

    assert is_excluded[:, is_seen].any(axis=1).mean() <= 0.05
    # an interval for one look errs in many more of the same runs
    naive = np.abs(mean) > 1.96 * np.sqrt(variance / n)
    assert naive[:, is_seen].any(axis=1).mean() > 0.3


def test_blocks_needed_are_the_fewest_that_show_a_margin() -> None:
    n = blocks_needed(1.0, 0.1, 0.05)

    assert half_width(n, 1.0, 0.05) <= 0.1 < half_width(n - 1, 1.0, 0.05)
    assert blocks_needed(0.0, 0.1, 0.05) == FEWEST_BLOCKS


def test_block_is_the_mean_of_its_rows_not_of_its_hours() -> None:
    sums, counts = np.array([1.0, 9.0, 0.0, 0.0, 4.0]), np.array([1, 3, 0, 0, 2])

    assert block_means(sums, counts, 1).tolist() == [1, 3, 2]
    # 10 of 4 rows; nobody; 4 of 2
    assert block_means(sums, counts, 2).tolist() == [2.5, 2]


def test_alternating_blocks_resemble_one_another() -> None:
    # 1, -1, 1, ...: correlation -99/100 at lag 1, 2 / sqrt(100) allowed
    assert is_serial(np.array([1.0, -1.0] * 50))
    assert not is_serial(np.zeros(100))
    assert not is_serial(np.random.default_rng(3).normal(size=100))


def test_serial_correlation_doubles_the_block_until_it_is_gone() -> None:
    rng = np.random.default_rng(2)
    steps = np.repeat(rng.normal(size=100), 4)  # each holds for four hours

    assert independent_length(steps, np.ones(400)) == 4
    assert independent_length(rng.normal(size=400), np.ones(400)) == 1
