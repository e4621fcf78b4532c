"""What the outputs say of wallets."""

from collections import Counter

from hypertrack.records.base import Record
from hypertrack.records.coverage import DataSummary
from hypertrack.records.model import ModelSummary, Scores


class Category(Record, frozen=True, kw_only=True):
    """One category a wallet holds, and the whole case for it."""

    name: str
    group: str
    confidence: float
    evidence: str
    """The numbers that made the rule hold, as a sentence."""
    boost: float = 0.0
    """The part of the confidence that the network added."""
    is_proven: bool = True
    """False where a head without earned weight drives the category."""
    caveat: str | None = None
    """Why it is unproven."""


class Reason(Record, frozen=True, kw_only=True, gc=False):
    """One feature that moved a score, compared with the typical wallet of training."""

    feature: str
    value: float | None
    """Of the wallet, in the feature's own unit; None where it has none."""
    typical: float | None
    """Of the typical wallet, over a window as long."""
    contribution: float
    """What that adds to the score, in the score's own unit."""


class WalletProfile(Record, frozen=True, kw_only=True):
    """Everything the outputs say of one wallet."""

    wallet: str
    first_seen_ms: int
    last_seen_ms: int
    features: dict[str, float]
    scores: Scores | None
    categories: tuple[Category, ...]
    why_none: str | None
    """For a wallet without a category: the nearest rule and the number that kept it out."""
    activity: tuple[int, ...]
    """Executions in equal slices of the recording, for a sparkline."""
    reasons: dict[str, tuple[Reason, ...]] = {}  # noqa: RUF012 - msgspec copies it for each record
    """By score, the strongest first; of style for the dimension that is least like the typical
    wallet's. Empty without a model."""


class ProfileSet(Record, frozen=True, kw_only=True):
    """All profiles of one classification, with what they rest on."""

    generated_ms: int
    data: DataSummary
    model: ModelSummary | None
    """None for rules-only profiles."""
    profiles: tuple[WalletProfile, ...]
    notice: str | None = None
    """Shown at the top of every output, such as that the data was simulated."""
    typical: Scores | None = None
    """Of the typical wallet, from which reasons lead to a wallet's own."""
    units: dict[str, str] = {}  # noqa: RUF012 - as above
    """Of the features."""
    fingerprint: str = ""
    """Of the data, the settings and the model: another one means these profiles are stale."""

    def n_wallets_by_category(self) -> dict[str, int]:
        """Return how many wallets hold each category, most frequent first."""
        names = (category.name for p in self.profiles for category in p.categories)
        return dict(Counter(names).most_common())
