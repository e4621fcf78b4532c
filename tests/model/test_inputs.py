import numpy as np
import pytest
from model_fakes import make_matrix

from hypertrack.model.inputs import (
    LIMIT,
    InputScaler,
    comparable,
    feature_hash,
    with_own_edges,
)
from hypertrack.skill.own_edges import OWN_EDGES, unknown

NAMES = ("long_ratio", "markout_5m_bps", "tx_count")  # a share, one that can miss, a count


def test_what_grows_with_time_is_taken_per_day() -> None:
    found = comparable(make_matrix(np.array([[0.5, 7.0, 30.0]]), NAMES, observed_days=2.0))

    assert found.tolist() == [[0.5, 7.0, 15.0]]


def test_training_rows_get_mean_zero_and_deviation_one() -> None:
    values = np.array([[0.0, 1.0, 0.0], [1.0, -1.0, np.e - 1]])
    scaler = InputScaler.fit(NAMES, values)

    inputs = scaler.transform(values)

    # log1p turns e - 1 into 1; each column then is -1 and 1; the last is the flag
    assert scaler.n_inputs == 4
    np.testing.assert_allclose(inputs, [[-1, 1, -1, 0], [1, -1, 1, 0]])


def test_missing_is_the_training_mean_with_a_flag() -> None:
    scaler = InputScaler.fit(
        NAMES, np.array([[0.0, 3.0, 1.0], [1.0, np.nan, 2.0], [0.5, 9.0, 3.0]])
    )

    inputs = scaler.transform(np.array([[0.5, np.nan, 2.0]]))

    assert inputs[0, 1] == 0
    assert inputs[0, 3] == 1
    assert np.isfinite(inputs).all()


def test_a_feature_that_never_varies_is_zero() -> None:
    scaler = InputScaler.fit(NAMES, np.array([[0.5, np.nan, 2.0]] * 3))

    assert scaler.transform(np.array([[0.5, np.nan, 2.0]])).tolist() == [[0, 0, 0, 1]]


def test_no_wallet_stands_further_out_than_the_limit() -> None:
    scaler = InputScaler.fit(NAMES, np.random.default_rng(0).random((50, 3)))

    assert scaler.transform(np.array([[1e12, -1e12, 1e300]]))[0].tolist() == [
        LIMIT, -LIMIT, LIMIT, 0,
    ]  # fmt: skip


def test_edges_that_nobody_was_told_to_have_differ_by_nothing() -> None:
    nothing = np.array([[1e-7, 1e-4, 8, 4], [-1e-7, 2e-4, 1, 4]])
    scaler = InputScaler.fit(tuple(OWN_EDGES), nothing)

    told, not_told = scaler.transform(np.array([[0.1, 0.1, 8, 4], [1e-5, 0.02, 8, 4]]))

    # One deviation is a tenth of a bp, however little they differed in training.
    np.testing.assert_allclose(told[:2], [1, 1], atol=0.01)
    np.testing.assert_allclose(not_told[:2], [0, 0.2], atol=0.01)


def test_hash_tells_names_and_order_apart() -> None:
    assert feature_hash(NAMES) == feature_hash(list(NAMES))
    assert feature_hash(NAMES) != feature_hash(NAMES[::-1])
    assert feature_hash(["a", "b"]) != feature_hash(["ab"])


def test_inputs_do_not_change_with_the_last_bits_of_sums() -> None:
    values = np.random.default_rng(0).lognormal(3, 2, (200, 3))
    scaler = InputScaler.fit(NAMES, values)
    shaken = values * (1 + 1e-15)

    inputs = InputScaler.fit(NAMES, shaken).transform(shaken)

    assert (inputs == scaler.transform(values)).all()


@pytest.mark.parametrize("n_rows", [0, 1])
def test_few_rows_are_no_trouble(n_rows: int) -> None:
    values = np.ones((n_rows, 3))

    assert InputScaler.fit(NAMES, values).transform(values).shape == (n_rows, 4)


def test_own_edges_stand_behind_the_features_and_are_no_sums_over_time() -> None:
    matrix = make_matrix(np.array([[6.0]]), ("tx_count",), observed_days=2.0)

    read = with_own_edges(matrix, np.array([[1.5, 0.5, 8.0, 4.0]]))

    assert read.names == ("tx_count", *OWN_EDGES)
    assert comparable(read).tolist() == [[3.0, 1.5, 0.5, 8.0, 4.0]]


def test_of_a_wallet_without_bets_two_own_edges_are_flagged_as_missing() -> None:
    scaler = InputScaler.fit(tuple(OWN_EDGES), np.array([[2.0, 1, 8, 4], [-2.0, 1, 8, 4]]))

    (row,) = scaler.transform(unknown(1)).tolist()

    # An expected edge of 0 is the mean; the last two flag the deviation and the cost.
    assert scaler.n_inputs == 6
    assert row[0] == 0 and row[1] == 0 and row[3:] == [0, 1, 1]
