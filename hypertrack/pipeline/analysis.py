"""Commands that compute: train, classify."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.config import FeatureSettings, Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.model import MODEL_NAME
from hypertrack.pipeline.places import warn_of_leftovers
from hypertrack.records import FEATURE_REMARKS, EpochResult, ProfileHeader, encode_json

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix
    from hypertrack.market.engine.spark import Spark
    from hypertrack.model.run import Stage, TrainedModel
    from hypertrack.model.versions import WalletModel
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.dataset import Dataset
    from hypertrack.store.reading.recorded_lines import Lines

__all__ = [
    "PROFILES_NAME",
    "Stage",
    "TrainedModel",
    "classify",
    "fingerprint",
    "fresh_profiles",
    "open_engine",
    "train",
]

PROFILES_NAME = "wallet_profiles.parquet"

NEEDS_POSITION = frozenset({"median_holding_s", "closed_episode_count"})
"""Features that are missing where a wallet's positions are not known."""


@contextmanager
def open_engine(settings: Settings, *, on_spark: bool = False) -> "Iterator[FeatureEngine]":
    """Open the dataset and the feature engine over it.

    Args:
        on_spark: Compute matrices on the Spark of the settings, and not on DuckDB.

    Raises:
        DatasetError: No dataset at ``settings.data``.
        ConfigError: Spark is not installed.
        EngineError: Spark is not to be reached, or does not start.
    """
    from hypertrack.features.engine import FeatureEngine
    from hypertrack.store.dataset import open_dataset

    warn_of_leftovers(settings)
    memory = settings.features.memory_limit_gib
    with ExitStack() as opened:
        dataset = opened.enter_context(open_dataset(settings.data, memory_limit_gib=memory))
        spark = opened.enter_context(_spark(dataset, settings.features)) if on_spark else None
        yield FeatureEngine(dataset, settings.features, settings.fees, spark)


def _spark(dataset: "Dataset", settings: FeatureSettings) -> "Spark":
    try:
        from hypertrack.market.engine.spark import Spark
    except ImportError as error:
        raise ConfigError(
            f"engine {settings.engine} needs Spark ({error}): pip install 'hypertrack[spark]'"
        ) from error
    return Spark(dataset, settings.engine, settings.spark_folder)


def open_past(settings: Settings, until_ms: int) -> "Dataset":
    """Open the dataset as it stood at a time."""
    from hypertrack.store.dataset import open_dataset

    memory = settings.features.memory_limit_gib
    return open_dataset(settings.data, memory_limit_gib=memory, until_ms=until_ms)


def train(
    settings: Settings,
    on_stage: "Callable[[Stage], None]",
    on_epoch: Callable[[EpochResult], None],
    *,
    force: bool = False,
    labels: Path | None = None,
) -> "TrainedModel":
    """Measure features and outcomes, train, evaluate and save the model.

    Args:
        on_stage: Called before each stage.
        on_epoch: Called after each epoch.
        force: Train on less data than `TrainSettings` asks for.
        labels: CSV of ``wallet,bot``: the user's own knowledge, over the labelling functions.

    Raises:
        NotEnoughDataError: Says what is missing.
    """
    from hypertrack.model.run import Source, Stage, TrainedModel, train_model

    with open_engine(settings) as engine:
        source = Source(_notice(engine.dataset.lines), partial(open_past, settings))
        for event in train_model(engine, settings, force=force, labels_file=labels, source=source):
            match event:
                case Stage():
                    on_stage(event)
                case TrainedModel():
                    return event
                case _:
                    on_epoch(event)
    raise AssertionError("training ends with the trained model")


def classify(settings: Settings, *, with_model: bool = True, is_kept: bool = True) -> "Profiles":
    """Profile every wallet.

    Args:
        with_model: Give scores; the rules alone otherwise.
        is_kept: Write ``wallet_profiles.parquet``.

    Raises:
        DatasetError: No dataset at ``settings.data``.
        ModelError: No model in ``settings.out``, or one for other features.
    """
    from hypertrack.features.activity import activity
    from hypertrack.pipeline.profile_batches import profile_batches
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.profiles import write_profiles

    behind = fingerprint(settings, with_model=with_model)
    with open_engine(settings) as engine:
        model = _load_model(settings) if with_model else None
        matrix = engine.matrix()
        slices = activity(engine)
        summary = engine.dataset.summary()
        notice = _notice(engine.dataset.lines)
    header = ProfileHeader(
        generated_ms=time.time_ns() // 1_000_000,
        data=summary,
        notice=notice,
        thresholds=settings.categories.model_dump(),
        fingerprint=behind,
        **_told_by_model(model, matrix),
        **_said_of_features(matrix.names),
    )
    batches = profile_batches(matrix, slices, model, settings.categories)
    file = settings.out / PROFILES_NAME if is_kept else None
    return Profiles(write_profiles(file, header, batches))


def fresh_profiles(
    settings: Settings, *, with_model: bool = True, is_kept: bool = True
) -> "Profiles":
    """Return the profiles written last, or classify again where anything behind them changed.

    Raises:
        DatasetError: There is neither.
        ModelError: As `classify`.
    """
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.profiles import ProfileFile

    file = settings.out / PROFILES_NAME
    if file.exists():
        try:
            profiles = Profiles(ProfileFile(file))
        except DatasetError:  # of another version; there is no other way than to make them again
            if not _has_data(settings):
                raise
        else:
            is_fresh = profiles.header.fingerprint == fingerprint(settings, with_model=with_model)
            if is_fresh or not _has_data(settings):
                return profiles
    return classify(settings, with_model=with_model, is_kept=is_kept)


def fingerprint(settings: Settings, *, with_model: bool) -> str:
    """Return a hash that changes with the data, the model and the settings behind profiles."""
    from hypertrack.store.reading.opening import open_lines

    with closing(open_lines(settings.data)) as lines:
        version = lines.version()
    behind = settings.model_dump(mode="json", include={"features", "fees", "categories"})
    model = settings.out / MODEL_NAME
    weights = model.read_bytes() if with_model and model.exists() else b""
    return hashlib.sha256(encode_json([version, behind, with_model]) + weights).hexdigest()


def _has_data(settings: Settings) -> bool:
    from hypertrack.store.reading.opening import open_lines

    with closing(open_lines(settings.data)) as lines:
        return lines.has_data()


def _told_by_model(model: "WalletModel | None", matrix: "FeatureMatrix") -> dict[str, Any]:
    """Return what the header says of the model."""
    if model is None:
        return {"model": None}
    return {
        "model": model.summary,
        "typical": model.typical_scores(),
        "typical_features": model.typical_features(matrix),
    }


def _said_of_features(names: Sequence[str]) -> dict[str, Any]:
    """Return what the header says of the features."""
    from hypertrack.features.registry import REGISTRY

    return {
        "units": {name: REGISTRY[name].unit for name in names},
        "remarks": {name: text for name, text in FEATURE_REMARKS.items() if name in names},
        "needs_position": tuple(name for name in names if name in NEEDS_POSITION),
    }


def _load_model(settings: Settings) -> "WalletModel":
    from hypertrack.model.versions import load_champion

    return load_champion(settings.out)


def _notice(lines: "Lines") -> str | None:
    """Return what readers must know of the data's origin: that it is not the venue's own."""
    from hypertrack.store.files.manifest import parse_manifest

    manifest = parse_manifest(lines.manifest())
    return None if manifest is None else manifest.notice
