from dataclasses import replace

import numpy as np
import pytest
from model_fakes import finish, make_samples

from hypertrack.config import TrainSettings
from hypertrack.model.estimator_selection import choose_estimators
from hypertrack.model.inputs import InputScaler
from hypertrack.model.run import fit_network
from hypertrack.model.samples import Samples
from hypertrack.records import HEADS

SETTINGS = TrainSettings(hidden=(16, 8), max_epochs=3, n_members=2)


def chosen(samples: Samples, estimator: str) -> dict[str, str]:
    settings = SETTINGS.model_copy(update={"estimator": estimator})
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    trained = finish(fit_network(samples, scaler, settings))
    return choose_estimators(samples, trained, scaler, settings)


@pytest.mark.parametrize("estimator", ["net", "linear", "trees"])
def test_named_estimator_answers_for_every_head(samples: Samples, estimator: str) -> None:
    assert chosen(samples, estimator) == dict.fromkeys(HEADS, estimator)


def test_best_is_whoever_does_best_on_wallets_not_trained_on(samples: Samples) -> None:
    """Outcomes of `make_rows` turn at one value of one feature, which trees see at once.

    They do so without the outcomes of the test rows.
    """
    nothing = np.full_like(samples.test.quantities, np.nan)
    blind = replace(samples, test=replace(samples.test, quantities=nothing))

    assert chosen(blind, "best")["risk_score"] == "trees"


def test_best_without_validation_rows_goes_by_the_folds() -> None:
    none = make_samples(n_validation=1)

    assert set(chosen(none, "best")) == set(HEADS)
