"""Sums and peaks by group, worked by hand."""

import numpy as np

from hypertrack.labels.running import before, exact_running_sums, running_peaks
from hypertrack.market.arrays import group_of_rows, group_starts

GROUPS = np.array([0, 0, 0, 4, 4, 9])
STARTS = np.array([0, 3, 5])


def test_groups_begin_where_any_key_changes() -> None:
    assert group_starts(GROUPS).tolist() == STARTS.tolist()
    assert group_starts(GROUPS, np.array([1, 1, 2, 2, 2, 2])).tolist() == [0, 2, 3, 5]
    assert group_starts(GROUPS[:0]).tolist() == []
    assert group_of_rows(STARTS, 6).tolist() == [0, 0, 0, 1, 1, 2]


def test_sums_begin_anew_in_each_group_without_the_rounding_of_another() -> None:
    values = np.array([1e15, 0.3, -1.0, 0.1, 0.2, 5.0])

    found = exact_running_sums(values, STARTS)

    assert found[:3].tolist() == [1e15, 1e15 + 0.3, 1e15 - 0.7]
    np.testing.assert_allclose(found[3:], [0.1, 0.3, 5.0], atol=1e-3)


def test_peaks_begin_anew_in_each_group() -> None:
    values = np.array([3.0, 7.0, 5.0, -2.0, -3.0, 1.0])

    assert running_peaks(values, STARTS).tolist() == [3, 7, 7, -2, -2, 1]


def test_row_before_is_that_of_the_same_group() -> None:
    values = np.array([3.0, 7.0, 5.0, -2.0, -3.0, 1.0])

    assert before(values, STARTS, 0.5).tolist() == [0.5, 3, 7, 0.5, -2, 0.5]
