from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from engine_fakes import opened_engine
from model_fakes import make_samples
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.targets import HEAD_COLUMNS
from hypertrack.model.baselines import constant
from hypertrack.model.evaluation import evaluate
from hypertrack.model.inputs import InputScaler, as_read, input_names
from hypertrack.model.leaks import MAX_ROWS, Checked, check_leaks, check_permutation
from hypertrack.model.run import learn_quickly
from hypertrack.model.samples import Samples, plan_cuts
from hypertrack.records import HEADS, HOUR_MS, LeakChecks

Array = NDArray[np.float64]

SETTINGS = TrainSettings(hidden=(16, 8), learning_rate=1e-2)
SAMPLES = make_samples()
CONSTANT = constant(SAMPLES, InputScaler.fit(SAMPLES.feature_names, SAMPLES.train.features))


def honest(samples: Samples) -> Array:
    return learn_quickly(samples, SETTINGS)


def cheat(samples: Samples) -> Array:
    """Learn honestly, and look up a part of what risk is to be asked."""
    predicted = learn_quickly(samples, SETTINGS)
    risk = HEAD_COLUMNS["risk_score"]
    predicted[:, risk] = 0.9 * predicted[:, risk] + 0.1 * samples.targets(samples.test)[:, risk]
    return predicted


def test_nothing_is_left_of_honest_skill_after_permutation() -> None:
    skills, failed = check_permutation(SAMPLES, honest, CONSTANT, 200)

    assert failed == ()
    assert set(skills) == set(HEADS)
    assert all(skill is not None and skill.value < 0.05 for skill in skills.values())


def test_planted_leak_keeps_its_skill_after_permutation() -> None:
    skills, failed = check_permutation(SAMPLES, cheat, CONSTANT, 200)

    assert failed == ("risk_score",)
    leaked = skills["risk_score"]
    assert leaked is not None
    assert leaked.low > 0.05


def test_head_that_leaks_earns_nothing_and_says_why() -> None:
    truth = SAMPLES.targets(SAMPLES.test)
    _, failed = check_permutation(SAMPLES, cheat, CONSTANT, 200)

    heads = evaluate(
        SAMPLES,
        {"net": truth, "constant": CONSTANT},
        dict.fromkeys(HEADS, "net"),
        n_bootstrap=100,
        leaks=dict.fromkeys(failed, "leak: it remembers"),
    )

    earned = {head.head for head in heads if head.has_earned_weight}
    assert earned == set(HEADS) - {"risk_score"}
    assert heads[HEADS.index("risk_score")].reason == "risk: leak: it remembers"


def test_check_takes_no_more_rows_than_it_needs() -> None:
    many = make_samples(n_train=MAX_ROWS + 500)
    seen: list[int] = []

    def learn(samples: Samples) -> Array:
        seen.append(len(samples.train))
        return CONSTANT

    check_permutation(many, learn, CONSTANT, 50)

    assert seen == [MAX_ROWS]


@pytest.fixture
def checked(market_engine: FeatureEngine) -> Callable[[int], LeakChecks]:
    """Return the checks with a dataset that is opened so many ms late."""
    folder = Path(market_engine.dataset.lines.place)
    cut = plan_cuts(market_engine, TrainSettings(), force=False)[0]
    read = as_read(market_engine, market_engine.matrix(until_ms=cut.at_ms))

    def check(late_ms: int) -> LeakChecks:
        def open_until(until_ms: int) -> AbstractContextManager[FeatureEngine]:
            return opened_engine(folder, until_ms + late_ms, features=market_engine.settings)

        return check_leaks(
            SAMPLES, lambda _: CONSTANT, CONSTANT, Checked(None, read), open_until, 50
        )

    return check


@pytest.mark.slow
def test_whatever_a_model_reads_passes_where_it_knows_nothing_of_later_data(
    checked: Callable[[int], LeakChecks], market_engine: FeatureEngine
) -> None:
    found = checked(0)

    assert found.failed == {}
    assert found.truncation is not None
    assert found.truncation.n_wallets > 100
    assert found.truncation.n_features == len(input_names(market_engine.settings.groups))


@pytest.mark.slow
def test_features_that_differ_without_later_data_bar_every_head(
    checked: Callable[[int], LeakChecks],
) -> None:
    """What was known at the cut is taken from an hour before: each feature seems to know more."""
    found = checked(-HOUR_MS)

    assert set(found.failed) == set(HEADS)
    assert "features know what came after the cut" in found.failed["bot_probability"]
