from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from hypertrack.labels.targets import TARGETS
from hypertrack.model.bins import MAX_BINS, Bins
from hypertrack.model.trees import Trees

NAN = np.nan


def test_values_of_few_kinds_are_cut_halfway_between() -> None:
    features = np.array([[3.0, NAN], [1.0, NAN], [NAN, 7.0], [3.0, 7.0], [7.0, NAN]])

    bins = Bins.of(features)

    assert [borders.tolist() for borders in bins.borders] == [[2.0, 5.0], []]
    expected = [[1.0, NAN], [0.0, NAN], [NAN, 0.0], [1.0, 0.0], [2.0, NAN]]
    np.testing.assert_array_equal(bins.numbers(features), expected)


def test_values_near_the_largest_number_are_cut_between_too() -> None:
    features = np.array([[1.0e308], [1.5e308], [np.inf]])

    bins = Bins.of(features)

    np.testing.assert_allclose(bins.borders[0], [1.25e308, np.inf])
    assert bins.numbers(features)[:, 0].tolist() == [0.0, 1.0, 1.0]


def test_values_of_many_kinds_are_cut_into_equal_shares() -> None:
    values = np.arange(4.0 * MAX_BINS)[::-1, None]

    n_of_bin = np.bincount(Bins.of(values).numbers(values)[:, 0].astype(int))

    assert len(n_of_bin) == MAX_BINS
    assert set(n_of_bin) <= {3, 4, 5}  # one to the next where a share is no whole number in binary
    assert Bins.of(values).numbers(np.array([[-9.0], [1e9]])).tolist() == [[0], [MAX_BINS - 1]]


def test_threshold_between_numbers_is_the_border_behind_the_last_bin_on_the_left() -> None:
    bins = Bins((np.array([10.0, 20.0, 30.0]), np.array([5.0])))

    found = bins.thresholds(np.array([0, 1, 0, 1]), np.array([1.5, 0.5, 1.0, np.inf]))

    assert found.tolist() == [20.0, 5.0, 10.0, np.inf]


def test_rows_of_no_wallet_have_no_borders() -> None:
    bins = Bins.of(np.empty((0, 2)))

    assert [len(borders) for borders in bins.borders] == [0, 0]
    assert bins.numbers(np.empty((0, 2))).shape == (0, 2)


@pytest.mark.parametrize("decimals", [1, 2, 9])
def test_trees_grown_on_bins_are_those_the_library_grows_on_the_values(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    features: NDArray[np.float64] = rng.normal(0, 1, (800, 5)).round(decimals)
    features[rng.random(features.shape) < 0.1] = NAN
    wanted = np.nan_to_num(features[:, 0]) * np.where(np.isnan(features[:, 1]), -1, 1)
    bins, none = Bins.of(features), np.zeros(len(TARGETS))

    def grown_on(values: NDArray[np.float64]) -> Trees:
        model = HistGradientBoostingRegressor(max_iter=15, max_leaf_nodes=12, early_stopping=False)
        return Trees.of({6: model.fit(values, wanted)}, none)

    expected, found = grown_on(features), grown_on(bins.numbers(features))
    found = replace(found, threshold=bins.thresholds(found.feature, found.threshold))

    np.testing.assert_array_equal(found.feature, expected.feature)
    np.testing.assert_array_equal(found.threshold, expected.threshold)
    np.testing.assert_array_equal(found.leaf_values, expected.leaf_values)
    assert np.isinf(found.threshold).any()  # some ask only whether a feature is missing
