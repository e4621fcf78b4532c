from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hypertrack.labels.targets import TARGETS
from hypertrack.model.baselines import BASELINES, constant
from hypertrack.model.inputs import InputScaler
from hypertrack.model.samples import Samples


def scaler(samples: Samples) -> InputScaler:
    return InputScaler.fit(samples.feature_names, samples.train.features)


def errors(samples: Samples, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.nanmean((predicted - samples.targets(samples.test)) ** 2, axis=0)


def test_constant_is_the_training_mean(samples: Samples) -> None:
    predicted = constant(samples, scaler(samples))

    means = np.nanmean(samples.targets(samples.train), axis=0)
    assert predicted.shape == (len(samples.test), len(TARGETS))
    np.testing.assert_allclose(predicted[17], means)


@pytest.mark.parametrize("name", ["linear", "trees"])
def test_baseline_learns_what_can_be_learnt(samples: Samples, name: str) -> None:
    own = errors(samples, BASELINES[name](samples, scaler(samples)))

    assert (own < 0.6 * errors(samples, constant(samples, scaler(samples)))).all()


@pytest.mark.parametrize("name", ["linear", "trees"])
def test_feature_that_nobody_has_changes_no_answer(samples: Samples, name: str) -> None:
    """Holding times of a recording in which no position is known."""

    def with_last_feature(value: float) -> Samples:
        train, test = samples.train.features.copy(), samples.test.features.copy()
        train[:, -1] = test[:, -1] = value
        return replace(
            samples,
            train=replace(samples.train, features=train),
            test=replace(samples.test, features=test),
        )

    missing, same = with_last_feature(np.nan), with_last_feature(0.0)

    np.testing.assert_allclose(
        BASELINES[name](missing, scaler(missing)), BASELINES[name](same, scaler(same)), atol=1e-6
    )


def test_persistence_knows_only_the_same_quantity_of_the_past(samples: Samples) -> None:
    repeating = replace(
        samples,
        train=replace(samples.train, past=samples.train.quantities),
        test=replace(samples.test, past=samples.test.quantities),
    )

    told = errors(samples, BASELINES["persistence"](repeating, scaler(samples)))
    untold = errors(samples, BASELINES["persistence"](samples, scaler(samples)))

    base = errors(samples, constant(samples, scaler(samples)))
    assert (told < 0.75 * base).all()
    assert (untold > 0.95 * base).all()


@pytest.mark.parametrize("name", BASELINES)
def test_baseline_without_enough_rows_is_the_constant(samples: Samples, name: str) -> None:
    quantities = samples.train.quantities.copy()
    quantities[5:, 0] = np.nan  # five rows of profitability left
    quantities[:, 2] = 1.0  # bots only
    bare = replace(samples, train=replace(samples.train, quantities=quantities))

    predicted = BASELINES[name](bare, scaler(bare))

    assert np.ptp(predicted[:, 0]) == 0
    assert (predicted[:, 2] == 1).all()


@pytest.mark.parametrize("name", BASELINES)
def test_baseline_without_test_rows_predicts_none(samples: Samples, name: str) -> None:
    none = replace(samples, test=samples.test.take(np.zeros(len(samples.test), dtype=bool)))

    assert BASELINES[name](none, scaler(none)).shape == (0, len(TARGETS))
