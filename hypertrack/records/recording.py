"""What a recorder is doing, and what it did."""

from hypertrack.records.base import Record
from hypertrack.records.market import Feed


class FeedStatus(Record, frozen=True, kw_only=True):
    """One feed, over all sockets."""

    feed: Feed
    n_frames: int
    n_rows: int
    """Lines recorded."""
    n_duplicates: int
    """Rows received again and left out."""
    n_shed: int
    """Frames left out because the disk could not follow."""
    n_gaps: int
    """Intervals known to be missing, so far settled."""
    n_gaps_by_cause: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each record
    n_bytes: int = 0
    """Written, by this process."""
    rows_per_s: float
    """Over the last ten seconds."""
    lag_p50_ms: int | None
    lag_p99_ms: int | None
    """Receive time minus exchange time of the newest 1,024 live frames of each socket."""
    last_seen_ms: int | None
    """Wall time of the newest frame."""


class FollowedFills(Record, frozen=True, kw_only=True):
    """Every fill of the venue, from a provider or a node, beside the trades of its sockets."""

    n_fills: int
    n_trades: int
    """Lines of trades that no socket had brought."""
    n_set_aside: int
    n_quarantined: int
    n_gaps: int
    """Times at which something was missing."""
    n_both: int
    """Trades that both sources brought; a minute and more ago, as the next two."""
    n_only_on_tape: int
    n_only_in_fills: int
    """Of coins whose trades are recorded."""


class RecordingStatus(Record, frozen=True, kw_only=True):
    """All feeds, the sockets and the queue."""

    elapsed_s: float
    exchange_time_ms: int | None
    """The newest seen."""
    feeds: tuple[FeedStatus, ...]
    n_sockets: int
    n_sockets_open: int
    n_reconnects: int
    n_queued: int
    """Frames waiting for the disk."""
    n_quarantined: int
    refused: tuple[str, ...]
    """Coins left out because they killed their socket."""
    spooled_bytes: int | None = None
    """Waiting for the database; None where the dataset is a folder."""
    followed: FollowedFills | None = None
    """None where no source of all fills is followed."""

    @property
    def n_rows(self) -> int:
        """Return the lines recorded, over all feeds."""
        return sum(feed.n_rows for feed in self.feeds)


class RecordingReport(Record, frozen=True, kw_only=True):
    """One recording session, when it ended or as it stands."""

    folder: str
    archived: str | None
    """Where the session before was moved."""
    notice: str | None
    started_ms: int
    ended_ms: int
    """Wall time."""
    exchange_start_ms: int | None
    exchange_end_ms: int | None
    """The first and the newest exchange time seen; they differ from wall time by the speed of a
    simulated venue."""
    status: RecordingStatus
    n_gaps_by_cause: dict[str, int]
    unobserved: tuple[str, ...] = ()
    """Streams asked for and never observed, each with the reason."""
