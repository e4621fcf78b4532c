"""The classify command: scores and categories of every wallet, made again where they are stale."""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.files import require_writable
from hypertrack.model import MODEL_NAME
from hypertrack.model.version_files import champion_version, lost_weight
from hypertrack.pipeline.places import notice_of, open_engine, require_data
from hypertrack.pipeline.truth_file import read_truth, require_simulated
from hypertrack.records import (
    FEATURE_REMARKS,
    ProfileColumns,
    ProfileHeader,
    encode_json,
    replace,
)

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix
    from hypertrack.model.versions import WalletModel
    from hypertrack.pipeline.profiles import Profiles

__all__ = ["PROFILES_NAME", "classify", "fingerprint", "fresh_profiles"]

PROFILES_NAME = "wallet_profiles.parquet"

BEHIND: dict[str, Any] = {
    "features": {"groups"},
    **dict.fromkeys(("fees", "categories", "skill", "copy"), True),
}
"""Settings that profiles follow from; which engine computed them is none of these."""


def classify(
    settings: Settings,
    *,
    with_model: bool = True,
    is_kept: bool = True,
    truth: Path | None = None,
) -> "Profiles":
    """Profile every wallet.

    Args:
        with_model: Give scores; the rules alone otherwise.
        is_kept: Write ``wallet_profiles.parquet``.
        truth: Of a simulated recording; read when all is classified, to mark what is at chance.

    Raises:
        ConfigError: A truth that is none, or of a recording that is not simulated.
        DatasetError: No dataset at ``settings.data``.
        ModelError: No model in ``settings.out``, or one for other features.
    """
    require_data(settings)
    if is_kept:
        require_writable(settings.out / PROFILES_NAME)
    if with_model:
        from hypertrack.model.version_files import champion_file

        champion_file(settings.out)  # missing, it is missed before the work
    if truth is not None:
        read_truth(truth)  # one that is none is refused before the work
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.profiles import write_profiles

    behind = fingerprint(settings, with_model=with_model)
    with open_engine(settings) as engine:
        model = _load_model(settings) if with_model else None
        if truth is not None:
            require_simulated(notice_of(engine.dataset.lines))
        header, batches = _profiled(engine, settings, model)
    header = replace(header, fingerprint=behind)
    file = settings.out / PROFILES_NAME if is_kept else None
    profiles = Profiles(write_profiles(file, header, batches))
    return profiles if truth is None else _marked(profiles, file, read_truth(truth))


def _profiled(
    engine: "FeatureEngine", settings: Settings, model: "WalletModel | None"
) -> "tuple[ProfileHeader, Iterator[ProfileColumns]]":
    """Return what profiles rest on, and their columns, which are made as they are asked for."""
    from hypertrack.features.activity import activity
    from hypertrack.model.inputs import with_own_edges
    from hypertrack.pipeline.asked_rules import obstacles_of, rule_columns, rule_features
    from hypertrack.pipeline.profile_batches import RuleColumns, profile_batches
    from hypertrack.pipeline.profile_matrix import measure
    from hypertrack.pipeline.skill import judge_wallets
    from hypertrack.skill.own_edges import unknown

    measured = measure(engine, rule_features(settings))
    matrix, more = measured.matrix, rule_columns(settings, measured.whole)
    skill = judge_wallets(engine, settings, matrix)
    judged = {} if skill is None else skill.columns
    not_testable = obstacles_of(settings, matrix, more, judged, has_model=model is not None)
    own = unknown(len(matrix.wallets)) if skill is None else skill.own_edges
    assert own is not None
    matrix = with_own_edges(matrix, own)
    header = ProfileHeader(
        generated_ms=time.time_ns() // 1_000_000,
        data=engine.summary(),
        notice=notice_of(engine.dataset.lines),
        edition=settings.categories.edition,
        thresholds=settings.categories.limits(),
        not_testable=not_testable,
        skill=None if skill is None else skill.summary,
        **told_by_model(model, matrix),
        **said_of_features((*matrix.names, *more)),
    )
    asking = RuleColumns(settings.categories, more, not_testable)
    beside = {"skill": judged, "profit": measured.profit, "account": measured.account}
    return header, profile_batches(matrix, activity(engine), model, asking, beside)


