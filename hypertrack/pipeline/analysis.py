"""Commands that compute: features, train, classify."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.records import ProfileSet, WalletProfile, encode_json
from hypertrack.store.layout import dataset_files

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix
    from hypertrack.model.versions import WalletModel

PROFILES_NAME = "wallet_profiles.parquet"


@contextmanager
def open_engine(settings: Settings) -> "Iterator[FeatureEngine]":
    """Open the dataset and the feature engine over it.

    Raises:
        DatasetError: No dataset at ``settings.data``.
    """
    from hypertrack.features.engine import FeatureEngine
    from hypertrack.store.dataset import open_dataset

    memory = settings.features.memory_limit_gib
    with open_dataset(settings.data, memory_limit_gib=memory) as dataset:
        yield FeatureEngine(dataset, settings.features, settings.fees)
