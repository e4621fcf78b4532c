"""Commands that compute: train, classify."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.model import MODEL_NAME
from hypertrack.pipeline.places import warn_of_leftovers
from hypertrack.records import ProfileSet, WalletProfile, encode_json

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix
    from hypertrack.market.engine.spark import Spark
    from hypertrack.model.leaks import LeakChecks
    from hypertrack.model.run import Stage, TrainedModel
    from hypertrack.model.training import EpochResult
    from hypertrack.model.versions import WalletModel
    from hypertrack.store.dataset import Dataset
    from hypertrack.store.reading.recorded_lines import Lines

__all__ = [
    "PROFILES_NAME",
    "EpochResult",
    "LeakChecks",
    "Stage",
    "TrainedModel",
    "classify",
    "fingerprint",
    "fresh_profiles",
    "open_engine",
    "train",
]

PROFILES_NAME = "wallet_profiles.parquet"


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
    asked = settings.features
    if on_spark:
        with _spark(settings) as spark:
            yield FeatureEngine(spark.dataset, asked, settings.fees, spark)
        return
    with open_dataset(
        settings.data, memory_limit_gib=asked.memory_limit_gib, keep_prepared=asked.keep_prepared
    ) as dataset:
        yield FeatureEngine(dataset, asked, settings.fees)


def _spark(settings: Settings) -> "Spark":
    asked = settings.features
    try:
        from hypertrack.market.engine.spark import Spark
    except ImportError as error:
        raise ConfigError(
            f"engine {asked.engine} needs Spark ({error}): pip install 'hypertrack[spark]'"
        ) from error
    return Spark(
        settings.data,
        asked.engine,
        asked.spark_folder,
        memory_limit_gib=asked.memory_limit_gib,
    )


def open_past(settings: Settings, until_ms: int) -> "Dataset":
    """Open the dataset as it stood at a time."""
    from hypertrack.store.dataset import open_dataset

    memory = settings.features.memory_limit_gib
    return open_dataset(settings.data, memory_limit_gib=memory, until_ms=until_ms)


def train(
    settings: Settings,
    on_stage: "Callable[[Stage], None]",
    on_epoch: "Callable[[EpochResult], None]",
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


def classify(settings: Settings, *, with_model: bool = True, is_kept: bool = True) -> ProfileSet:
    """Profile every wallet.

    Args:
        with_model: Give scores; the rules alone otherwise.
        is_kept: Write ``wallet_profiles.parquet``.

    Raises:
        DatasetError: No dataset at ``settings.data``.
        ModelError: No model in ``settings.out``, or one for other features.
    """
    from hypertrack.features.activity import activity
    from hypertrack.features.registry import REGISTRY
    from hypertrack.store.profiles import write_profiles

    behind = fingerprint(settings, with_model=with_model)
    with open_engine(settings) as engine:
        model = _load_model(settings) if with_model else None
        matrix = engine.matrix()
        slices = activity(engine)
        summary = engine.dataset.summary()
        notice = _notice(engine.dataset.lines)
    profiles = ProfileSet(
        generated_ms=time.time_ns() // 1_000_000,
        data=summary,
        model=None if model is None else model.summary,
        profiles=tuple(_profiles(matrix, slices.tolist(), model, settings)),
        notice=notice,
        typical=None if model is None else model.typical_scores(),
        units={name: REGISTRY[name].unit for name in matrix.names},
        fingerprint=behind,
    )
    if is_kept:
        write_profiles(settings.out / PROFILES_NAME, profiles)
    return profiles


def fresh_profiles(
    settings: Settings, *, with_model: bool = True, is_kept: bool = True
) -> ProfileSet:
    """Return the profiles written last, or classify again where anything behind them changed.

    Raises:
        DatasetError: There is neither.
        ModelError: As `classify`.
    """
    from hypertrack.store.profiles import read_profiles

    file = settings.out / PROFILES_NAME
    if file.exists():
        try:
            profiles = read_profiles(file)
        except DatasetError:  # of another version; there is no other way than to make them again
            if not _has_data(settings):
                raise
        else:
            is_fresh = profiles.fingerprint == fingerprint(settings, with_model=with_model)
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


def _load_model(settings: Settings) -> "WalletModel":
    from hypertrack.model.versions import load_champion

    return load_champion(settings.out)


def _notice(lines: "Lines") -> str | None:
    """Return what readers must know of the data's origin: that it is not the venue's own."""
    from hypertrack.store.files.manifest import parse_manifest

    manifest = parse_manifest(lines.manifest())
    return None if manifest is None else manifest.notice


def _profiles(
    matrix: "FeatureMatrix",
    slices: list[list[int]],
    model: "WalletModel | None",
    settings: Settings,
) -> Iterator[WalletProfile]:
    from hypertrack.categories.classify import classify_wallet

    scores = [None] * len(matrix.wallets) if model is None else model.predict(matrix)
    reasons = [{}] * len(matrix.wallets) if model is None else model.explain(matrix)
    heads = {} if model is None else {head.head: head for head in model.summary.heads}
    rows = matrix.values.tolist()
    for i, (wallet, why) in enumerate(zip(matrix.wallets, reasons, strict=True)):
        features = dict(zip(matrix.names, rows[i], strict=True))
        verdict = classify_wallet(
            features, int(matrix.n_candle_matches[i]), scores[i], settings.categories, heads
        )
        yield WalletProfile(
            wallet=wallet,
            first_seen_ms=int(matrix.first_seen_ms[i]),
            last_seen_ms=int(matrix.last_seen_ms[i]),
            features=features,
            scores=scores[i],
            categories=verdict.categories,
            why_none=verdict.why_none,
            activity=tuple(slices[i]),
            reasons=why,
        )
