from functools import cache
from pathlib import Path

import numpy as np
import pytest
from model_fakes import FEATURES, finish, make_card, make_samples

from hypertrack.config import Settings, TrainSettings
from hypertrack.errors import ModelError
from hypertrack.model.baselines import constant
from hypertrack.model.comparison import Comparison, compare
from hypertrack.model.inputs import InputScaler
from hypertrack.model.run import keep_model
from hypertrack.model.samples import Samples, permuted
from hypertrack.model.training import pick_device, train_network, training_rows
from hypertrack.model.version_files import (
    champion_version,
    find_version,
    list_versions,
    promote,
)
from hypertrack.model.versions import WalletModel, load_champion, save_version
from hypertrack.records import Interval

SETTINGS = TrainSettings(hidden=(32, 16), max_epochs=8, learning_rate=1e-2)
SAMPLES = make_samples()


def train(samples: Samples, created_ms: int, *, is_forced: bool = False) -> WalletModel:
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    device = pick_device(SETTINGS)
    rows = [
        training_rows(scaler.transform(part.features), samples.targets(part), device)
        for part in (samples.train, samples.validation)
    ]
    network = finish(train_network(*rows, SETTINGS)).network
    card = make_card(network, created_ms, is_forced=is_forced)
    return WalletModel(network, scaler, card)


@cache  # trained when the first test asks, not in each process that looks for tests
def good() -> WalletModel:
    return train(SAMPLES, 1_767_600_000_000)


@cache
def bad() -> WalletModel:
    """Return one trained on outcomes that were dealt out anew: it knows nothing."""
    return train(permuted(SAMPLES), 1_767_700_000_000)


def against(a: WalletModel, b: WalletModel) -> Comparison:
    of_constant = constant(SAMPLES, a.scaler)
    return compare(SAMPLES, of_constant, a, b, SETTINGS)


def test_model_that_learnt_beats_one_that_did_not() -> None:
    found = against(bad(), good())

    assert found.is_a_worse
    assert found.overall is not None
    assert found.overall.low < found.overall.value < found.overall.high < -0.2
    assert not against(good(), bad()).is_a_worse


def test_difference_is_that_of_the_skills() -> None:
    for head in against(good(), bad()).heads:
        assert head.difference is not None
        assert head.skill_a is not None
        assert head.skill_b is not None
        assert head.difference.value == pytest.approx(head.skill_a - head.skill_b)
        assert head.n_test == len(SAMPLES.test)


def test_model_is_not_worse_than_itself() -> None:
    found = against(good(), good())

    assert found.overall is not None
    assert (found.overall.low, found.overall.high) == (0, 0)
    assert not found.is_a_worse


@pytest.mark.parametrize(
    ("overall", "is_worse"),
    [
        (Interval(-0.1, -0.2, -0.01), True),
        (Interval(-0.1, -0.3, 0.1), False),  # may be as good
        (Interval(-0.1, -0.2, 0.0), False),
        (None, False),
    ],
)
def test_model_is_worse_where_all_of_the_interval_says_so(
    overall: Interval | None, is_worse: bool
) -> None:
    found = Comparison(version_a="a", version_b="b", heads=(), overall=overall)

    assert found.is_a_worse == is_worse


def test_head_that_cannot_be_measured_has_no_difference() -> None:
    samples = make_samples()
    samples.test.quantities[:, :] = np.nan

    found = compare(samples, constant(samples, good().scaler), good(), bad(), SETTINGS)

    assert found.overall is None
    assert all(head.difference is None and head.n_test == 0 for head in found.heads)


def test_model_of_other_features_is_refused() -> None:
    samples = make_samples()
    other = Samples(**{**vars(samples), "feature_names": FEATURES[::-1]})

    with pytest.raises(ModelError, match="set the same feature groups") as refusal:
        compare(other, constant(samples, good().scaler), good(), bad(), SETTINGS)

    assert f"({', '.join(FEATURES)})" in str(refusal.value)
    assert f"({', '.join(FEATURES[::-1])})" in str(refusal.value)


def test_worse_model_is_kept_but_not_promoted(tmp_path: Path) -> None:
    settings = Settings(out=tmp_path, train=SETTINGS)

    first = keep_model(good(), SAMPLES, good().scaler, settings)
    second = keep_model(bad(), SAMPLES, bad().scaler, settings)

    assert first.is_promoted
    assert first.against_champion is None
    assert not second.is_promoted
    assert second.against_champion is not None
    assert champion_version(tmp_path) == good().summary.version
    assert load_champion(tmp_path).summary == good().summary
    assert list_versions(tmp_path) == [bad().summary.version, good().summary.version]


def test_better_model_takes_over(tmp_path: Path) -> None:
    settings = Settings(out=tmp_path, train=SETTINGS)
    keep_model(bad(), SAMPLES, bad().scaler, settings)

    assert keep_model(good(), SAMPLES, good().scaler, settings).is_promoted
    assert champion_version(tmp_path) == good().summary.version


def test_forced_model_never_replaces_one_that_was_not(tmp_path: Path) -> None:
    settings = Settings(out=tmp_path, train=SETTINGS)
    keep_model(bad(), SAMPLES, bad().scaler, settings)
    forced = train(SAMPLES, 1_767_800_000_000, is_forced=True)

    assert not keep_model(forced, SAMPLES, forced.scaler, settings).is_promoted


def test_version_is_found_by_a_part_of_its_name(tmp_path: Path) -> None:
    save_version(tmp_path, good())
    save_version(tmp_path, bad())

    assert find_version(tmp_path, "champion") == bad().summary.version
    assert find_version(tmp_path, good().summary.version[-8:]) == good().summary.version
    with pytest.raises(ModelError, match="found 2 versions of 2"):
        find_version(tmp_path, "2026")
    with pytest.raises(ModelError, match="found none of 2"):
        find_version(tmp_path, "nope")


def test_promoted_version_is_the_one_that_is_loaded(tmp_path: Path) -> None:
    save_version(tmp_path, good())
    save_version(tmp_path, bad())

    promote(tmp_path, good().summary.version)

    assert load_champion(tmp_path).card == good().card


def test_unknown_version_is_not_promoted(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot make nope the champion"):
        promote(tmp_path, "nope")
