"""Writing the card of a model that was just trained."""

import hashlib
import math
import platform
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from hypertrack import __version__
from hypertrack.clock import utc
from hypertrack.config import Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.bots import report_labelling
from hypertrack.labels.targets import TARGETS
from hypertrack.model.drift import bins_of
from hypertrack.model.explanation import Explainer
from hypertrack.model.inputs import feature_hash, typical
from hypertrack.model.network import WalletNet
from hypertrack.model.predictor import Predictor
from hypertrack.model.samples import Samples
from hypertrack.model.training import Trained
from hypertrack.records import (
    Card,
    EntryPositions,
    HeadEvaluation,
    LeakChecks,
    ModelSummary,
    OutcomeWindow,
    TrainingBins,
    TrainingDetails,
    as_dict,
)
from hypertrack.skill.evidence import n_chosen_after

PACKAGES = ("torch", "numpy", "scikit-learn", "duckdb", "ibis-framework")
"""Whose versions can change a result."""


@dataclass(frozen=True)
class Findings:
    """What a run found out about its model."""

    heads: tuple[HeadEvaluation, ...]
    leaks: LeakChecks
    predictor: Predictor
    """By whom wallets are scored."""


def make_card(
    engine: FeatureEngine,
    settings: Settings,
    samples: Samples,
    trained: Trained,
    found: Findings,
    created_ms: int,
) -> Card:
    """Return the card of a model that was just trained."""
    train = samples.train
    usual = typical(train.features)
    summary = ModelSummary(
        version=version_name(created_ms, trained.network),
        created_ms=created_ms,
        estimator=settings.train.estimator,
        is_forced=samples.is_forced,
        n_train_rows=len(train),
        n_validation_rows=len(samples.validation),
        n_test_rows=len(samples.test),
        n_train_wallets=len(set(train.wallet_ids.tolist())),
        n_by_profit=n_chosen_after(engine.backend, engine.n_wallets, samples.cuts[0].at_ms),
        heads=found.heads,
    )
    return Card(
        summary=summary,
        feature_names=samples.feature_names,
        feature_hash=feature_hash(samples.feature_names),
        targets=TARGETS,
        epochs=trained.epochs,
        labelling_functions=report_labelling(train.votes),
        typical=tuple(None if math.isnan(value) else value for value in usual.tolist()),
        importance=Explainer(found.predictor, usual).importance(samples.test.features),
        entries=_report_entries(samples),
        leaks=found.leaks,
        feature_bins=tuple(map(bins_of, train.features.T)),
        score_bins=_score_bins(found.predictor, samples.test.features[samples.test.has_outcome]),
        details=TrainingDetails(
            data=engine.summary(),
            cuts=tuple(_cut(samples, number) for number in range(len(samples.cuts))),
            embargo_s=samples.embargo_ms / 1_000,
            embargo_is_shortened=samples.embargo_ms < settings.train.embargo_s * 1_000,
            thresholds=as_dict(samples.thresholds),
            settings=settings.model_dump(mode="json", include={"train", "features", "fees"}),
            versions=_versions(),
            n_test_wallets=samples.n_test_wallets,
            n_wallets=samples.n_wallets,
        ),
    )


def _score_bins(predictor: Predictor, features: NDArray[np.float64]) -> dict[str, TrainingBins]:
    if not len(features):
        return {}
    said = predictor.scores(features).astype(np.float64)
    return {target: bins_of(said[:, nth]) for nth, target in enumerate(TARGETS)}


def _report_entries(samples: Samples) -> EntryPositions:
    entries = np.concatenate([samples.train.entries, samples.test.entries])
    known = entries[~np.isnan(entries).any(axis=1)]
    told, carried = known.mean(axis=0).tolist() if len(known) else (None, None)
    return EntryPositions(reported_frac=told, inherited_frac=carried)


def version_name(created_ms: int, network: WalletNet) -> str:
    """Return ``<utc>-<short hash of the weights>``."""
    digest = hashlib.sha256()
    for weights in network.state_dict().values():
        digest.update(weights.numpy().tobytes())
    at = utc(created_ms).replace("-", "").replace(":", "")
    return f"{at}-{digest.hexdigest()[:8]}"


def _cut(samples: Samples, number: int) -> OutcomeWindow:
    cut = samples.cuts[number]
    return OutcomeWindow(
        at_ms=cut.at_ms,
        outcome_start_ms=cut.outcome.start_ms,
        outcome_end_ms=cut.outcome.end_ms,
        is_test=cut.is_test,
    )


def _versions() -> dict[str, str]:
    return {
        "hypertrack": __version__,
        "python": platform.python_version(),
        **{package: version(package) for package in PACKAGES},
    }