def _marked(profiles: "Profiles", file: Path | None, truth: Mapping[str, Any]) -> "Profiles":
    """Return the same profiles, which say of each category how often it was right."""
    from hypertrack.categories.category_truth import measure_categories
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.profiles import write_profiles

    header = replace(profiles.header, measured=measure_categories(profiles, truth))
    return Profiles(write_profiles(file, header, profiles.batches()))


def fresh_profiles(
    settings: Settings,
    *,
    with_model: bool = True,
    is_kept: bool = True,
    kept_file: Path | None = None,
    on_stale: Callable[[], None] = lambda: None,
) -> "Profiles":
    """Return the profiles written last, or classify again where anything behind them changed.

    Args:
        with_model: As `classify`.
        is_kept: As `classify`.
        kept_file: Show this file's profiles instead, whatever became of the data behind them.
        on_stale: Called before everybody is classified again.

    Raises:
        DatasetError: There is no dataset, or the file asked for cannot be read.
        ModelError: As `classify`.
    """
    if kept_file is None:
        require_data(settings)
    elif not kept_file.is_file():
        raise DatasetError(f"no profiles at {kept_file}: `hypertrack classify` writes them")
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.profiles import ProfileFile

    if kept_file is not None:
        return Profiles(ProfileFile(kept_file))
    file = settings.out / PROFILES_NAME
    if file.exists():
        with suppress(DatasetError):  # of another version: made again
            profiles = Profiles(ProfileFile(file))
            if profiles.header.fingerprint == fingerprint(settings, with_model=with_model):
                return profiles
    on_stale()
    return classify(settings, with_model=with_model, is_kept=is_kept)


def fingerprint(settings: Settings, *, with_model: bool) -> str:
    """Return a hash that changes with the data, the model and the settings behind profiles."""
    from hypertrack.store.reading.opening import open_lines

    with closing(open_lines(settings.data)) as lines:
        version = lines.version()
    behind = settings.model_dump(mode="json", include=BEHIND)
    model = settings.out / MODEL_NAME
    weights = model.read_bytes() if with_model and model.exists() else b""
    champion = champion_version(settings.out)
    lost = None if champion is None or not with_model else lost_weight(settings.out, champion)
    said = [version, behind, with_model, *([] if lost is None else [lost])]
    return hashlib.sha256(encode_json(said) + weights).hexdigest()


def _load_model(settings: Settings) -> "WalletModel":
    from hypertrack.model.versions import load_champion

    return load_champion(settings.out)


def told_by_model(model: "WalletModel | None", matrix: "FeatureMatrix") -> dict[str, Any]:
    """Return what the header says of the model."""
    if model is None:
        return {"model": None}
    return {
        "model": model.summary,
        "typical": model.typical_scores(),
        "typical_features": model.typical_features(matrix),
    }


def said_of_features(names: Sequence[str]) -> dict[str, Any]:
    """Return what the header says of the features."""
    from hypertrack.categories.standing import STANDING
    from hypertrack.features.registry import REGISTRY
    from hypertrack.skill.own_edges import OWN_EDGES

    told = STANDING | {name: (each.unit, each.doc) for name, each in OWN_EDGES.items()}
    placed = {name: of for name, of in told.items() if name in names}
    names = [name for name in names if name not in placed]
    return {
        "units": {name: REGISTRY[name].unit for name in names}
        | {name: unit for name, (unit, _doc) in placed.items()},
        "definitions": {name: REGISTRY[name].doc for name in names}
        | {name: doc for name, (_unit, doc) in placed.items()},
        "remarks": {name: text for name, text in FEATURE_REMARKS.items() if name in names},
        "needs_position": tuple(name for name in names if REGISTRY[name].needs_position),
    }
