"""The thresholds of the category rules, one key each."""

from pydantic import Field

from hypertrack.config.section import Section


class CategorySettings(Section):
    """Thresholds of the 30 rules; defaults are the original's."""

    min_evidence_tx: int = Field(default=5, ge=0)
    """Transactions a wallet needs before any behavioural category is asked; 0 asks always."""
