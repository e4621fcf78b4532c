from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from model_fakes import finish
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.errors import ConfigError
from hypertrack.labels.targets import TARGETS
from hypertrack.model.network import PRIOR
from hypertrack.model.training import (
    Trained,
    TrainingRows,
    pick_device,
    train_network,
    training_rows,
)

CPU = torch.device("cpu")
SMALL = TrainSettings(hidden=(32, 16), max_epochs=6, learning_rate=1e-2, device="cpu")
ONE = SMALL.model_copy(update={"n_members": 1})


def rows(n: int, seed: int = 0, targets: NDArray[np.float64] | None = None) -> TrainingRows:
    """Rows whose targets follow from the first input, or those given."""
    inputs = np.random.default_rng(seed).normal(0, 1, (n, 5)).astype(np.float32)
    if targets is None:
        targets = np.repeat((inputs[:, :1] > 0).astype(np.float64), len(TARGETS), axis=1)
    return training_rows(inputs, targets, CPU)


def weights(trained: Trained) -> list[NDArray[Any]]:
    return [value.numpy() for value in trained.network.state_dict().values()]


def predicted(trained: Trained, of: TrainingRows) -> NDArray[np.float32]:
    with torch.inference_mode():
        return trained.network(of.inputs).numpy()  # type: ignore[no-any-return]


def test_network_overfits_sixteen_rows() -> None:
    rng = np.random.default_rng(3)
    wanted = np.column_stack([rng.integers(0, 2, (16, 4)), rng.random((16, 7))]).astype(float)
    few = rows(16, targets=wanted)
    settings = TrainSettings(
        dropout_frac=0, diversity_weight=0, max_epochs=150, patience_epochs=150,
        learning_rate=3e-3, hidden=(64, 64), n_members=1, input_noise=0, is_calibrated=False,
    )  # fmt: skip

    trained = finish(train_network(few, few, settings))

    assert np.abs(predicted(trained, few) - wanted).mean() < 0.03


@pytest.mark.parametrize("settings", [SMALL, ONE], ids=["members", "one"])
def test_network_beats_the_constant_on_new_rows(settings: TrainSettings) -> None:
    trained = finish(train_network(rows(400, 1), rows(100, 2), settings))

    new = rows(300, 3)
    error = ((predicted(trained, new) - new.targets.numpy()) ** 2).mean()
    assert error < 0.1  # the constant's is 0.25
    assert trained.epochs[-1].skill_by_head["bot_probability"] > 0.5


def test_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    once = finish(train_network(rows(100, 1), rows(30, 2), SMALL))
    again = finish(train_network(rows(100, 1), rows(30, 2), SMALL))
    other = finish(train_network(rows(100, 1), rows(30, 2), SMALL.model_copy(update={"seed": 1})))

    assert all((a == b).all() for a, b in zip(weights(once), weights(again), strict=True))
    assert not all((a == b).all() for a, b in zip(weights(once), weights(other), strict=True))


def test_training_leaves_the_callers_random_state_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)

    for _ in train_network(rows(50), rows(20, 2), SMALL):
        pass

    assert (torch.rand(3) == expected).all()


def test_masked_targets_do_not_matter() -> None:
    wanted = np.random.default_rng(0).random((64, len(TARGETS))).round()
    masked = np.where(np.arange(64)[:, None] % 2 == 0, np.nan, wanted)
    one, other = rows(64, targets=masked), rows(64, targets=masked)
    other.targets[other.mask == 0] = 123.0

    a, b = (finish(train_network(each, rows(20, 2), SMALL)) for each in (one, other))

    assert all((x == y).all() for x, y in zip(weights(a), weights(b), strict=True))


def test_head_with_one_kind_of_answer_stays_at_its_prior() -> None:
    wanted = rows(200, 1).targets.numpy().astype(np.float64)
    wanted[:, TARGETS.index("bot_probability")] = 1.0  # bots only: nothing tells them apart
    wanted[:, TARGETS.index("risk_score")] = np.nan
    validation = rows(50, 2)

    trained = finish(train_network(rows(200, 1, wanted), validation, SMALL))

    found = predicted(trained, validation)
    for head in ("bot_probability", "risk_score"):
        np.testing.assert_allclose(found[:, TARGETS.index(head)], PRIOR, rtol=1e-5)
        assert head not in trained.epochs[0].skill_by_head
    assert found[:, TARGETS.index("profitability_score")].std() > 0.1


def test_best_epoch_is_kept_and_training_stops_after_it() -> None:
    noise = np.random.default_rng(0).random((200, len(TARGETS))).round()
    settings = ONE.model_copy(update={"max_epochs": 200, "patience_epochs": 3})
    validation = rows(60, 2)

    trained = finish(train_network(rows(200, 1, noise), validation, settings))

    losses = [epoch.validation_loss for epoch in trained.epochs]
    best = int(np.argmin(losses))
    assert len(losses) == best + 1 + 3
    assert [epoch.is_best for epoch in trained.epochs][best:] == [True, False, False, False]
    assert trained.epochs[-1].learning_rate <= settings.learning_rate


