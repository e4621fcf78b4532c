"""What was observed of each stream, when, and what is known to be missing.

A stream is observed from its acknowledgement to the newest exchange time its socket saw. What a
disconnect lost is decided later: by the replay for trades, by the venue's own candles for
candles. Until then the lines in question are held back from the ledger's settled part.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain

from hypertrack.clock import Clock
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.intervals import Moment, interval, is_gap
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.recording.venue_clock import VenueClock
from hypertrack.records import CoverageCause, CoverageLine, CoverageStatus, Feed
from hypertrack.store.files.ledger import Ledger


class CoverageBook:
    """The coverage of all streams; any thread may tell it what happened."""

    def __init__(self, ledger: Ledger, clock: Clock):
        self.time = ExchangeTime()
        self.venue = VenueClock(clock)
        self.lock = threading.RLock()
        self._ledger = ledger
        self._clock = clock
        self._streams: list[StreamCoverage] = []
        self._stored: dict[StreamCoverage, list[CoverageLine]] = {}
        """The lines of the present at the last checkpoint."""
        self._untold: list[CoverageLine] = []
        """What was warned of since then."""
        self._is_told = True
        self._n_gaps: Counter[tuple[str, str]] = Counter()
        """By feed and cause."""
        self._opening_ms = clock.wall_ns() // 1_000_000
        self._unobserved: tuple[str, ...] = ()
        """Of a recording that is over."""
        self.has_observed = False
        """Whether any stream was ever acknowledged."""

    @property
    def n_gaps_by_cause(self) -> dict[str, int]:
        """Return how many gaps there are, over all feeds."""
        by_cause: Counter[str] = Counter()
        for (_, cause), n_gaps in self._n_gaps.copy().items():
            by_cause[cause] += n_gaps
        return dict(by_cause)

    def n_gaps_of(self, feed: Feed) -> dict[str, int]:
        """Return how many gaps a feed has, by cause."""
        return {cause: n for (of, cause), n in self._n_gaps.copy().items() if of == feed}

    def stream(
        self,
        name: str,
        time: ExchangeTime | None = None,
        *,
        is_recovered: bool = False,
        resumed_ms: int | None = None,
        is_apart: bool = False,
    ) -> StreamCoverage:
        """Return the coverage of a stream not yet acknowledged.

        Args:
            time: Of its socket.
            is_recovered: Something will tell whether a disconnect lost anything.
            resumed_ms: Where an earlier session's coverage ended.
            is_apart: Its source may be behind all others: only its own time says what came.
        """
        time = time or ExchangeTime(self.time)
        book = _BookApart(self, time) if is_apart else self
        coverage = StreamCoverage(name, book, time, is_recovered)
        if resumed_ms is not None:
            coverage.resume(resumed_ms)
        with self.lock:
            self._streams.append(coverage)
        return coverage

    @property
    def opening(self) -> Moment:
        """Return when the recording began; the wall clock stands in until a time was seen."""
        first_ms = self.time.first_ms
        return Moment(self._opening_ms if first_ms is None else first_ms, self._opening_ms)

    @property
    def unobserved(self) -> tuple[str, ...]:
        """Return the streams that were asked for and never observed, with the reason."""
        if not self._streams:
            return self._unobserved
        return tuple(
            f"{stream.name} ({stream.unseen_cause})"
            for stream in self._streams
            if not (stream.was_acknowledged or stream.is_refused)
        )

    def settle(self, *lines: CoverageLine | None) -> None:
        """Add lines that will not change; intervals without length that were observed are none."""
        kept = [
            line
            for line in lines
            if line is not None
            and (line.status is not CoverageStatus.OBSERVED or line.end_ms > line.start_ms)
        ]
        for line in kept:
            if is_gap(line):
                self._n_gaps[line.stream.partition(":")[0], str(line.cause)] += 1
                self.warn(line)
        self._ledger.settle(kept)

    def warn(self, line: CoverageLine) -> None:
        """Have the ledger say that something may be missing before more is stored behind it."""
        with self.lock:
            self._untold.append(line)
            self._is_told = False

    def tell(self) -> None:
        """Write what was warned of since the last checkpoint behind the lines of that.

        To be called before anything is stored: the next session takes stored rows that the replay
        repeats for a proof that nothing before them is missing.

        Raises:
            OSError: It could not be written.
        """
        with self.lock:
            if not self._is_told:
                stored = chain.from_iterable(self._stored.values())
                self._ledger.checkpoint((*stored, *self._untold), n_settled=0)
                self._ledger.sync()
                self._is_told = True

    def miss(self, feeds: Iterable[Feed], time_ms: int | None, cause: CoverageCause) -> None:
        """Note that something unknown of these feeds is missing, at a time."""
        now = self.now(time_ms)
        with self.lock:
            for feed in feeds:
                self.settle(interval(feed, CoverageStatus.GAP, now, now, cause))

    def checkpoint(self, is_stored: Callable[[], bool] = lambda: True) -> None:
        """Write the ledger as it stands, once all that it says was observed is stored.

        Args:
            is_stored: Waits until all that was received before the call is on the disk; where it
                is not in time, the ledger stays as it was.

        Raises:
            OSError: It could not be written.
        """
        with self.lock:
            present = {stream: stream.present() for stream in self._streams}
            n_settled, n_untold = self._ledger.n_unwritten, len(self._untold)
        if is_stored():
            with self.lock:
                del self._untold[:n_untold]
                lines = (*chain.from_iterable(present.values()), *self._untold)
                self._ledger.checkpoint(lines, n_settled)
                self._stored = present

    def abandon(self) -> None:
        """End every stream with its last checkpoint: what came after it may not be stored.

        Raises:
            OSError: It could not be written.
        """
        with self.lock:
            lines = [line for stored in self._stored.values() for line in stored]
            for stream in self._streams:
                ends_ms = [line.end_ms for line in self._stored.get(stream, ())]
                lines += stream.unstored(max(ends_ms, default=None))
            self._unobserved = self.unobserved
            self._streams.clear()
            self._ledger.checkpoint(lines, n_settled=0)

    def stop(self) -> None:
        """End every stream and write the ledger.

        Raises:
            OSError: It could not be written.
        """
        with self.lock:
            self._unobserved = self.unobserved
            for stream in self._streams:
                stream.stop()
            self._streams.clear()
            self._ledger.checkpoint()

    def now(self, exchange_ms: int | None) -> Moment:
        """Return this moment; the wall clock stands in where no exchange time was seen."""
        wall_ms = self._clock.wall_ns() // 1_000_000
        return Moment(wall_ms if exchange_ms is None else exchange_ms, wall_ms)


class _BookApart:
    """A book as a stream sees it whose source has a time of its own."""

    def __init__(self, book: CoverageBook, time: ExchangeTime):
        self.time = time
        self.lock = book.lock
        self.opening = book.opening
        self.now = book.now
        self.settle = book.settle
        self.warn = book.warn
        self._book = book

    @property
    def has_observed(self) -> bool:
        """Return whether any stream was ever acknowledged."""
        return self._book.has_observed

    @has_observed.setter
    def has_observed(self, has_observed: bool) -> None:
        self._book.has_observed = has_observed
