"""A version in a store of MLflow: a run with what was measured, and the registered weights."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.errors import ConfigError, ModelError
from hypertrack.model import MODEL_NAME
from hypertrack.model.version_files import CARD_NAME
from hypertrack.records import Card, HeadEvaluation, Interval
from hypertrack.text import first_line, masked_url

if TYPE_CHECKING:  # an extra
    from mlflow import MlflowClient

EXPERIMENT = "hypertrack"
REGISTERED = "hypertrack-wallets"
VERSION_TAG = "hypertrack.version"
MOST_AT_ONCE = 1_000
"""Metrics in one request; so many a server takes."""


def log_version(folder: Path, card: Card, store: str, aliases: tuple[str, ...]) -> str:
    """Log a version to a store and return the id of its run; one that is there is left as it is.

    Nothing in a store is ever read back into a model.

    Args:
        folder: Of the version, with weights and card.
        store: Address of a tracking server, or a folder.
        aliases: ``champion``, ``challenger``: names that the version has from now on.

    Raises:
        ConfigError: The package is not there.
        ModelError: The store cannot be reached, or refuses.
    """
    client = _connect(store)
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - an extra

    try:
        run_id = _find(client, card) or _log(client, folder, card)
        number = _registered(client, run_id)
        for alias in aliases:
            client.set_registered_model_alias(REGISTERED, alias, number)
    except (MlflowException, OSError) as error:
        said = f"{store} does not take the model: {first_line(error)}"
        raise ModelError(masked_url(said)) from None
    return run_id


def _connect(store: str) -> "MlflowClient":
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nobody else is told of it
    if "://" not in store:
        store = Path(store).absolute().as_uri()
    if store.startswith("file:"):  # whoever names a folder has chosen it
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 - an extra, and seconds of loading
        from mlflow.exceptions import MlflowException  # noqa: PLC0415
    except ImportError:
        raise ConfigError("export needs packages: pip install 'hypertrack[export]'") from None
    try:
        return MlflowClient(tracking_uri=store, registry_uri=store)
    except (MlflowException, OSError) as error:
        said = f"{store} is no store of MLflow: {first_line(error)}"
        raise ConfigError(masked_url(said)) from None


def _find(client: "MlflowClient", card: Card) -> str | None:
    """Return the run of a version that was logged whole before."""
    if (experiment := client.get_experiment_by_name(EXPERIMENT)) is None:
        return None
    query = f"tags.`{VERSION_TAG}` = '{card.summary.version}' and attributes.status = 'FINISHED'"
    runs = client.search_runs([experiment.experiment_id], query, max_results=1)
    return str(runs[0].info.run_id) if runs else None


def _log(client: "MlflowClient", folder: Path, card: Card) -> str:
    from mlflow.entities import Metric, Param  # noqa: PLC0415 - an extra

    summary = card.summary
    experiment = client.get_experiment_by_name(EXPERIMENT)
    place = client.create_experiment(EXPERIMENT) if experiment is None else experiment.experiment_id
    tags = {VERSION_TAG: summary.version, "hypertrack.features": card.feature_hash}
    run = client.create_run(place, summary.created_ms, tags, run_name=summary.version)
    run_id = str(run.info.run_id)
    metrics = [
        Metric(name, value, summary.created_ms, step) for name, value, step in _metrics(card)
    ]
    client.log_batch(run_id, params=[Param(name, value) for name, value in _parameters(card)])
    for start in range(0, len(metrics), MOST_AT_ONCE):
        client.log_batch(run_id, metrics[start : start + MOST_AT_ONCE])
    for name in (MODEL_NAME, CARD_NAME):
        client.log_artifact(run_id, str(folder / name), "model")
    client.set_terminated(run_id)  # last: a run that is finished is whole
    return run_id


def _registered(client: "MlflowClient", run_id: str) -> str:
    """Return the number under which a run's weights are registered; they are where they are not."""
    if not client.search_registered_models(f"name = '{REGISTERED}'"):
        client.create_registered_model(REGISTERED)
    known = client.search_model_versions(f"name = '{REGISTERED}'")
    numbers = [str(version.version) for version in known if version.run_id == run_id]
    if numbers:
        return numbers[0]
    made = client.create_model_version(REGISTERED, f"runs:/{run_id}/model", run_id)
    return str(made.version)


def _parameters(card: Card) -> Iterator[tuple[str, str]]:
    yield "estimator", card.summary.estimator
    yield "n_features", str(len(card.feature_names))
    yield "n_train_rows", str(card.summary.n_train_rows)
    yield "n_test_rows", str(card.summary.n_test_rows)
    for section, values in card.details.settings.items():
        for name, value in values.items():
            yield f"{section}.{name}", str(value)


def _metrics(card: Card) -> Iterator[tuple[str, float, int]]:
    """Yield name, value and step; the bounds of a value stand beside it."""
    for head in card.summary.heads:
        yield from ((name, value, 0) for name, value in _head_metrics(head))
    for epoch in card.epochs:
        yield "train_loss", epoch.train_loss, epoch.epoch
        yield "validation_loss", epoch.validation_loss, epoch.epoch


def _head_metrics(head: HeadEvaluation) -> Iterator[tuple[str, float]]:
    measured: dict[str, Any] = {
        "skill": head.skill,
        "auc": head.auc,
        "rank_ic": head.rank_ic,
        "calibration_error": head.calibration_error,
        "base_rate": head.base_rate,
        "has_earned_weight": float(head.has_earned_weight),
        **{f"baseline.{name}": value for name, value in head.skill_by_baseline.items()},
    }
    for name, value in measured.items():
        if isinstance(value, Interval):
            yield f"{head.head}.{name}", value.value
            yield f"{head.head}.{name}.low", value.low
            yield f"{head.head}.{name}.high", value.high
        elif value is not None:
            yield f"{head.head}.{name}", value
