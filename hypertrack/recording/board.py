"""Adding up the meters of all sockets to the status of the recorder."""

from collections import deque
from collections.abc import Iterable, Sequence, Set

from hypertrack.clock import Clock
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.listening import Listener
from hypertrack.recording.meters import FeedMeter, quantile
from hypertrack.records import Feed, FeedStatus, RecordingStatus
from hypertrack.store.files.writing import LineWriter

RATE_WINDOW_S = 10.0


class Board:
    """May be read by any thread; sampled by the recorder's own."""

    def __init__(
        self,
        feeds: Iterable[Feed],
        book: CoverageBook,
        writer: LineWriter,
        clock: Clock,
    ):
        self._listeners: list[Listener] = []
        self._refused: Set[str] = frozenset()
        self._meters_by_feed: dict[Feed, list[FeedMeter]] = {feed: [] for feed in feeds}
        self._book = book
        self._writer = writer
        self._clock = clock
        self._started_s = clock.monotonic_s()
        self._samples: deque[tuple[float, dict[Feed, int]]] = deque([(self._started_s, {})])

    def add(self, feed: Feed, meter: FeedMeter) -> None:
        """Count a meter of a feed, once."""
        if meter not in self._meters_by_feed[feed]:
            self._meters_by_feed[feed].append(meter)

    def watch(self, listeners: Iterable[Listener], refused: Set[str]) -> None:
        """Count these sockets with their streams, and name the coins that get refused."""
        self._listeners = list(listeners)
        self._refused = refused
        for listener in self._listeners:
            for (feed, _), stream in listener.intake.streams.items():
                self.add(feed, stream.meter)

    def sample(self) -> None:
        """Remember the counts of now, for the rates to come; call it about once a second."""
        now_s = self._clock.monotonic_s()
        counts = {
            feed: sum(meter.n_rows for meter in meters)
            for feed, meters in self._meters_by_feed.items()
        }
        self._samples.append((now_s, counts))
        while now_s - self._samples[0][0] > RATE_WINDOW_S:
            self._samples.popleft()

    def status(self) -> RecordingStatus:
        """Return how it stands now."""
        listeners = self._listeners
        return RecordingStatus(
            elapsed_s=self._clock.monotonic_s() - self._started_s,
            exchange_time_ms=self._book.time.newest_ms,
            feeds=tuple(self._feed_status(*item) for item in self._meters_by_feed.items()),
            n_sockets=len(listeners),
            n_sockets_open=sum(listener.is_open for listener in listeners),
            n_reconnects=sum(listener.n_reconnects for listener in listeners),
            n_queued=self._writer.n_queued,
            n_quarantined=sum(listener.intake.n_quarantined for listener in listeners),
            refused=tuple(sorted(self._refused)),
        )

    def _feed_status(self, feed: Feed, meters: Sequence[FeedMeter]) -> FeedStatus:
        n_rows = sum(meter.n_rows for meter in meters)
        since_s, counts = self._samples[0]
        lags_ms = [lag for meter in meters for lag in meter.lags_ms()]
        n_gaps_by_cause = self._book.n_gaps_of(feed)
        last_seen_ns = max((meter.last_seen_ns for meter in meters), default=0)
        return FeedStatus(
            feed=feed,
            n_frames=sum(meter.n_frames for meter in meters),
            n_rows=n_rows,
            n_duplicates=sum(meter.n_duplicates for meter in meters),
            n_shed=sum(meter.n_shed for meter in meters),
            n_gaps=sum(n_gaps_by_cause.values()),
            n_gaps_by_cause=n_gaps_by_cause,
            n_bytes=self._writer.n_bytes[feed],
            rows_per_s=(n_rows - counts.get(feed, 0))
            / max(self._clock.monotonic_s() - since_s, 1e-3),
            lag_p50_ms=quantile(lags_ms, 0.5),
            lag_p99_ms=quantile(lags_ms, 0.99),
            last_seen_ms=last_seen_ns // 1_000_000 or None,
        )
