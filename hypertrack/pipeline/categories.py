"""The categories command: the rules in force, and how they did where the truth is known."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import DatasetError
from hypertrack.pipeline.truth_file import read_truth, require_simulated
from hypertrack.records import CategoryTruth

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.categories.catalog import RuleRow
    from hypertrack.records import ProfileHeader

__all__ = ["Rules", "category_truth", "rules_here"]


@dataclass(frozen=True)
class Rules:
    """The rules in force, and what the last classification says of them.

    Attributes:
        not_testable: By rule that the recording cannot answer, why.
        n_wallets: By category, those that hold it; None where nothing was classified.
        measured: Against the truth, where that was given to `classify`.
    """

    rows: "tuple[RuleRow, ...]"
    not_testable: dict[str, str]
    n_wallets: dict[str, int] | None
    measured: tuple[CategoryTruth, ...]


def rules_here(settings: Settings) -> Rules:
    """Return the rules in force, beside what the last classification in ``out`` says of them."""
    from hypertrack.categories.catalog import describe_catalog

    rows = describe_catalog(settings.categories)
    header = _last_header(settings)
    if header is None:
        return Rules(rows, {}, None, ())
    return Rules(rows, header.not_testable, header.n_wallets_by_category, header.measured)


def category_truth(settings: Settings, truth: Path) -> tuple[CategoryTruth, ...]:
    """Return the categories of a simulated recording's wallets beside the truth.

    Raises:
        ConfigError: The recording is not simulated, or the file holds no truth.
        DatasetError: There is no dataset.
    """
    from hypertrack.model import MODEL_NAME
    from hypertrack.pipeline.places import require_data

    require_data(settings)
    columns = read_truth(truth)
    from hypertrack.categories.category_truth import measure_categories
    from hypertrack.pipeline.classify import fresh_profiles

    has_model = (settings.out / MODEL_NAME).is_file()
    profiles = fresh_profiles(settings, with_model=has_model, is_kept=has_model)
    require_simulated(profiles.header.notice)
    return measure_categories(profiles, columns)


def _last_header(settings: Settings) -> "ProfileHeader | None":
    from hypertrack.pipeline.classify import PROFILES_NAME

    file = settings.out / PROFILES_NAME
    if not file.is_file():
        return None
    from hypertrack.store.profiles import ProfileFile

    try:
        header = ProfileFile(file).header
    except DatasetError:  # of another version
        return None
    return header if header.edition == settings.categories.edition else None
