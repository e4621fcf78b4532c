"""Streams that two sockets receive: observed as long as either is, and each row stored once."""

import threading

from hypertrack.recording.coverage import StreamCoverage
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.records import CoverageCause


class RedundantCoverage:
    """One socket's part in the coverage of a stream that another socket receives too.

    Args:
        coverage: Of the stream.
        time: Of the socket.
    """

    def __init__(self, coverage: StreamCoverage, time: ExchangeTime):
        self.is_awaiting_rows = False
        self._coverage = coverage
        self._time = time
        self._is_first = False
        """Acknowledged first since both were lost: what was lost then, its replay tells."""
        self._owed: list[tuple[int, int]] = []
        """Intervals that the other socket lacks and this one, being open all along, must bring."""
        self._alive: set[RedundantCoverage] = set()
        """Those that receive it now; changed under the lock of the coverage."""

    def beside(self, time: ExchangeTime) -> "RedundantCoverage":
        """Return the part of the other socket."""
        twin = RedundantCoverage(self._coverage, time)
        twin._alive = self._alive
        return twin

    @property
    def lock(self) -> threading.RLock:
        """Return what guards the stream's coverage."""
        return self._coverage.lock

    @property
    def loss(self) -> object | None:
        """Return the stream's last disconnect while this socket is to decide what it lost."""
        return self._coverage.loss if self._is_first else None

    @property
    def is_in_doubt(self) -> bool:
        """Return whether what the stream's last disconnect lost is being asked for."""
        return self._coverage.is_in_doubt

    def acknowledge(self) -> None:
        """Begin to observe; the stream begins with the first of the two."""
        with self._coverage.lock:
            if self not in self._alive:
                self._is_first = not self._alive
                self._alive.add(self)
                self.is_awaiting_rows = True
                self._coverage.acknowledge()

    def begin_rows(self, oldest_ms: int, newest_ms: int) -> None:
        """Take the replay, which begins the stream unless the other socket has begun it."""
        with self._coverage.lock:
            self.is_awaiting_rows = False
            if self._coverage.is_awaiting_rows:
                self._coverage.begin_rows(oldest_ms, newest_ms)

    def close_gap(self) -> None:
        """Note that nothing is missing before the replay."""
        if self._is_first:
            self._coverage.close_gap()

    def leave_gap(self) -> None:
        """Note that what is missing before the replay will not come back."""
        if self._is_first:
            self._coverage.leave_gap()

    def warn(self, last_ms: int | None, oldest_ms: int) -> None:
        """Have the ledger say that rows between these may be missing, unless they are observed."""
        self._coverage.warn(last_ms, oldest_ms)

    def open_gap(self, last_ms: int, oldest_ms: int) -> None:
        """Note that the rows between the last one stored and the replay did not come.

        Where the stream counts as observed, the other socket may bring them yet.
        """
        with self._coverage.lock:
            if self.loss is not None:
                self._coverage.open_gap(last_ms, oldest_ms)
                return
            for other in self._alive - {self}:
                other._owed.append((last_ms, oldest_ms))

    def settle(self) -> None:
        """Write down what this socket owed and did not bring before it ended, as a gap."""
        with self._coverage.lock:
            newest_ms = self._time.newest_ms or 0
            for last_ms, oldest_ms in self._owed:
                if newest_ms < oldest_ms:
                    start_ms = max(last_ms, newest_ms)
                    self._coverage.interrupt(start_ms, oldest_ms, CoverageCause.SILENCE, None)
            self._owed.clear()

    def interrupt(
        self, start_ms: int, end_ms: int, cause: CoverageCause, missed: int | None
    ) -> None:
        """Note that rows of this socket were not kept; what the other brought is not known."""
        self._coverage.interrupt(start_ms, end_ms, cause, missed)

    def lose(self, cause: CoverageCause, end_ms: int | None = None) -> None:
        """End this socket's part; the stream ends with the last of the two."""
        with self._coverage.lock:
            self.settle()
            self._alive.discard(self)
            self.is_awaiting_rows = False
            if not self._alive:
                self._coverage.lose(cause, end_ms)

    def refuse(self) -> None:
        """Note that the stream is given up, by both."""
        with self._coverage.lock:
            if not self._coverage.is_refused:
                self._coverage.refuse()


Coverage = StreamCoverage | RedundantCoverage
"""What a socket tells of a stream: the whole of it, or its part where another receives it too."""
