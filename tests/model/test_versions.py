import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from model_fakes import FEATURES, make_card, make_matrix, make_samples

from hypertrack.errors import ModelError
from hypertrack.labels.targets import TARGETS
from hypertrack.model.baselines import FITS
from hypertrack.model.inputs import InputScaler
from hypertrack.model.network import WalletNet
from hypertrack.model.predictor import predict_rows
from hypertrack.model.versions import (
    CHUNK_ROWS,
    FORMAT,
    WalletModel,
    load_champion,
    save_version,
)
from hypertrack.records import HeadEvaluation, replace


def make_model(seed: int = 0, created_ms: int = 1_767_600_000_000) -> WalletModel:
    scaler = InputScaler.fit(FEATURES, np.random.default_rng(seed).normal(3, 2, (50, 12)))
    torch.manual_seed(seed)
    network = WalletNet(scaler.n_inputs, hidden=(16, 8), dropout_frac=0.3)
    card = make_card(network, created_ms, seed=seed)
    return WalletModel(network, scaler, card)


MATRIX = make_matrix(np.random.default_rng(1).normal(3, 2, (20, 12)))


def test_reloaded_model_predicts_the_same(tmp_path: Path) -> None:
    model = make_model()
    save_version(tmp_path, model)

    again = load_champion(tmp_path)

    assert again.card == model.card
    assert (again.predict(MATRIX) == model.predict(MATRIX)).all()


def test_version_is_a_folder_named_by_time_and_weights(tmp_path: Path) -> None:
    model = make_model()

    folder = save_version(tmp_path, model)

    assert folder.parent == tmp_path / "models"
    assert folder.name.startswith("20260105T080000Z-")
    assert {file.name for file in folder.iterdir()} == {"wallet_model.pt", "card.json"}
    card = json.loads((folder / "card.json").read_text())
    assert card["summary"]["version"] == folder.name
    assert (tmp_path / "models" / "champion").read_text() == f"{folder.name}\n"


def test_last_version_saved_is_the_champion(tmp_path: Path) -> None:
    first, second = make_model(0), make_model(1)
    save_version(tmp_path, first)
    save_version(tmp_path, second)

    assert first.summary.version != second.summary.version
    assert load_champion(tmp_path).summary.version == second.summary.version
    assert len(list((tmp_path / "models").glob("2*"))) == 2


def test_influence_is_in_percent() -> None:
    model = make_model()
    with torch.no_grad():
        model.network.heads.weight.zero_()
        model.network.heads.bias.fill_(np.log1p(40.0))

    assert model.predict(MATRIX)[0, TARGETS.index("influence_score")] == pytest.approx(40, rel=1e-5)


def test_chunks_of_wallets_predict_what_single_ones_do() -> None:
    model = make_model()
    many = make_matrix(np.random.default_rng(1).normal(3, 2, (CHUNK_ROWS + 3, 12)))

    found = model.predict(many)

    last = make_matrix(many.values[-2:])
    np.testing.assert_allclose(found[-2:], model.predict(last), atol=1e-6)


def test_no_wallets_have_no_scores() -> None:
    assert make_model().predict(make_matrix(np.zeros((0, 12)))).shape == (0, len(TARGETS))


def test_other_features_are_refused_with_both_lists() -> None:
    other = make_matrix(np.zeros((1, 2)), ("total_value", "tx_count"))

    with pytest.raises(ModelError) as refusal:
        make_model().predict(other)

    assert f"reads 12 features ({', '.join(FEATURES)})" in str(refusal.value)
    assert "here are 2 (total_value, tx_count)" in str(refusal.value)


def test_missing_model_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="train one with `hypertrack train`, or --no-model"):
        load_champion(tmp_path)


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.99])
def test_torn_checkpoint_is_refused(tmp_path: Path, kept: float) -> None:
    save_version(tmp_path, make_model())
    file = tmp_path / "wallet_model.pt"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(kept if kept >= 1 else kept * len(whole))])

    with pytest.raises(ModelError, match=r"wallet_model\.pt is torn or no model of ours"):
        load_champion(tmp_path)


@pytest.mark.parametrize("protocol", ["pickle", "torch"])
def test_hostile_pickle_does_not_run(tmp_path: Path, protocol: str) -> None:
    file, trap = tmp_path / "wallet_model.pt", tmp_path / "was-here"

    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (trap,))

    if protocol == "torch":
        torch.save({"format": FORMAT, "card": Trap()}, file)
    else:
        file.write_bytes(pickle.dumps(Trap()))

    with pytest.raises(ModelError, match="torn or no model of ours"):
        load_champion(tmp_path)

    assert not trap.exists()
    pickle.loads(pickle.dumps(Trap()))  # it would have run
    assert trap.exists()


