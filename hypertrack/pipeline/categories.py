"""The categories command: the rules in force."""

from typing import TYPE_CHECKING

from hypertrack.config import Settings

if TYPE_CHECKING:  # the command loads this when it runs
    from hypertrack.categories.catalog import RuleRow


def category_rows(settings: Settings) -> "tuple[RuleRow, ...]":
    """Return the 30 rules in words, with the thresholds in force."""
    from hypertrack.categories.catalog import describe_catalog

    return describe_catalog(settings.categories)
