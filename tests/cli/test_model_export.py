"""A version kept elsewhere: a folder for a hub, and a real store of MLflow."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from challenge_fakes import CHALLENGE
from model_fakes import FEATURES, make_card, make_matrix
from profile_fakes import model as evaluated
from safetensors import safe_open
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.config import Settings
from hypertrack.model.inputs import InputScaler
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel, save_version
from hypertrack.pipeline.challenge import write_challenge
from hypertrack.records import Decision, EpochResult, replace

MATRIX = make_matrix(np.random.default_rng(1).normal(3, 2, (20, 12)))


@pytest.fixture
def model(tmp_path: Path) -> WalletModel:
    """Return the champion of a folder: all but two heads of six have earned their weight."""
    return kept(tmp_path, 1_767_600_000_000)


def kept(out: Path, created_ms: int) -> WalletModel:
    scaler = InputScaler.fit(FEATURES, np.random.default_rng(0).normal(3, 2, (50, 12)))
    network = WalletNet(scaler.n_inputs, hidden=(16, 8), dropout_frac=0.3)
    card = make_card(network, created_ms)
    heads = evaluated("profitability_score", "risk_score").heads
    epochs = tuple(
        EpochResult(
            epoch=number,
            n_epochs=2,
            train_loss=1 / number,
            validation_loss=2 / number,
            learning_rate=0.001,
            is_best=number == 2,
            skill_by_head={},
            train_loss_by_head={},
            validation_loss_by_head={},
        )
        for number in (1, 2)
    )
    card = replace(card, summary=replace(card.summary, heads=heads), epochs=epochs)
    made = WalletModel(network, scaler, card)
    save_version(out, made)
    return made


def client_of(store: Path) -> Any:
    from mlflow import MlflowClient  # noqa: PLC0415 - seconds, in each process that looks for tests

    return MlflowClient(store.as_uri(), store.as_uri())


def export(out: Path, *words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["models", "export", "--out", str(out), *words])
    return result.exit_code, result.stderr


def test_folder_for_a_hub_holds_the_numbers_and_no_pickle(
    tmp_path: Path, model: WalletModel
) -> None:
    folder = tmp_path / "hub"

    code, said = export(tmp_path, "champion", "--to", "hf", "--into", str(folder))

    assert (code, said) == (0, f"exported to {folder}\n")
    assert {file.name for file in folder.iterdir()} == {
        "README.md",
        "card.json",
        "model.safetensors",
    }
    with safe_open(folder / "model.safetensors", "pt") as weights:
        again = WalletNet(model.scaler.n_inputs, hidden=(16, 8), dropout_frac=0.3)
        again.load_state_dict(
            {
                name.removeprefix("weights."): weights.get_tensor(name)
                for name in weights.keys()  # noqa: SIM118 - no mapping
                if name.startswith("weights.")
            }
        )
        assert torch.equal(weights.get_tensor("mean"), torch.from_numpy(model.scaler.mean))
        assert json.loads(weights.metadata()["hidden"]) == [16, 8]
    same = WalletModel(again, model.scaler, model.card)
    assert (same.predict(MATRIX) == model.predict(MATRIX)).all()


def test_page_of_the_folder_says_what_was_proven(tmp_path: Path, model: WalletModel) -> None:
    export(tmp_path, "champion", "--to", "hf")

    folder = tmp_path / "exported" / model.summary.version
    page = (folder / "README.md").read_text()
    assert page.startswith("---\nlibrary_name: hypertrack\n")
    assert "4 of 6 heads were better than all baselines" in page
    assert json.loads((folder / "card.json").read_text())["summary"]["version"] in page


def test_folder_that_holds_something_is_left_alone(tmp_path: Path, model: WalletModel) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "README.md").write_text("mine")

    code, said = export(tmp_path, "champion", "--to", "hf", "--into", str(tmp_path / "mine"))

    assert code == 2
    assert "is not empty" in said
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["README.md"]


def test_store_of_mlflow_has_the_run_and_the_champion(tmp_path: Path, model: WalletModel) -> None:
    store = tmp_path / "mlruns"

    code, said = export(tmp_path, "champion", "--to", "mlflow", "--into", str(store))

    assert code == 0, said
    client = client_of(store)
    champion = client.get_model_version_by_alias("hypertrack-wallets", "champion")
    run = client.get_run(champion.run_id)
    assert run.data.tags["hypertrack.version"] == model.summary.version
    assert run.data.params["train.seed"] == "0"
    skill = next(head.skill for head in model.summary.heads if head.head == "risk_score")
    assert skill is not None
    names = [f"risk_score.skill{bound}" for bound in ("", ".low", ".high")]
    assert [run.data.metrics[name] for name in names] == [skill.value, skill.low, skill.high]
    losses = client.get_metric_history(champion.run_id, "validation_loss")
    assert [(loss.step, loss.value) for loss in losses] == [(1, 2.0), (2, 1.0)]
    kept_there = client.download_artifacts(champion.run_id, "model", str(tmp_path))
    assert (Path(kept_there) / "wallet_model.pt").read_bytes() == (
        tmp_path / "models" / model.summary.version / "wallet_model.pt"
    ).read_bytes()


def test_version_is_logged_once_and_the_alias_goes_to_the_next(
    tmp_path: Path, model: WalletModel
) -> None:
    store = tmp_path / "mlruns"
    for _ in range(2):
        assert export(tmp_path, "champion", "--to", "mlflow")[0] == 0
    second = kept(tmp_path, model.summary.created_ms + 1_000)

    export(tmp_path, "champion", "--to", "mlflow")
    export(tmp_path, model.summary.version, "--to", "mlflow")  # no champion any more

    client = client_of(store)
    versions = client.search_model_versions("name = 'hypertrack-wallets'")
    assert sorted(int(version.version) for version in versions) == [1, 2]
    champion = client.get_model_version_by_alias("hypertrack-wallets", "champion")
    tags = client.get_run(champion.run_id).data.tags
    assert tags["hypertrack.version"] == second.summary.version


def test_version_that_challenges_has_that_alias_until_it_is_decided(
    tmp_path: Path, model: WalletModel
) -> None:
    second = kept(tmp_path, model.summary.created_ms + 1_000)
    names = {"champion": second.summary.version, "challenger": model.summary.version}
    settings, store = Settings(out=tmp_path), tmp_path / "mlruns"
    write_challenge(settings, replace(CHALLENGE, **names, decision=Decision.WORSE))
    export(tmp_path, model.summary.version, "--to", "mlflow")
    versions = client_of(store).search_model_versions("name = 'hypertrack-wallets'")
    write_challenge(settings, replace(CHALLENGE, **names))

    export(tmp_path, model.summary.version, "--to", "mlflow")

    assert versions[0].aliases == []
    challenger = client_of(store).get_model_version_by_alias("hypertrack-wallets", "challenger")
    assert challenger.run_id == versions[0].run_id


@pytest.mark.parametrize("place", ["nowhere://x", "{file}"])
def test_place_that_is_no_store_is_refused_in_one_line(
    tmp_path: Path, model: WalletModel, place: str
) -> None:
    (tmp_path / "file").write_text("")

    code, said = export(
        tmp_path, "champion", "--to", "mlflow", "--into", place.format(file=tmp_path / "file")
    )

    assert code == 2
    assert "is no store of MLflow" in said
    assert said.count("\n") == 1


def test_password_of_a_store_is_in_no_message(tmp_path: Path, model: WalletModel) -> None:
    code, said = export(tmp_path, "champion", "--to", "mlflow", "--into", "no://me:secret@here/x")

    assert code == 2
    assert "no://***@here/x is no store of MLflow" in said
    assert "secret" not in said


def test_folder_that_cannot_be_looked_into_is_one_line(tmp_path: Path, model: WalletModel) -> None:
    code, said = export(tmp_path, "champion", "--to", "hf", "--into", str(tmp_path / ("x" * 300)))

    assert (code, said.count("\n")) == (1, 1)
    assert "File name too long" in said