@pytest.mark.parametrize("seed", range(60))
def test_damaged_checkpoint_is_refused_or_predicts_the_same(tmp_path: Path, seed: int) -> None:
    model, rng = make_model(), np.random.default_rng(seed)
    save_version(tmp_path, model)
    file = tmp_path / "wallet_model.pt"
    damaged = bytearray(file.read_bytes())
    for place in rng.integers(0, len(damaged), 3):
        damaged[place] ^= int(rng.integers(1, 256))
    file.write_bytes(damaged)

    try:
        found = load_champion(tmp_path)
    except ModelError as error:
        assert "train again" in str(error)
    else:
        weights = found.network.state_dict()
        for name, value in model.network.state_dict().items():
            assert torch.equal(weights[name], value)


def test_weights_of_another_version_are_refused(tmp_path: Path) -> None:
    save_version(tmp_path, make_model())
    file = tmp_path / "wallet_model.pt"
    content = torch.load(file, weights_only=True)
    other = make_model(seed=1).network.state_dict()

    torch.save({**content, "weights": other}, file)

    with pytest.raises(ModelError, match="weights are not those that its version is named by"):
        load_champion(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        {"weights": {}},
        [1, 2],
        {"format": "hypertrack wallet model 1"},
        {"format": "hypertrack wallet model 2"},  # its scores meant other things
    ],
)
def test_foreign_checkpoint_is_refused(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "wallet_model.pt")

    with pytest.raises(ModelError, match="is no model of this version"):
        load_champion(tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("card", "{}"),
        ("card", 7),
        ("weights", {}),
        ("mean", torch.zeros(3)),
        ("hidden", [5]),
        ("std", None),
    ],
)
def test_checkpoint_that_does_not_fit_together_is_refused(
    tmp_path: Path, key: str, value: Any
) -> None:
    save_version(tmp_path, make_model())
    file = tmp_path / "wallet_model.pt"
    content = torch.load(file, weights_only=True)
    torch.save({**content, key: value}, file)

    with pytest.raises(ModelError, match="does not fit together"):
        load_champion(tmp_path)


SAMPLES = make_samples()


def answered_by(**estimators: str) -> WalletModel:
    """Return a model in which others answer for some heads."""
    model = make_model()
    scaler = InputScaler.fit(SAMPLES.feature_names, SAMPLES.train.features)
    fitted = {name: FITS[name](SAMPLES, scaler) for name in set(estimators.values())}
    summary = replace(model.summary, heads=tuple(map(judged, estimators, estimators.values())))
    return WalletModel(model.network, scaler, replace(model.card, summary=summary), fitted)


def judged(head: str, estimator: str) -> HeadEvaluation:
    return HeadEvaluation(
        head=head, estimator=estimator, n_test=0, masked_frac=0, base_rate=None, skill=None,
        skill_new_wallets=None, auc=None, rank_ic=None, calibration_error=None, baselines={},
        has_earned_weight=False, reason="",
    )  # fmt: skip


def test_trees_and_linear_model_answer_after_reloading_too(tmp_path: Path) -> None:
    model = answered_by(risk_score="trees", influence_score="linear")
    save_version(tmp_path, model)

    again = load_champion(tmp_path)

    features = SAMPLES.test.features
    found, net = again.predict_rows(features), predict_rows(model.network, model.scaler, features)
    assert (found == model.predict_rows(features)).all()
    risk, influence = TARGETS.index("risk_score"), TARGETS.index("influence_score")
    trees = model.fitted["trees"].predict(features)[:, risk]
    np.testing.assert_allclose(found[:, risk], trees, rtol=1e-6)
    assert (np.delete(found, [risk, influence], 1) == np.delete(net, [risk, influence], 1)).all()
    assert not (found[:, influence] == net[:, influence]).all()


@pytest.mark.parametrize(
    "break_it",
    [
        lambda _: {},
        lambda fitted: {"trees": {**fitted["trees"], "feature": fitted["trees"]["feature"] + 99}},
        lambda fitted: {"trees": {**fitted["trees"], "code": torch.zeros(1)}},
        lambda _: {"trees": {"feature": torch.zeros(1)}},
    ],
    ids=["none", "out of bounds", "unknown", "incomplete"],
)
def test_trees_that_do_not_fit_together_are_refused(tmp_path: Path, break_it: Any) -> None:
    save_version(tmp_path, answered_by(risk_score="trees"))
    file = tmp_path / "wallet_model.pt"
    content = torch.load(file, weights_only=True)
    torch.save({**content, "fitted": break_it(content["fitted"])}, file)

    with pytest.raises(ModelError, match="does not fit together"):
        load_champion(tmp_path)


def test_unwritable_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where a folder should be")

    with pytest.raises(ModelError, match="cannot write the model"):
        save_version(tmp_path, make_model())
