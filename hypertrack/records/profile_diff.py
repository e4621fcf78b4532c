"""What became of wallets from one set of profiles to another."""

from enum import StrEnum

from hypertrack.records.base import Record


class ComparedProfiles(Record, frozen=True, kw_only=True):
    """One of the two sets of profiles."""

    place: str
    generated_ms: int
    start_ms: int
    end_ms: int
    n_wallets: int
    model: str | None
    """Its version; None of profiles from the rules alone."""
    is_judged: bool
    """Whether its wallets have verdicts."""


class VerdictChange(Record, frozen=True, kw_only=True):
    """Wallets in both whose verdict was one and is another; None is not judged."""

    before: str | None
    after: str | None
    n_wallets: int


class CategoryChange(Record, frozen=True, kw_only=True):
    """Who holds a category: of all wallets, and the changes of those in both."""

    name: str
    n_before: int
    n_after: int
    n_gained: int
    n_lost: int


class EstimateChange(Record, frozen=True, kw_only=True):
    """An estimate with an interval, of wallets in both that have it in both."""

    name: str
    n_compared: int
    n_up: int
    """Its interval lies wholly above the one before."""
    n_down: int


class ScoreChange(Record, frozen=True, kw_only=True):
    """A score, which has no interval, of wallets in both: how much it differs, either way."""

    name: str
    n_compared: int
    median_change: float | None
    p95_change: float | None


class ProfileDiff(Record, frozen=True, kw_only=True):
    """What differs between two sets of profiles, counted."""

    before: ComparedProfiles
    after: ComparedProfiles
    remarks: tuple[str, ...]
    """What besides the wallets differs, so that a change may not be theirs."""
    n_both: int
    n_entered: int
    """In the second alone."""
    n_left: int
    """In the first alone."""
    n_changed: int
    """In both, with another verdict or category, or an estimate that moved."""
    verdicts: tuple[VerdictChange, ...]
    """Most frequent first; none where either was not judged."""
    categories: tuple[CategoryChange, ...]
    """The most changes first."""
    estimates: tuple[EstimateChange, ...]
    scores: tuple[ScoreChange, ...]


class Presence(StrEnum):
    """In which of the two a wallet is."""

    BOTH = "both"
    ENTERED = "entered"
    LEFT = "left"


class MovedEstimate(Record, frozen=True, kw_only=True):
    """An estimate whose two intervals do not touch."""

    name: str
    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float


class WalletDiff(Record, frozen=True, kw_only=True):
    """What became of one wallet."""

    wallet: str
    presence: Presence
    tx_count: float
    """After; before of one that left."""
    verdict_before: str | None
    verdict_after: str | None
    gained: tuple[str, ...]
    """Categories; all of one that entered."""
    lost: tuple[str, ...]
    """Categories; all of one that left."""
    moved: tuple[MovedEstimate, ...]
