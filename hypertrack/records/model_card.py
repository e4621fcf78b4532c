"""The card of a model: all that is needed to judge it, or to train it again."""

from typing import Any

from hypertrack.records.base import Record
from hypertrack.records.challenge import Challenge
from hypertrack.records.coverage import DataSummary
from hypertrack.records.model import Interval, ModelSummary


class EpochResult(Record, frozen=True, kw_only=True):
    """What one epoch brought."""

    epoch: int
    """From 1."""
    n_epochs: int
    """At most; training stops early."""
    train_loss: float
    validation_loss: float
    learning_rate: float
    is_best: bool
    skill_by_head: dict[str, float]
    """1 - loss / loss of the constant, on validation rows, heads that can be measured there."""
    train_loss_by_head: dict[str, float]
    """Mean squared error on the rows learnt from, members averaged; of style over dimensions."""
    validation_loss_by_head: dict[str, float]
    """The same on the rows not learnt from."""


class LabellingReport(Record, frozen=True, kw_only=True):
    """What one labelling function contributed to the labels of bots."""

    name: str
    says: str
    vote: str
    coverage: float
    """Share of the rows it voted on."""
    agreement: float | None
    """Of its votes on rows where another function voted too, those another one shares."""
    conflict: float | None
    """Of the same, those that another one contradicts."""


class Leak(Record, frozen=True):
    """One number that depends on later data: the first wallet at which it shows."""

    name: str
    wallet: str
    with_later: float | None
    """From the whole dataset; None is missing."""
    without_later: float | None
    """From what had been recorded at the cut."""
    n_wallets: int
    """Wallets at which it shows."""


class CutCheck(Record, frozen=True):
    """Features at one cut, from the whole dataset and from what was known at the cut."""

    cut_ms: int
    n_wallets: int
    n_features: int
    leaks: tuple[Leak, ...]


class LeakChecks(Record, frozen=True, kw_only=True):
    """What a training run found when it looked for leaks in itself."""

    permutation: dict[str, Interval | None]
    """Skill of each head on the test rows after training on outcomes that were dealt out anew;
    None where nothing could be measured."""
    truncation: CutCheck | None
    """Features at the first cut, from the whole dataset and from what was known then; None where
    the dataset cannot be opened again."""
    failed: dict[str, str]
    """By head, why nothing that it shows can be trusted."""


class EntryPositions(Record, frozen=True, kw_only=True):
    """How far positions that wallets brought into the outcome windows are known.

    What they brought along takes no part in an outcome; where no fill tells of it, it is what
    they traded since the recording began, and what they held before that is unknown.
    """

    reported_frac: float | None
    """Of the notional behind the outcomes of training and test rows, told by imported fills."""
    inherited_frac: float | None
    """In coins that a wallet entered the window with a position in."""


class OutcomeWindow(Record, frozen=True, kw_only=True):
    """One cut: features before it, outcomes in a window after the embargo."""

    at_ms: int
    outcome_start_ms: int
    outcome_end_ms: int
    is_test: bool


class TrainingDetails(Record, frozen=True, kw_only=True):
    """Data, cuts, thresholds, settings and versions behind a model."""

    data: DataSummary
    cuts: tuple[OutcomeWindow, ...]
    embargo_s: float
    embargo_is_shortened: bool
    thresholds: dict[str, float | None]
    """Where a quantity becomes a yes; None where training had no row to tell."""
    settings: dict[str, dict[str, Any]]
    """The sections that training reads."""
    versions: dict[str, str]
    """Of the packages that can change a result."""
    notice: str | None = None
    """What readers must know of the data's origin, such as that it was simulated."""
    n_test_wallets: int | None = None
    """Of which the test rows were drawn by chance; None where it was tested on all."""
    n_wallets: int | None = None
    """Of which some were drawn by chance to be trained on; None where it was trained on all."""


class TrainingBins(Record, frozen=True, kw_only=True):
    """How one number was spread when a model was trained; what comes later is held against it."""

    edges: tuple[float, ...]
    """Between bins, ascending: a value on one is of the bin above it."""
    shares: tuple[float, ...]
    """Of the rows in each bin, from the lowest; last that of rows without a value."""


class Card(Record, frozen=True, kw_only=True):
    """What a model is and what it rests on; stands beside the weights, and inside their file."""

    summary: ModelSummary
    feature_names: tuple[str, ...]
    feature_hash: str
    targets: tuple[str, ...]
    epochs: tuple[EpochResult, ...]
    """How training went; the last one that is the best was kept."""
    labelling_functions: tuple[LabellingReport, ...]
    """What the training labels of bots rest on."""
    typical: tuple[float | None, ...]
    """Each feature's median over training rows, in comparable units; None where most have none."""
    importance: dict[str, dict[str, float]]
    """By head and feature: how far it moves the score of a test row, on average."""
    entries: EntryPositions
    """What is known of the positions behind the outcomes."""
    leaks: LeakChecks | None
    """What the run found of leaks in itself; None where it did not look."""
    details: TrainingDetails
    feature_bins: tuple[TrainingBins, ...] = ()
    """Of training rows, in the order of the features, in comparable units; none of older models."""
    score_bins: dict[str, TrainingBins] = {}  # noqa: RUF012 - msgspec copies it for each record
    """By target, of held-out rows with an outcome: of those it learnt from a model is surer."""
    decisions: tuple[Challenge, ...] = ()
    """Comparisons with other versions, live, and what they came to: beside the weights alone."""
