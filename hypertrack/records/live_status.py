"""How live stands: what it shows, and writes for whoever shows it elsewhere."""

from enum import StrEnum

from hypertrack.records.base import Record
from hypertrack.records.challenge import DRIFTED, Decision, LiveComparison
from hypertrack.records.model import Interval


class SinkMode(StrEnum):
    """How a sink does."""

    WORKING = "working"
    FAILING = "failing"
    """The last try failed; it is tried again."""
    OFF = "off"
    """Nothing is tried until the next start."""


class SinkStatus(Record, frozen=True, kw_only=True):
    """How a sink stands."""

    name: str
    state: SinkMode
    n_waiting: int
    oldest_age_s: float | None
    """Of the message at the head of its queue; None where none waits."""
    n_failed: int
    """Tries in a row."""
    cause: str | None
    """Of the last failure; None after a success."""
    n_by_fate: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each record
    """What became of messages since the start."""


class MeasuringStatus(Record, frozen=True, kw_only=True):
    """How far the profiles of wallets are behind."""

    as_of_ms: int | None = None
    """Exchange time up to which the window is filled; None before it is."""
    window_h: float | None = None
    """How long it is: shorter than the settings say where there were too many trades."""
    n_profiles: int = 0
    n_waiting: int = 0
    """Wallets that are due to be measured."""
    oldest_age_s: float | None = None
    """Of those that wait, how long ago the oldest was measured, in exchange time; one that never
    was counts from its first trade in the window."""
    cpu_share: float | None = None
    """Of one core, since measuring began."""
    model: str | None = None
    """The version that scores; None of rules alone."""
    has_lost_weight: bool = False
    """The model: live it is worse than the constant, and boosts nothing."""


class ChallengeStatus(Record, frozen=True, kw_only=True):
    """How two models did beside each other when a block was looked at last."""

    champion: str
    challenger: str
    decision: Decision
    n_rows: int
    n_waiting: int
    n_masked: int
    n_blocks: int
    difference: Interval | None
    """Of skill, above 0 in favour of the challenger; None of too few blocks."""
    difference_by_head: dict[str, Interval]
    champion_skill: Interval | None
    """Over the constant."""
    days_until_margin: float | None
    agreed_frac: float | None
    """Of the rows, those that both give the same categories."""
    drift_max: float | None
    """The largest population stability index of a feature or score of the champion."""
    n_drifted: int | None
    """Of them, beyond what is said."""

    @classmethod
    def of(cls, found: LiveComparison) -> "ChallengeStatus":
        """Return the status that a comparison gives."""
        challenge, drift = found.challenge, found.drift
        return cls(
            champion=challenge.champion,
            challenger=challenge.challenger,
            decision=challenge.decision,
            n_rows=found.n_rows,
            n_waiting=found.n_waiting,
            n_masked=sum(found.n_masked.values()),
            n_blocks=found.n_blocks,
            difference=found.overall,
            difference_by_head={
                head.head: head.difference for head in found.heads if head.difference is not None
            },
            champion_skill=found.champion_skill,
            days_until_margin=found.days_until_margin,
            agreed_frac=found.n_agreed / found.n_asked if found.n_asked else None,
            drift_max=None if drift is None else drift[0].stability_index,
            n_drifted=(
                None if drift is None else sum(one.stability_index > DRIFTED for one in drift)
            ),
        )


class LiveStatus(Record, frozen=True, kw_only=True):
    """The whole of ``live/status.json``."""

    written_ms: int
    """Wall time."""
    watermark_ms: int | None
    """Exchange time up to which everything was told; None before the first trade."""
    n_trades: int
    n_late: int
    n_unread: int
    n_signals: int
    """Written since the start."""
    n_alerts: int
    challenge: ChallengeStatus | None = None
    """None where no challenge is under way, or nothing was looked at yet."""
    measuring: MeasuringStatus
    sinks: tuple[SinkStatus, ...]
    n_awaited: int = 0
    """Positions that the venue is to tell after a gap; nothing is signalled of them until then."""
    n_withheld: int = 0
    """Signals that were not made because of it, since the start."""