def test_weights_are_those_of_the_best_epoch() -> None:
    noise = np.random.default_rng(0).random((200, len(TARGETS))).round()
    patient = ONE.model_copy(update={"max_epochs": 200, "patience_epochs": 3})
    train, validation = rows(200, 1, noise), rows(60, 2)

    trained = finish(train_network(train, validation, patient))

    best = int(np.argmin([epoch.validation_loss for epoch in trained.epochs])) + 1
    assert best < len(trained.epochs)
    until_then = patient.model_copy(update={"max_epochs": best})
    stopped = finish(train_network(train, validation, until_then))
    assert all((a == b).all() for a, b in zip(weights(trained), weights(stopped), strict=True))


def test_epoch_has_at_most_the_steps_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = []
    step = torch.optim.Adam.step
    monkeypatch.setattr(
        torch.optim.Adam, "step", lambda self, *a, **k: (steps.append(1), step(self, *a, **k))[1]
    )
    settings = SMALL.model_copy(update={"max_steps_per_epoch": 7, "max_epochs": 1})

    finish(train_network(rows(500, 1), rows(20, 2), settings))

    assert len(steps) == 7


@pytest.mark.parametrize("n_train", [1, 2, 33])
def test_any_number_of_rows_can_be_trained_on_without_validation(n_train: int) -> None:
    trained = finish(train_network(rows(n_train, 1), rows(0, 2), SMALL))

    assert np.isfinite(predicted(trained, rows(5, 3))).all()
    assert np.isfinite([epoch.validation_loss for epoch in trained.epochs]).all()


def test_members_keep_their_wallets_back_and_share_nothing() -> None:
    """What one member must not see changes nothing in it."""
    clean, other = rows(200, 1), rows(200, 1)
    is_kept = np.floor(clean.place * SMALL.n_members) == 2
    other.inputs[is_kept] = 7.0
    settings = SMALL.model_copy(update={"max_epochs": 1, "is_calibrated": False})

    one, two = (finish(train_network(each, rows(30, 2), settings)) for each in (clean, other))

    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        if a.ndim == 3:  # of each member
            assert (a[2] == b[2]).all()
            assert not (a[0] == b[0]).all()


def test_calibration_shrinks_what_unseen_rows_do_not_confirm() -> None:
    noise = np.random.default_rng(0).random((300, len(TARGETS))).round()
    bare = SMALL.model_copy(update={"is_calibrated": False})

    raw, shrunk = (
        predicted(finish(train_network(rows(300, 1, noise), rows(0, 2), each)), rows(200, 4))
        for each in (bare, SMALL)
    )

    assert shrunk.std(axis=0).mean() < 0.5 * raw.std(axis=0).mean()
    for column in range(len(TARGETS)):  # the order stays
        assert np.corrcoef(raw[:, column], shrunk[:, column])[0, 1] > 0.98


def test_unseen_rows_are_answered_by_members_that_did_not_learn_them() -> None:
    train = rows(100, 1)
    settings = SMALL.model_copy(update={"is_calibrated": False})

    trained = finish(train_network(train, rows(20, 2), settings))

    with torch.inference_mode():
        inputs = train.inputs.expand(settings.n_members, -1, -1)
        by_member = trained.network.outputs(trained.network.logits(inputs))
        by_all = trained.network(rows(20, 2).inputs)
    fold = (train.place * settings.n_members).astype(int)  # in the order of the rows
    torch.testing.assert_close(trained.unseen.predicted[:100], by_member[fold, np.arange(100)])
    torch.testing.assert_close(trained.unseen.predicted[100:], by_all)


def test_preset_is_the_predecessors_network_where_nothing_else_is_said() -> None:
    original = TrainSettings.model_validate({"preset": "original"})
    wider = TrainSettings.model_validate({"preset": "original", "hidden": (512,)})

    assert (original.hidden, original.n_members, original.binary_loss) == (
        (256, 256, 128), 1, "brier",
    )  # fmt: skip
    assert (wider.hidden, wider.n_members) == ((512,), 1)
    assert TrainSettings().n_members > 1


def test_diversity_term_spreads_the_outputs() -> None:
    noise = np.random.default_rng(0).random((200, len(TARGETS))).round()
    spread = []
    for weight in (0.0, 1.0):
        settings = ONE.model_copy(update={"diversity_weight": weight, "is_calibrated": False})
        trained = finish(train_network(rows(200, 1, noise), rows(0, 2), settings))
        spread.append(predicted(trained, rows(100, 4)).std(axis=0).mean())

    assert spread[1] > 2 * spread[0]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_asked_for_where_there_is_none_is_said() -> None:
    with pytest.raises(ConfigError, match="no CUDA device"):
        pick_device(TrainSettings(device="cuda"))

    assert pick_device(TrainSettings()).type == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_predicts_what_the_cpu_does() -> None:
    trained = finish(train_network(rows(400, 1), rows(100, 2), SMALL))
    of = rows(300, 3)

    on_cuda = trained.network.to("cuda")(of.inputs.to("cuda")).detach().cpu().numpy()

    np.testing.assert_allclose(
        predicted(replace(trained, network=trained.network.cpu()), of), on_cuda, atol=1e-4
    )
