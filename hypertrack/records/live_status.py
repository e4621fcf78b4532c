"""How live stands: what it shows, and writes for whoever shows it elsewhere."""

from enum import StrEnum

from hypertrack.records.base import Record


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
    measuring: MeasuringStatus
    sinks: tuple[SinkStatus, ...]
