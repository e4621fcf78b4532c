"""Streams that two sockets receive: observed as long as either is, and each row stored once."""

import threading
from collections.abc import Iterable
from typing import NamedTuple

from hypertrack.recording.dedupe import Identity
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.records import CoverageCause


class Lack(NamedTuple):
    """Rows that a replay does not reach back to, and that the other socket has to bring."""

    last_ms: int
    """Of the last row that was stored when the replay came."""
    oldest_ms: int
    replayed: frozenset[Identity]
    """Whoever delivers one of these has delivered all before it."""


class RedundantCoverage:
    """One socket's part in the coverage of a stream that another socket receives too.

    Args:
        coverage: Of the stream.
    """

    def __init__(self, coverage: StreamCoverage):
        self.is_awaiting_rows = False
        self._coverage = coverage
        self._decides = False
        """Its replay came first since both were lost: what was lost then, it tells."""
        self._owed: list[Lack] = []
        self._brought_ms = 0
        """The newest row that it delivered."""
        self._alive: set[RedundantCoverage] = set()
        """Those that receive it now; changed under the lock of the coverage."""

    def beside(self) -> "RedundantCoverage":
        """Return the part of the other socket."""
        twin = RedundantCoverage(self._coverage)
        twin._alive = self._alive
        return twin

    @property
    def lock(self) -> threading.RLock:
        """Return what guards the stream's coverage."""
        return self._coverage.lock

    @property
    def loss(self) -> object | None:
        """Return the stream's last disconnect while it is not decided whether it lost anything."""
        return self._coverage.loss

    @property
    def start_ms(self) -> int | None:
        """Return since when the stream is observed; None where it is not."""
        return self._coverage.start_ms

    @property
    def anchor_ms(self) -> int | None:
        """Return up to when all rows of the stream are stored."""
        return self._coverage.anchor_ms

    def is_whole_since(self, start_ms: int) -> bool:
        """Return whether nothing of the stream is known to be missing since a time."""
        return self._coverage.is_whole_since(start_ms)

    def opened(self) -> None:
        """Note that a socket that is to carry the stream was open once."""
        self._coverage.opened()

    def claim(self) -> bool:
        """Return whether this socket's replay is to decide what was lost before it.

        The first replay since the stream was lost does; that of the other socket proves nothing
        of the time before it, and owes an account of its own beginning only.
        """
        with self._coverage.lock:
            if self._coverage.is_awaiting_rows and not any(one._decides for one in self._alive):
                self._decides = True
                return True
            return False

    def is_pending(self, loss: object | None) -> bool:
        """Return whether it is still undecided what a disconnect lost."""
        return self._coverage.is_pending(loss)

    def acknowledge(self) -> None:
        """Begin to observe; the stream begins with the first of the two."""
        with self._coverage.lock:
            if self not in self._alive:
                self._alive.add(self)
                self._decides = False
                self.is_awaiting_rows = True
                self._coverage.acknowledge()

    def begin_rows(self, oldest_ms: int, newest_ms: int) -> None:
        """Take the replay, which begins the stream unless the other socket has begun it."""
        with self._coverage.lock:
            self.is_awaiting_rows = False
            if self._coverage.is_awaiting_rows and self._decides:
                self._coverage.begin_rows(oldest_ms, newest_ms)

    def close_gap(self) -> None:
        """Note that the last disconnect of the stream lost nothing."""
        self._coverage.close_gap()

    def leave_gap(self) -> None:
        """Note that what the last disconnect of the stream lost will not come back."""
        self._coverage.leave_gap()

    def warn(self, last_ms: int | None, oldest_ms: int) -> None:
        """Have the ledger say that rows between these may be missing."""
        self._coverage.warn(last_ms, oldest_ms)

    def open_gap(self, last_ms: int, oldest_ms: int) -> None:
        """Note that the rows between the last one stored and the replay are missing."""
        self._coverage.open_gap(last_ms, oldest_ms)

    def lack(self, lack: Lack) -> None:
        """Note that the replay, not the first since the stream was lost, joins nothing stored.

        A socket that was open all along may be behind and bring what is between; where there is
        none, that is missing.
        """
        with self._coverage.lock:
            others = [one for one in self._alive - {self} if not one.is_awaiting_rows]
            for other in others:
                other._owed.append(lack)
            if not others:
                self._miss(lack, CoverageCause.ERROR)

    def bring(self, rows: Iterable[Identity]) -> None:
        """Take note of what this socket delivered."""
        with self._coverage.lock:
            for identity in rows:
                self._brought_ms = max(self._brought_ms, identity[0])
                if self._owed:
                    self._owed = [lack for lack in self._owed if identity not in lack.replayed]

    def settle(self) -> None:
        """Write down what this socket owed and did not bring before it ended, as a gap."""
        with self._coverage.lock:
            for lack in self._owed:
                last_ms = max(lack.last_ms, min(self._brought_ms, lack.oldest_ms))
                self._miss(lack._replace(last_ms=last_ms), CoverageCause.SILENCE)
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
            self.is_awaiting_rows = self._decides = False
            if not self._alive:
                self._coverage.lose(cause, end_ms)

    def starve(self, cause: CoverageCause, end_ms: int) -> None:
        """End both parts: neither socket brings what the venue counts."""
        with self._coverage.lock:
            for one in self._alive:
                one.is_awaiting_rows = one._decides = False
                one._owed.clear()
            self._alive.clear()
            self._coverage.lose(cause, end_ms)

    def refuse(self) -> None:
        """Note that the stream is given up, by both."""
        with self._coverage.lock:
            if not self._coverage.is_refused:
                self._coverage.refuse()

    def _miss(self, lack: Lack, cause: CoverageCause) -> None:
        # Rows before the oldest that came may be dated later, by as much as rows come late.
        end_ms = lack.oldest_ms + self._coverage.time.lateness_ms
        self._coverage.interrupt(lack.last_ms, end_ms, cause, None)


Coverage = StreamCoverage | RedundantCoverage
"""What a socket tells of a stream: the whole of it, or its part where another receives it too."""
