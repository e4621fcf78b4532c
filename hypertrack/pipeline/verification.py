"""Looking after datasets: how whole a recording is, and how little space it takes."""

from collections.abc import Iterator

from hypertrack.config import DatabaseUrl, Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.pipeline.places import warn_of_leftovers
from hypertrack.store.compaction.sealed_hours import SealedFeed, seal_folder
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.layout import has_data
from hypertrack.store.files.session import open_session
from hypertrack.store.verification import Skew, Verification, verify_dataset

__all__ = ["SealedFeed", "Skew", "Verification", "require_completeness", "seal", "verify"]


def verify(settings: Settings) -> Verification:
    """Compare the recorded trades with the venue's own candles.

    Raises:
        DatasetError: There is no dataset, or a file that cannot be read.
    """
    warn_of_leftovers(settings)
    with open_dataset(settings.data) as dataset:
        return verify_dataset(dataset)


def require_completeness(found: Verification, least: float) -> None:
    """Check that the recording holds at least this share of the trades.

    Raises:
        DatasetError: It holds less, or no minute of it could be judged.
    """
    if found.completeness is None:
        raise DatasetError(
            f"completeness {least:g} was asked for, and no minute of {found.path} could be judged: "
            "record trades and candles of the same coins"
        )
    if found.completeness < least:
        raise DatasetError(
            f"completeness {found.completeness:.6f} of {found.path} is below {least:g}: "
            f"{found.n_incomplete:,} minutes lack trades, {found.n_unexplained:,} of them without "
            "a gap in the ledger"
        )


def seal(settings: Settings) -> Iterator[SealedFeed]:
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
    if not has_data(settings.data):
        raise DatasetError(f"nothing recorded in {settings.data}: record with `hypertrack record`")
    with open_session(settings.data, "append"):
        yield from seal_folder(settings.data)
