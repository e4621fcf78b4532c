"""Trained models on disk: a folder each, and the one in use."""

import io
import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hypertrack.errors import ModelError
from hypertrack.features.engine import FeatureMatrix
from hypertrack.files import write_whole
from hypertrack.labels.targets import TARGETS
from hypertrack.model import MODEL_NAME
from hypertrack.model.baselines import Fitted
from hypertrack.model.card import version_name
from hypertrack.model.explanation import Explainer
from hypertrack.model.inputs import InputScaler, comparable, feature_hash
from hypertrack.model.linear import Linear
from hypertrack.model.network import WalletNet
from hypertrack.model.predictor import NET, Predictor
from hypertrack.model.trees import Trees
from hypertrack.model.version_files import (
    CARD_NAME,
    MODELS_FOLDER,
    champion_file,
    find_version,
    lost_weight,
    promote,
    without_weight,
)
from hypertrack.records import (
    HEADS,
    Card,
    JsonError,
    ModelSummary,
    ReasonColumns,
    Scores,
    as_dict,
    decode_json,
    encode_json,
    replace,
)

FORMAT = "hypertrack wallet model 5"
"""Reads what a wallet's own past lets expect of its edge; earlier models do not, or their scores
mean other things."""

CHUNK_ROWS = 8_192
"""Wallets predicted at once: what a processor keeps near."""


