"""What the training report reads of a model's card; whatever else the card holds is left alone."""

from typing import Any

from hypertrack.records import DataSummary, Interval, ModelSummary, Record


class EpochFacts(Record, frozen=True, kw_only=True):
    """Losses after one epoch."""

    epoch: int
    train_loss: float
    validation_loss: float
    train_loss_by_head: dict[str, float] | None = None
    validation_loss_by_head: dict[str, float] | None = None


class LabellingFacts(Record, frozen=True, kw_only=True):
    """One labelling function of bots; shares, None where it met no other."""

    name: str
    says: str
    vote: str
    coverage: float
    agreement: float | None
    conflict: float | None


class CutFacts(Record, frozen=True, kw_only=True):
    """One cut: features before it, outcomes in a window after the embargo."""

    at_ms: int
    outcome_start_ms: int
    outcome_end_ms: int
    is_test: bool


class LeakFacts(Record, frozen=True, kw_only=True):
    """What training found when it looked for leaks in itself."""

    permutation: dict[str, Interval | None]
    """Skill of each head after training on outcomes that were dealt out anew."""
    failed: dict[str, str]
    """By head, why nothing that it shows can be trusted."""


class TrainingDetails(Record, frozen=True, kw_only=True):
    """Data, cuts, thresholds, settings and versions behind a model."""

    data: DataSummary
    cuts: tuple[CutFacts, ...]
    embargo_s: float
    embargo_is_shortened: bool
    thresholds: dict[str, float | None]
    settings: dict[str, dict[str, Any]]
    versions: dict[str, str]
    notice: str | None = None
    """What readers must know of the data's origin, such as that it was simulated."""


class TrainingFacts(Record, frozen=True, kw_only=True):
    """A model and what it rests on."""

    summary: ModelSummary
    feature_names: tuple[str, ...]
    feature_hash: str
    epochs: tuple[EpochFacts, ...]
    labelling_functions: tuple[LabellingFacts, ...]
    importance: dict[str, dict[str, float]]
    """By head and feature: how far it moves the score of a test row, on average."""
    leaks: LeakFacts | None = None
    details: TrainingDetails
