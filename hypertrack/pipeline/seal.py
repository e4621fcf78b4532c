"""The seal command: finished hours of a recording as Parquet."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hypertrack.config import DatabaseUrl, Settings
from hypertrack.errors import ConfigError
from hypertrack.pipeline.places import require_data

if TYPE_CHECKING:  # the command loads this when it runs
    from hypertrack.store.compaction.sealed_hours import SealedFeed
    from hypertrack.store.dataset import Dataset

__all__ = ["SealedFeed", "seal"]


def seal(settings: Settings) -> "Iterator[SealedFeed]":
    """Seal the finished hours of a dataset that is not being recorded to, feed by feed.

    Raises:
        DatasetError: There is no dataset, a recorder writes to it, or it could not be sealed.
        ConfigError: It is in a database, which has no files.
    """
    if isinstance(settings.data, DatabaseUrl):
        raise ConfigError(
            f"seal is for folders: {settings.data} has rows and no files; a folder's copy of it is "
            f"made by hypertrack import {settings.data} --data FOLDER"
        )
    require_data(settings)
    from hypertrack.store.compaction.sealed_hours import MEMORY_GIB, seal_folder
    from hypertrack.store.dataset import keep_sealed
    from hypertrack.store.files.session import open_session

    with open_session(settings.data, "append"):
        yield from seal_folder(settings.data)
        if settings.features.keep_prepared:
            keep_sealed(settings.data, MEMORY_GIB, made=_keep_hours)


def _keep_hours(dataset: "Dataset") -> None:
    from hypertrack.market.engine.sealed_hours import keep_hours

    keep_hours(dataset)