class WalletModel:
    """A trained model, ready to score wallets.

    Attributes:
        card: What it is and what it rests on.
        fitted: What answers in place of the network, by its name.
    """

    def __init__(
        self,
        network: WalletNet,
        scaler: InputScaler,
        card: Card,
        fitted: Mapping[str, Fitted] | None = None,
    ):
        self.network = network.eval()
        self.scaler = scaler
        self.card = card
        self.fitted = dict(fitted or {})

    @property
    def estimator_by_head(self) -> dict[str, str]:
        """Return who answers for each head: ``net``, or one of ``fitted``."""
        told = {head.head: head.estimator for head in self.summary.heads}
        return {head: told.get(head, NET) for head in HEADS}

    @property
    def summary(self) -> ModelSummary:
        """Return what a reader of the outputs needs to know."""
        return self.card.summary

    def explain(self, matrix: FeatureMatrix) -> ReasonColumns:
        """Return the reasons for each score of each wallet, in the order of the matrix.

        Raises:
            ModelError: The matrix holds other features than the model reads.
        """
        self.check_features(matrix.names)
        return self.explainer.reasons(matrix)

    def typical_scores(self) -> Scores:
        """Return what the typical wallet of training scores."""
        scores = self.explainer.typical_scores().tolist()
        return Scores.of(dict(zip(TARGETS, scores, strict=True)))

    def typical_features(self, matrix: FeatureMatrix) -> dict[str, float | None]:
        """Return the features of that wallet over a window as long as the matrix's; None is none.

        Raises:
            ModelError: The matrix holds other features than the model reads.
        """
        self.check_features(matrix.names)
        return self.explainer.typical_features(matrix)

    @property
    def predictor(self) -> Predictor:
        """Return who answers for which score."""
        return Predictor(self.network, self.scaler, self.fitted, self.estimator_by_head)

    @property
    def explainer(self) -> Explainer:
        """Return what compares wallets with the typical one."""
        return Explainer(self.predictor, np.array(self.card.typical, dtype=np.float64))

    def predict(self, matrix: FeatureMatrix) -> NDArray[np.float32]:
        """Return the scores as columns, ``[wallets, targets]``; influence in percent.

        Raises:
            ModelError: The matrix holds other features than the model reads.
        """
        self.check_features(matrix.names)
        scores = np.empty((len(matrix.wallets), len(TARGETS)), dtype=np.float32)
        for start in range(0, len(scores), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            scores[rows] = self.predictor.scores(comparable(matrix, rows))
        return scores

    def predict_rows(self, features: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return what answers for each head says of the targets, ``[rows, targets]``.

        Args:
            features: As `comparable` returns them, ``[rows, features]``.
        """
        return self.predictor.outputs(features)

    def check_features(self, names: tuple[str, ...]) -> None:
        """Make sure that the model reads these features.

        Raises:
            ModelError: It reads others; says which, and which there are.
        """
        known = self.scaler.names
        if feature_hash(names) != feature_hash(known):
            raise ModelError(
                f"model {self.summary.version} reads {len(known)} features "
                f"({', '.join(known)}), here are {len(names)} ({', '.join(names)}): "
                "set the same feature groups, or train again"
            )


def save_version(out: Path, model: WalletModel, *, is_promoted: bool = True) -> Path:
    """Write the model as a version of its own and return its folder.

    Args:
        out: Holds ``models/`` and the champion's ``wallet_model.pt``.
        is_promoted: Make it the champion.

    Raises:
        ModelError: The folder cannot be written.
    """
    folder = out / MODELS_FOLDER / model.summary.version
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / MODEL_NAME, _encode(model))
        write_whole(folder / CARD_NAME, json.dumps(as_dict(model.card), indent=2).encode())
    except OSError as error:
        raise ModelError(f"cannot write the model to {folder}: {error.strerror}") from error
    if is_promoted:
        promote(out, model.summary.version)
    return folder


def load_version(out: Path, name: str) -> WalletModel:
    """Return a version by its name, as `find_version` understands it."""
    return _as_it_stands(
        out, load_model(out / MODELS_FOLDER / find_version(out, name) / MODEL_NAME)
    )


def load_champion(out: Path) -> WalletModel:
    """Return the model in use: ``wallet_model.pt`` of the folder.

    Raises:
        ModelError: There is none, or it is torn or not ours.
    """
    return _as_it_stands(out, load_model(champion_file(out)))


def _as_it_stands(out: Path, model: WalletModel) -> WalletModel:
    """Return a model without weight where live has found out that it deserves none."""
    lost = lost_weight(out, model.summary.version)
    if lost is not None:
        model.card = replace(model.card, summary=without_weight(model.summary, lost))
    return model


def load_model(file: Path) -> WalletModel:
    """Read a checkpoint; nothing that it holds is executed.

    Raises:
        ModelError: It is torn, or not ours.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about foreign files; they are refused below
            content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file can end in any of them
        raise ModelError(
            f"{file} is torn or no model of ours ({type(error).__name__}): train again"
        ) from error
    if not isinstance(content, Mapping) or content.get("format") != FORMAT:
        raise ModelError(
            f"{file} is no model of this version, which reads other things of a wallet "
            f"({FORMAT}): train again"
        )
    try:
        return _decode(content)
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError, JsonError) as error:
        raise ModelError(f"{file} does not fit together ({error}): train again") from error


def contents(model: WalletModel) -> dict[str, Any]:
    """Return all that a model is: texts, numbers, and tensors by name, some of them by group."""
    network, scaler = model.network, model.scaler
    return {
        "format": FORMAT,
        "card": encode_json(model.card).decode(),
        "hidden": list(network.hidden),
        "dropout_frac": network.dropout_frac,
        "n_members": network.n_members,
        "mean": torch.from_numpy(scaler.mean),
        "std": torch.from_numpy(scaler.std),
        "weights": {name: value.cpu() for name, value in network.state_dict().items()},
        "fitted": {name: _tensors(fitted) for name, fitted in model.fitted.items()},
    }


def _encode(model: WalletModel) -> bytes:
    buffer = io.BytesIO()
    torch.save(contents(model), buffer)
    return buffer.getvalue()


def _tensors(fitted: Fitted) -> dict[str, torch.Tensor]:
    """Return a fitted model as tensors: numbers, which loading does not run."""
    return {
        field.name: torch.from_numpy(getattr(fitted, field.name))
        for field in fields(fitted)  # type: ignore[arg-type]  # all of them are dataclasses
        if field.name != "scaler"
    }


def _fitted(
    content: Mapping[str, Mapping[str, torch.Tensor]], scaler: InputScaler
) -> Iterator[tuple[str, Fitted]]:
    for name, tensors in content.items():
        arrays = {key: value.numpy() for key, value in tensors.items()}
        if name == "trees":
            trees = Trees(**arrays)
            trees.check(len(scaler.names))
            yield name, trees
        else:
            linear = Linear(scaler, **arrays)
            linear.check()
            yield name, linear


def _decode(content: Mapping[str, Any]) -> WalletModel:
    card = decode_json(content["card"], Card)
    if card.targets != TARGETS or card.feature_hash != feature_hash(card.feature_names):
        raise ValueError("its targets or features are not those of its weights")
    mean, std = content["mean"].numpy(), content["std"].numpy()
    if not mean.shape == std.shape == (len(card.typical),) == (len(card.feature_names),):
        raise ValueError("its scaler is for other features")
    scaler = InputScaler(card.feature_names, mean, std)
    shape = (content["hidden"], content["dropout_frac"], content["n_members"])
    network = WalletNet(scaler.n_inputs, *shape)
    network.load_state_dict(content["weights"])
    if version_name(card.summary.created_ms, network) != card.summary.version:
        raise ValueError("its weights are not those that its version is named by")
    model = WalletModel(network, scaler, card, dict(_fitted(content["fitted"], scaler)))
    if not set(model.estimator_by_head.values()) <= {NET, *model.fitted}:
        raise ValueError("it lacks a model that answers for a head")
    return model
