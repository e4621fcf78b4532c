"""What was observed and what is missing: lines of the ledger, and the facts of a dataset."""

from enum import StrEnum

from hypertrack.records.base import Record


class CoverageStatus(StrEnum):
    """What an interval of the coverage ledger says of its stream."""

    OBSERVED = "observed"
    DISCONNECTED = "disconnected"
    GAP = "gap"
    REFUSED = "refused"


class CoverageCause(StrEnum):
    """Why an interval ended or data is missing."""

    START = "start"
    STOP = "stop"
    ERROR = "error"
    CLOSED = "closed"
    SILENCE = "silence"
    OVERFLOW = "overflow"
    UNREADABLE = "unreadable"
    REFUSED = "refused"
    HOLE = "hole"
    """Block numbers of an archive that are not there."""
    DAMAGED = "damaged"
    """A file that cannot be read any more."""
    UNOPENED = "unopened"
    """Asked for, over a socket that was never open."""
    UNACKNOWLEDGED = "unacknowledged"
    """Asked for on an open socket, and never answered."""
    STARVED = "starved"
    """Its rows stopped inside a living socket, while the venue went on counting them."""
    FIRST = "first"
    """A wallet's fills since its first one."""
    SINCE = "since"
    """They were asked for from here on."""
    LIMIT = "limit"
    """The venue has no older ones: it keeps each wallet's newest 10,000."""


class CoverageLine(Record, frozen=True, kw_only=True):
    """One interval of one stream; intervals of a stream do not overlap.

    ``stream`` is ``feed:coin`` (``trades:BTC``) or the feed alone. Times are exchange time; the
    wall clock's stand beside.
    """

    stream: str
    status: CoverageStatus
    start_ms: int
    end_ms: int
    cause: CoverageCause | None = None
    missed: int | None = None
    wall_start_ms: int | None = None
    wall_end_ms: int | None = None


class GapCount(Record, frozen=True, kw_only=True):
    """How often data is known to be missing, for how long, by cause."""

    cause: str
    n_intervals: int
    duration_s: float
    n_missed: int | None
    """Trades known to be missing; None where the ledger could not count them."""


class DataSummary(Record, frozen=True, kw_only=True):
    """What a dataset holds and what it is known to lack."""

    path: str
    start_ms: int
    end_ms: int
    observed_days: float
    observed_frac: float
    """Observed time of the trades streams over the span from first to last trade."""
    n_trades: int
    n_wallets: int
    n_coins: int
    n_self_trades: int
    n_duplicate_trades: int
    n_torn_lines: int
    n_quarantined: int
    notional_usd: float
    n_rows_by_feed: dict[str, int]
    gaps: tuple[GapCount, ...]
    has_ledger: bool
    n_unread_by_reason: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each record
    """Lines that are there and no reader takes, by what is wrong with them."""
