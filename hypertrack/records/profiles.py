"""What the outputs say of wallets."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, Protocol

from hypertrack.records.accounts import WalletAccount
from hypertrack.records.base import Record
from hypertrack.records.coverage import DataSummary
from hypertrack.records.model import ModelSummary, Scores
from hypertrack.records.profits import WalletProfit
from hypertrack.records.skill import SkillSummary, WalletSkill

if TYPE_CHECKING:  # every command loads the records, few need numpy
    import numpy as np
    from numpy.typing import NDArray


FEATURE_REMARKS: Mapping[str, str] = {
    "flow_pnl_usd": "of the trades seen, as if flat before",
    "own_edge_bps": "to be expected by its own bets",
    "own_edge_sd_bps": "how far off that may be",
}
"""What has to be said beside a feature wherever its number stands."""


class Category(Record, frozen=True, kw_only=True):
    """One category a wallet holds, and the whole case for it."""

    name: str
    group: str
    confidence: float
    """Of the edition `hypertrack` the strength: how far its thresholds are exceeded, 0 to 1."""
    evidence: str
    """The numbers that made the rule hold, as a sentence."""
    boost: float = 0.0
    """The part of the confidence that the network added."""
    is_proven: bool = True
    """False where a head without earned weight drives the category."""
    caveat: str | None = None
    """Why it is unproven, or that it is at chance where the truth is known."""


class CategoryTruth(Record, frozen=True, kw_only=True):
    """One category, its "Possible" half included, against a truth that is known."""

    category: str
    n_assigned: int
    n_true: int
    precision: float | None
    """Of the wallets assigned, those for which it is true."""
    precision_low: float | None
    """95 % interval (Wilson)."""
    precision_high: float | None
    recall: float | None
    """Of the wallets for which it is true, those assigned."""
    base_rate: float
    """Precision of drawing wallets blindly."""

    @property
    def is_at_chance(self) -> bool:
        """Whether it cannot be told from drawing wallets blindly, or is worse."""
        return self.precision_low is not None and self.precision_low <= self.base_rate


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
    """Everything the outputs say of one wallet; made when the wallet is looked at."""

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
    remarks: dict[str, str] = {}  # noqa: RUF012 - as above
    """By feature, what has to be said beside its number, or in its place where it has none."""
    skill: WalletSkill | None = None
    """None where it was not judged."""
    profit: WalletProfit | None = None
    """None where it was not measured."""
    account: WalletAccount | None = None
    """None where the venue was not asked."""


class ProfileHeader(Record, frozen=True, kw_only=True):
    """What all profiles of one classification rest on."""

    generated_ms: int
    data: DataSummary
    model: ModelSummary | None
    """None for rules-only profiles."""
    notice: str | None = None
    """Shown at the top of every output, such as that the data was simulated."""
    typical: Scores | None = None
    """Of the typical wallet, from which reasons lead to a wallet's own."""
    typical_features: dict[str, float | None] = {}  # noqa: RUF012 - msgspec copies it
    """Of the typical wallet over a window as long; None where most wallets have none."""
    units: dict[str, str] = {}  # noqa: RUF012 - as above
    """Of the features."""
    definitions: dict[str, str] = {}  # noqa: RUF012 - as above
    """Of the features, a sentence each, as they were measured."""
    remarks: dict[str, str] = {}  # noqa: RUF012 - as above
    """By feature, what has to be said wherever its number stands."""
    needs_position: tuple[str, ...] = ()
    """Features that a wallet lacks where its positions are not known."""
    edition: Literal["hypertrack", "original"] = "original"
    """Of the rules."""
    thresholds: dict[str, float] = {}  # noqa: RUF012 - as above
    """Of the rules, as they were in force."""
    not_testable: dict[str, str] = {}  # noqa: RUF012 - as above
    """By rule that this recording cannot answer, why."""
    measured: tuple[CategoryTruth, ...] = ()
    """Categories against the truth; empty where nobody knows it."""
    fingerprint: str = ""
    """Of the data, the settings and the model: another one means these profiles are stale."""
    n_wallets: int = 0
    skill: SkillSummary | None = None
    """None where skill was not judged."""
    n_with_category: int = 0
    n_wallets_by_category: dict[str, int] = {}  # noqa: RUF012 - as above
    """Most frequent first."""


class ProfileSet(Protocol):
    """All profiles of one classification, the most active wallet first.

    They are columns; the profile of a wallet is made when it is looked at.
    """

    @property
    def header(self) -> ProfileHeader:
        """What they rest on."""

    def column(self, name: str) -> "NDArray[Any]":
        """Return one column, ``[wallets]``: ``wallet``, a score or a feature; NaN is unknown."""

    def holds(self, names: Collection[str] | None = None) -> "NDArray[np.bool_]":
        """Return which wallets hold one of these categories, ``[wallets]``; any where None."""

    def wallets(self, rows: "NDArray[np.intp]") -> Iterator[WalletProfile]:
        """Make the profiles of some rows, ascending, in bounded memory."""


class Choice(Record, frozen=True):
    """Which wallets are asked for, beyond what the settings leave out."""

    top: int | None = None
    """So many, the best first; None is all of them, the most active first."""
    by: str | None = None
    """What makes one the best: ``verdict``, a score, a number about skill or a feature; None is
    the best evidence."""
    watchlist: tuple[str, ...] | None = None
    """Only these; None is everybody."""


EVERYBODY = Choice()
