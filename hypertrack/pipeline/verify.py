"""The verify command: how whole a recording is."""

from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.places import require_data, warn_of_leftovers

if TYPE_CHECKING:  # the command loads this when it runs
    from hypertrack.store.verification import Skew, Verification

__all__ = ["Skew", "Verification", "require_completeness", "verify"]


def verify(settings: Settings) -> "Verification":
    """Compare the recorded trades with the venue's own candles.

    Raises:
        DatasetError: There is no dataset, or a file that cannot be read.
    """
    require_data(settings)
    from hypertrack.store.dataset import open_dataset
    from hypertrack.store.verification import verify_dataset

    warn_of_leftovers(settings)
    with open_dataset(settings.data) as dataset:
        return verify_dataset(dataset)


def require_completeness(found: "Verification", least: float) -> None:
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
