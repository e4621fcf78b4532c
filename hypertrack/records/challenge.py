"""Two models side by side, live: who challenges whom, what both said, what came, who is better."""

from enum import StrEnum
from typing import Annotated

from hypertrack.records.base import Record, Within
from hypertrack.records.bounds import MAX_AMOUNT
from hypertrack.records.model import Interval, LostWeight

Measured = Annotated[float, Within(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
"""What a line says of a wallet: beyond it, squares and their sums are no numbers any more."""


class Decision(StrEnum):
    """What a comparison came to, of the challenger; the rules are set before the first row."""

    OPEN = "open"
    BETTER = "better"
    """The overall interval lies above 0, and no head's below the margin."""
    WORSE = "worse"
    """The overall interval lies below 0."""
    EQUAL = "equal"
    """It lies within the margin on either side."""
    UNDECIDED = "undecided"
    """None of these, and no more blocks are waited for."""


class Challenge(Record, frozen=True, kw_only=True):
    """A comparison under way, or one that was decided: ``models/challenge.json``."""

    champion: str
    challenger: str
    started_ms: int
    """Wall clock."""
    features_hash: str
    thresholds: dict[str, float | None]
    """Where a quantity becomes a yes: the champion's, for both."""
    block_ms: Annotated[int, Within(ge=1)]
    embargo_ms: Annotated[int, Within(ge=0)]
    """Between the end of the block in which a wallet was scored, and the window of its outcome."""
    margin: float
    max_blocks: int
    min_executions: int
    promotes: bool = False
    """Put the challenger in use where it is better."""
    is_rematch: bool = False
    """The challenger was in use before, and is put back if it turns out better, once."""
    decision: Decision = Decision.OPEN
    decided_ms: int | None = None
    n_blocks: int = 0
    """When it was decided."""

    def outcome_window(self, scored_ms: int) -> tuple[int, int]:
        """Return start and exclusive end of the outcome of who was scored then: a block long."""
        start_ms = (scored_ms // self.block_ms + 1) * self.block_ms + self.embargo_ms
        return start_ms, start_ms + self.block_ms


class ScoreRow(Record, frozen=True, kw_only=True):
    """A line of ``live/scores.jsonl``: what two models said of one wallet, from the same features.

    Lines are chained: ``prev`` is the hash of the one before.
    """

    id: str
    seq: int
    prev: str
    wallet: str
    scored_ms: int
    """Exchange time of the newest that the features know."""
    window: tuple[int, int]
    """Start and exclusive end of the features."""
    champion: str
    challenger: str
    scores: dict[str, dict[str, Measured]]
    """By ``champion`` and ``challenger``, by the names of scores."""
    features_hash: str
    features: str = ""
    """The bin of the champion's training that each feature lies in, a digit each, - of no value."""
    is_agreed: bool | None = None
    """Both give the wallet the same categories; None where rules were not asked."""


class OutcomeRow(Record, frozen=True, kw_only=True):
    """A line of ``live/outcomes.jsonl``: what a scored wallet did afterwards; chained as scores."""

    id: str
    """Of the row of scores."""
    seq: int
    prev: str
    wallet: str
    window: tuple[int, int]
    observed_frac: float
    """Of the window, in the wallet's coin of which least is known."""
    n_executions: int
    quantities: dict[str, Measured]
    """What was measured, by name; what could not be is not there."""
    masked: str | None
    """Why it tells nothing, for either model."""


class HeadDifference(Record, frozen=True, kw_only=True):
    """One head of two models on the same rows."""

    head: str
    n_rows: int
    champion_skill: float | None
    """1 - loss / loss of the constant, over all rows; None where nothing could be measured."""
    challenger_skill: float | None
    difference: Interval | None
    """Skill of the challenger less that of the champion; None of too few blocks."""


class DifferencePoint(Record, frozen=True):
    """The overall difference after so many blocks."""

    n_blocks: int
    value: float
    low: float
    high: float


class Drift(Record, frozen=True, kw_only=True):
    """How far one number lies from what the champion was trained on."""

    name: str
    is_score: bool
    """Of the champion, against what it said of held-out rows; else a feature."""
    stability_index: float
    """Population stability index."""


DRIFTED = 0.25
"""A stability index above it is said: the model is asked about wallets it has not seen."""


class SignalsNet(Record, frozen=True, kw_only=True):
    """What delivered signals to enter a position brought each of whoever copied them."""

    n_signals: int
    n_waiting: int
    """Delivered, and not held to the end."""
    n_masked: int
    """A trade of the coin was missed meanwhile, or nothing tells a price."""
    n_blocks: int
    delay_s: float
    held_s: float
    net_bps: float | None
    """After the delay, the spread and the fees of both legs; mean of the blocks' means."""
    interval: Interval | None
    """Of it, at any look; None of too few blocks."""


class LiveComparison(Record, frozen=True, kw_only=True):
    """How a challenge stands."""

    challenge: Challenge
    n_rows: int
    n_waiting: int
    """Scored, and their outcome is not over."""
    n_masked: dict[str, int]
    """By cause."""
    n_blocks: int
    block_h: float
    """Longer than was set where blocks resembled one another."""
    heads: tuple[HeadDifference, ...]
    overall: Interval | None
    champion_skill: Interval | None
    """Of the champion alone, over the constant."""
    days_until_margin: float | None
    """Until a difference as large as the margin could be seen, from the first row on."""
    champion_lost_weight: LostWeight | None = None
    """Once the champion's own interval lay below 0: it boosts nothing any more."""
    n_agreed: int = 0
    """Rows in which both give the wallet the same categories."""
    n_asked: int = 0
    """Of so many; rows that still wait for their outcome too."""
    drift: tuple[Drift, ...] | None = None
    """The largest first; None of too few rows, or of a champion whose card knows no bins."""
    offline_difference: float | None = None
    """Skill of the challenger less that of the champion when they were trained, each on its own
    held-out rows, heads weighed as live."""
    signals: SignalsNet | None = None
    """Since the challenge began; None until the first outcomes were made."""
    curve: tuple[DifferencePoint, ...] = ()
    chain_breaks: int = 0
    """Lines of scores and outcomes that do not follow from the one before: they were changed."""
