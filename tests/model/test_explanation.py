import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from model_fakes import FEATURES, finish, make_matrix, make_samples
from profile_fakes import profile_header

from hypertrack.categories.cases import make_profiles
from hypertrack.config import TrainSettings
from hypertrack.features.engine import FeatureMatrix
from hypertrack.features.registry import REGISTRY
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.attribution import TOLERANCE, TOLERANCE_FRAC
from hypertrack.model.baselines import FITS
from hypertrack.model.explanation import N_REASONS, Explainer
from hypertrack.model.inputs import InputScaler, typical
from hypertrack.model.network import WalletNet
from hypertrack.model.predictor import Predictor
from hypertrack.model.training import train_network, training_rows
from hypertrack.records import HEADS, STYLE_DIMENSIONS, ProfileColumns, Reason, Verdicts
from hypertrack.records import replace as replace_record

SETTINGS = TrainSettings(hidden=(32, 16), max_epochs=10, learning_rate=1e-2)
SAMPLES = make_samples()
NAMES = ("tx_count", "flip_rate", "median_gap_s")
"""Grows with time; a share; can be missing."""


@pytest.fixture(scope="module")
def explainer() -> Explainer:
    scaler = InputScaler.fit(SAMPLES.feature_names, SAMPLES.train.features)
    rows = [
        training_rows(scaler.transform(part.features), SAMPLES.targets(part), torch.device("cpu"))
        for part in (SAMPLES.train, SAMPLES.validation)
    ]
    network = finish(train_network(*rows, SETTINGS)).network
    return Explainer(Predictor(network, scaler, {}, {}), typical(SAMPLES.train.features))


def untrained(values: np.ndarray) -> Explainer:
    """Return an explainer of a network that moves with each of `NAMES`."""
    scaler = InputScaler.fit(NAMES, values)
    torch.manual_seed(3)
    network = WalletNet(scaler.n_inputs, hidden=(16,), dropout_frac=0.0).eval()
    return Explainer(Predictor(network, scaler, {}, {}), typical(values))


def reasons_of(explainer: Explainer, matrix: FeatureMatrix) -> list[dict[str, tuple[Reason, ...]]]:
    """Return the reasons as they are shown, by wallet and score."""
    n_wallets = len(matrix.wallets)
    zeros = np.zeros(n_wallets, dtype=np.int64)
    no_verdicts = Verdicts(
        names=(),
        ends=zeros,
        category=np.zeros(0, dtype=np.int8),
        confidence=np.zeros(0),
        boost=np.zeros(0),
        is_proven=np.zeros(0, dtype=bool),
        nearest=np.full(n_wallets, -1, dtype=np.int8),
        nearest_way=zeros.astype(np.int8),
    )
    columns = ProfileColumns(
        wallets=np.array(matrix.wallets, dtype=object),
        first_seen_ms=zeros,
        last_seen_ms=zeros,
        n_candle_matches=zeros,
        features={name: matrix.column(name) for name in matrix.names},
        scores={},
        activity=np.zeros((n_wallets, 1), dtype=np.int32),
        verdicts=no_verdicts,
        reasons=explainer.reasons(matrix),
    )
    header = replace_record(profile_header(), typical_features=explainer.typical_features(matrix))
    return [profile.reasons for profile in make_profiles(columns, header)]


def test_additions_sum_to_the_difference_from_the_typical_wallet(explainer: Explainer) -> None:
    features = SAMPLES.test.features

    moved, columns = explainer.attribute(features)

    scores, usual = (
        explainer.predictor.scores(rows) for rows in (features, explainer.typical[None])
    )
    difference = np.take_along_axis(scores - usual, columns, axis=1)
    np.testing.assert_allclose(explainer.differences(features, columns), difference, atol=1e-6)
    assert np.abs(difference).max() > 0.2
    missed = np.abs(moved.sum(axis=2) - difference)
    assert (missed <= TOLERANCE + TOLERANCE_FRAC * np.abs(difference)).all()


