"""The population stability index, worked by hand, and bins that are written as digits."""

from math import log

import numpy as np
import pytest

from hypertrack.model.drift import (
    bins_of,
    counts_of_digits,
    counts_of_values,
    digits,
    stability_index,
)
from hypertrack.records import TrainingBins

HALVES = TrainingBins(edges=(0.0,), shares=(0.5, 0.5, 0.0))


def test_bins_are_tenths_of_the_known_values_and_missing_ones_apart() -> None:
    values = np.append(np.arange(1.0, 101.0), [np.nan] * 25)

    found = bins_of(values)

    assert found.edges == pytest.approx([10.9 + 9.9 * nth for nth in range(9)])
    assert found.shares == pytest.approx([0.08] * 10 + [0.2])


def test_number_that_is_often_the_same_has_fewer_bins() -> None:
    found = bins_of(np.array([0.0] * 80 + list(range(1, 21))))

    assert found.edges[0] == 0.0  # what is below it is a bin of nobody
    assert found.shares[:2] == pytest.approx((0.0, 0.8))
    assert sum(found.shares) == pytest.approx(1)


def test_infinite_values_are_of_the_outermost_bins_and_make_no_edge() -> None:
    found = bins_of(np.append(np.arange(1.0, 9.0), [np.inf, -np.inf]))

    assert np.isfinite(found.edges).all()
    assert digits(np.array([[np.inf], [-np.inf]]), (found,)) == ["9", "0"]


def test_nothing_known_is_one_bin_of_nobody_and_one_of_all() -> None:
    assert bins_of(np.full(3, np.nan)) == TrainingBins(edges=(), shares=(0.0, 1.0))


def test_index_is_the_sum_over_bins_of_what_moved_times_the_log_of_how_far() -> None:
    counts = counts_of_values(np.array([-1.0] * 150 + [1.0] * 50), HALVES)

    # three quarters and one where halves were: .25 ln(1.5) + .25 ln(2)
    assert stability_index(HALVES, counts) == pytest.approx(0.25 * (log(1.5) + log(2)))


def test_rows_as_in_training_have_no_index_to_speak_of() -> None:
    values = np.random.default_rng(3).lognormal(size=4_000)
    bins = bins_of(values[:2_000])

    index = stability_index(bins, counts_of_values(values[2_000:], bins))

    assert index is not None
    assert index < 0.03  # of 9 degrees of freedom, 9 (1/2000 + 1/2000) are expected


def test_bin_that_was_empty_and_is_not_counts_without_being_infinite() -> None:
    # a tenth of the rows is missing where none was: .1 ln(.1 / .0001), and .45 of .5 twice
    counts = np.array([90.0, 90.0, 20.0])

    expected = 0.1 * log(1_000) + 2 * (-0.05 * log(0.9))
    assert stability_index(HALVES, counts) == pytest.approx(expected, abs=1e-3)


def test_of_few_rows_nothing_is_said() -> None:
    assert stability_index(HALVES, np.array([199.0, 0.0, 0.0])) is None


def test_digits_stand_for_the_bins_that_values_lie_in() -> None:
    bins = (HALVES, bins_of(np.arange(1.0, 101.0)))
    values = np.array([[-1.0, 100.0], [0.0, np.nan], [np.nan, 10.0]])

    rows = digits(values, bins)

    assert rows == ["09", "1-", "-0"]
    first, second = counts_of_digits([*rows, "of another model"], bins)
    assert first.tolist() == [1, 1, 1]
    assert second.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]