def test_what_stands_in_for_the_network_is_explained_by_its_own_sum(explainer: Explainer) -> None:
    features = SAMPLES.test.features
    fitted = {name: fit(SAMPLES, explainer.predictor.scaler) for name, fit in FITS.items()}
    by_head = {
        "risk_score": "trees",
        "influence_score": "trees",
        "trading_style": "trees",
        "bot_probability": "linear",
    }
    mixed = Explainer(
        replace(explainer.predictor, fitted=fitted, estimator_by_head=by_head), explainer.typical
    )

    moved, columns = mixed.attribute(features)

    difference = mixed.differences(features, columns)
    assert (np.abs(difference).max(axis=0) > 0.05).all()
    missed = np.abs(moved.sum(axis=2) - difference)
    stands_in = [HEADS.index(head) for head in by_head]
    np.testing.assert_allclose(missed[:, stands_in], 0, atol=1e-4)
    assert (missed <= TOLERANCE + TOLERANCE_FRAC * np.abs(difference)).all()
    net, _ = explainer.attribute(features)
    # Steps are taken by what the slowest head asks for: both are within the tolerance of the sum.
    np.testing.assert_allclose(moved[:, 0], net[:, 0], atol=2 * TOLERANCE)
    assert np.abs(moved[:, stands_in] - net[:, stands_in]).max() > 0.05


def test_feature_that_made_the_outcome_comes_first(explainer: Explainer) -> None:
    """`make_rows` lets the outcome of each head follow from one feature of its own."""
    importance = explainer.importance(SAMPLES.test.features)

    for head in HEADS[:4]:
        strongest = max(importance[head], key=lambda name: importance[head][name])
        assert strongest == FEATURES[HEAD_COLUMNS[head].start]


def test_every_head_has_the_five_strongest_reasons_in_order(explainer: Explainer) -> None:
    matrix = make_matrix(SAMPLES.test.features[:20])

    for reasons in reasons_of(explainer, matrix):
        *heads, style = reasons
        assert tuple(heads) == HEADS[:5]
        assert style in STYLE_DIMENSIONS
        for some in reasons.values():
            assert len(some) <= N_REASONS
            assert all(abs(a.contribution) >= abs(b.contribution) for a, b in pairwise(some))


def test_style_is_explained_where_it_differs_most(explainer: Explainer) -> None:
    features = SAMPLES.test.features[:50]
    differs = np.abs(explainer.predictor.scores(features) - explainer.typical_scores())[:, -6:]

    _, columns = explainer.attribute(features)

    assert [TARGETS[column] for column in columns[:, -1]] == [
        STYLE_DIMENSIONS[place] for place in differs.argmax(axis=1)
    ]


def test_values_are_in_the_features_own_units_over_the_window() -> None:
    training = np.array([[100.0, 0.2, 4.0], [200.0, 0.4, 2.0], [300.0, 0.6, 9.0]])
    explainer = untrained(training)
    matrix = replace(make_matrix(np.array([[900.0, 0.9, 0.07]]), NAMES), observed_days=0.5)

    (reasons,) = reasons_of(explainer, matrix)

    found = {each.feature: each for each in reasons["bot_probability"]}
    assert REGISTRY["tx_count"].is_extensive
    assert (found["tx_count"].value, found["tx_count"].typical) == (900.0, 100.0)  # 200 a day
    assert (found["median_gap_s"].value, found["median_gap_s"].typical) == (0.07, 4.0)


def test_missing_feature_is_compared_with_the_typical_value() -> None:
    training = np.array([[100.0, 0.2, 4.0], [200.0, 0.4, 2.0], [300.0, 0.6, math.nan]])
    explainer = untrained(training)

    (reasons,) = reasons_of(explainer, make_matrix(np.array([[200.0, 0.4, math.nan]]), NAMES))

    (gap,) = reasons["bot_probability"]  # all else is as usual
    assert (gap.feature, gap.value, gap.typical) == ("median_gap_s", None, 3.0)
    assert gap.contribution != 0


def test_typical_wallet_lacks_what_most_lack() -> None:
    values = np.array([[1.0, math.nan], [3.0, math.nan], [8.0, 5.0]])

    np.testing.assert_array_equal(typical(values), [3.0, math.nan])


def test_typical_wallet_has_no_reasons(explainer: Explainer) -> None:
    matrix = make_matrix(explainer.typical[None])

    assert reasons_of(explainer, matrix) == [{}]


@pytest.mark.parametrize("n_wallets", [0, 3])
def test_wallets_are_explained_in_the_order_of_the_matrix(
    explainer: Explainer, n_wallets: int
) -> None:
    matrix = make_matrix(SAMPLES.test.features[:n_wallets])

    reasons = reasons_of(explainer, matrix)

    assert len(reasons) == n_wallets
    for row, found in zip(matrix.values.tolist(), reasons, strict=True):
        values = dict(zip(matrix.names, row, strict=True))
        assert all(values[r.feature] == r.value for some in found.values() for r in some)
