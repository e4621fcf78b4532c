"""The coverage of one stream: what of it was observed when, and what a disconnect lost."""

import threading
from typing import Protocol

from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.intervals import Moment, ending, interval, later
from hypertrack.records import CoverageCause, CoverageLine, CoverageStatus, Record

OVERDUE_MS = 5_000
"""How long subscribing may take, on the wall clock, before what passed meanwhile is a gap."""


class _Loss(Record, frozen=True):
    """The end of an observed interval that nothing has followed yet."""

    since: Moment
    cause: CoverageCause
    observed: CoverageLine | None
    """The interval that ended, where it is not settled yet."""
    is_earlier: bool = False
    """Of an earlier session, whose last row stored is behind all that its ledger claims."""


class Book(Protocol):
    """What a stream needs of the book that holds the coverage of all."""

    lock: threading.RLock
    time: ExchangeTime
    has_observed: bool

    @property
    def opening(self) -> Moment:
        """Return when the recording began."""

    def now(self, exchange_ms: int | None) -> Moment:
        """Return this moment."""

    def settle(self, *lines: CoverageLine | None) -> None:
        """Add lines that will not change."""

    def warn(self, line: CoverageLine) -> None:
        """Have the ledger say that something may be missing."""


class StreamCoverage:
    """The coverage of one stream."""

    def __init__(self, name: str, book: Book, time: ExchangeTime, is_recovered: bool):
        self.name = name
        self.time = time
        self.is_awaiting_rows = False
        """True from the acknowledgement to the first rows, which are a replay or snapshot."""
        self._book = book
        self._is_recovered = is_recovered
        self._is_acknowledged = False
        self.was_acknowledged = False
        """Whether it was observed at all in this recording."""
        self._was_opened = False
        self._first_ms: int | None = None
        self._missing_until_ms = 0
        """The end of the last interval of which something is missing."""
        newest_ms = book.time.newest_ms
        self._asked: Moment | None = None if newest_ms is None else book.now(newest_ms)
        """Since when it is asked for, where the recording had begun before."""
        self._start: Moment | None = None
        self._loss: _Loss | None = None
        self._doubted: _Loss | None = None
        self._doubted_since: Moment | None = None
        """From where on something may be missing while `_doubted` is being asked for."""
        self._doubted_until: Moment | None = None
        self._refused: Moment | None = None

    @property
    def lock(self) -> threading.RLock:
        """Return what guards it, for whoever has to do two things at once."""
        return self._book.lock

    @property
    def loss(self) -> object | None:
        """Return the last disconnect while it is not decided whether it lost anything."""
        return self._loss

    @property
    def start_ms(self) -> int | None:
        """Return since when it is observed; None where it is not."""
        return None if self._start is None else self._start.exchange_ms

    @property
    def anchor_ms(self) -> int | None:
        """Return up to when all rows are stored; a row older than it proves what follows it.

        None where the last row stored is that proof, whatever its time.
        """
        loss = self._loss
        return None if loss is None or loss.is_earlier else loss.since.exchange_ms

    @property
    def is_in_doubt(self) -> bool:
        """Return whether what the last disconnect lost is being asked for."""
        return self._loss is not None and self._loss is self._doubted

    def is_whole_since(self, start_ms: int) -> bool:
        """Return whether nothing is known to be missing since a time, or is still in doubt."""
        with self._book.lock:
            has_begun = self._first_ms is not None and self._first_ms <= start_ms
            return self._loss is None and has_begun and self._missing_until_ms <= start_ms

    def claim(self) -> bool:
        """Return whether the replay that came now is to decide what was lost before it."""
        return True

    def is_pending(self, loss: object | None) -> bool:
        """Return whether it is still undecided what a disconnect lost."""
        return loss is not None and self._loss is loss

    @property
    def is_refused(self) -> bool:
        """Return whether the stream is given up."""
        return self._refused is not None

    @property
    def unseen_cause(self) -> CoverageCause:
        """Return why it was not observed yet."""
        opened, unopened = CoverageCause.UNACKNOWLEDGED, CoverageCause.UNOPENED
        return opened if self._was_opened else unopened

    def opened(self) -> None:
        """Note that the socket that is to carry it was open once."""
        self._was_opened = True

    def resume(self, end_ms: int) -> None:
        """Take up where an earlier session stopped."""
        self._loss = _Loss(self._book.now(end_ms), CoverageCause.STOP, None, is_earlier=True)

    def acknowledge(self) -> None:
        """Begin to observe, from the newest exchange time seen anywhere, if there is one yet."""
        with self._book.lock:
            if self._is_acknowledged or self._refused is not None:
                return
            self._miss_beginning()
            self._is_acknowledged = self.is_awaiting_rows = True
            self.was_acknowledged = self._book.has_observed = True
            newest_ms = self._book.time.newest_ms
            if newest_ms is not None:
                self._begin(newest_ms)

    def begin_rows(self, oldest_ms: int, newest_ms: int) -> None:
        """Take the first rows after an acknowledgement.

        Nothing older than they reach is claimed; where no exchange time was known, their newest
        is the beginning.
        """
        with self._book.lock:
            self.is_awaiting_rows = False
            start = self._start
            self._begin(newest_ms if start is None else max(start.exchange_ms, oldest_ms))

    def close_gap(self) -> None:
        """Note that the last disconnect lost nothing."""
        with self._book.lock:
            self._end_loss(missed=0)

    def leave_gap(self) -> None:
        """Note that what the last disconnect lost will not come back."""
        with self._book.lock:
            self._end_loss(missed=None)

    def warn(self, last_ms: int | None, oldest_ms: int) -> None:
        """Have the ledger say, until it is decided, that rows between these may be missing.

        Args:
            last_ms: Of the last row stored; where there is none, since the disconnect.
        """
        with self._book.lock:
            if self._loss is not None:
                start = self._loss.since if last_ms is None else self._book.now(last_ms)
                end = self._end_of_missing(start, oldest_ms)
                self._doubted, self._doubted_since, self._doubted_until = self._loss, start, end
                cause = self._loss.cause
                self._book.warn(interval(self.name, CoverageStatus.DISCONNECTED, start, end, cause))

    def open_gap(self, last_ms: int, oldest_ms: int, missed: int | None = None) -> None:
        """Note that all between the last row stored and the oldest one that came now is missing.

        The interval observed before ends with the one, the next begins with the other, and later
        by as much as rows come late.

        Args:
            last_ms: Of the last row from where on rows may be missing; it may have come only with
                an answer to what was asked for after the disconnect.
        """
        with self._book.lock:
            loss, self._loss = self._loss, None
            if loss is None:
                return
            observed, start_ms = loss.observed, loss.since.exchange_ms
            if observed is not None:
                start_ms = max(observed.start_ms, last_ms)
                observed = ending(observed, start_ms)
            start = Moment(start_ms, loss.since.wall_ms)
            end = self._end_of_missing(start, oldest_ms)
            gap = interval(self.name, CoverageStatus.GAP, start, end, loss.cause, missed)
            self._book.settle(observed, gap)
            self._missing_until_ms = end.exchange_ms
            self._start = end

    def interrupt(
        self, start_ms: int, end_ms: int, cause: CoverageCause, missed: int | None
    ) -> None:
        """Note that rows in an interval were received and not kept."""
        with self._book.lock:
            floor = start_ms if self._start is None else self._start.exchange_ms
            start = self._book.now(max(floor, start_ms))
            end = self._book.now(max(start.exchange_ms, end_ms))
            if self._start is not None:
                self._book.settle(
                    interval(self.name, CoverageStatus.OBSERVED, self._start, start, cause)
                )
                self._start = end
            self._missing_until_ms = end.exchange_ms
            self._book.settle(interval(self.name, CoverageStatus.GAP, start, end, cause, missed))

    def lose(self, cause: CoverageCause, end_ms: int | None = None) -> None:
        """End the observed interval.

        Args:
            end_ms: Where it is known to have ended; else the newest time its socket saw, less
                what rows come late.
        """
        with self._book.lock:
            self._begin_late()
            was_awaiting, self.is_awaiting_rows = self.is_awaiting_rows, False
            self._is_acknowledged = False
            start = self._certain_start
            if start is None or (was_awaiting and self._loss is not None):
                self._start = None
                self._lose_unseen(cause)
                return  # nothing was observed since the last loss, which goes on
            self._end_loss(missed=None)
            self._start = None
            end = self._end_moment(start, end_ms)
            observed = interval(self.name, CoverageStatus.OBSERVED, start, end, cause)
            if self._is_recovered:
                self._loss = _Loss(end, cause, observed)
            else:
                self._book.settle(observed)
                self._loss = _Loss(end, cause, None)

    def starve(self, cause: CoverageCause, end_ms: int) -> None:
        """End the observed interval of a stream that is to be subscribed to anew."""
        self.lose(cause, end_ms)

    def refuse(self) -> None:
        """Note that the stream is given up."""
        with self._book.lock:
            unseen, now = self._loss, self._book.now(self._book.time.newest_ms)
            if not self.was_acknowledged and unseen is None:
                now = self._asked_since
                self.was_acknowledged = True  # from the beginning on it is refused, no more
            if unseen is not None and unseen.observed is None and self._start is None:
                self._loss, now = None, unseen.since
            self.stop(CoverageCause.REFUSED)
            self._refused = now

    def stop(self, cause: CoverageCause = CoverageCause.STOP) -> None:
        """Settle everything about the stream."""
        with self._book.lock:
            self._book.settle(*self.present(cause))
            self._start = self._loss = self._refused = None
            self.is_awaiting_rows = self._is_acknowledged = False

    def present(self, cause: CoverageCause | None = None) -> list[CoverageLine]:
        """Return the lines that say how it stands now.

        Args:
            cause: Why the interval that is observed ends now; None where it goes on.
        """
        lines = []
        self._begin_late()
        now = self._book.now(self._book.time.newest_ms)
        if self._is_unseen and (cause is not None or self._is_overdue(now)):
            lines.append(self._unseen(later(self._asked_since, now)))
        if self._loss is not None:
            end = self._certain_start or later(self._loss.since, now)
            lines += self._loss_lines(self._loss, end, missed=None)
        start = self._certain_start
        if start is not None:
            end = self._end_moment(start, None)
            lines.append(interval(self.name, CoverageStatus.OBSERVED, start, end, cause))
        if self._refused is not None:
            end = later(self._refused, now)
            refused = CoverageStatus.REFUSED
            lines.append(interval(self.name, refused, self._refused, end, CoverageCause.REFUSED))
        return lines

    def unstored(self, stored_ms: int | None) -> list[CoverageLine]:
        """Return the gap from where everything is stored, if anything is, to now."""
        self._begin_late()
        start = self._start if stored_ms is None else self._book.now(stored_ms)
        if start is None:
            return []
        end = self._end_moment(start, None)
        return [interval(self.name, CoverageStatus.GAP, start, end, CoverageCause.ERROR)]

    @property
    def _certain_start(self) -> Moment | None:
        """Return since when it is observed, however what is in doubt will be decided."""
        if self._start is None or self._doubted_until is None or not self.is_in_doubt:
            return self._start
        return later(self._start, self._doubted_until)

    @property
    def _asked_since(self) -> Moment:
        return self._asked or self._book.opening

    @property
    def _is_unseen(self) -> bool:
        return not self.was_acknowledged and self._loss is None and self._refused is None

    def _is_overdue(self, now: Moment) -> bool:
        return now.wall_ms - self._asked_since.wall_ms >= OVERDUE_MS

    def _unseen(self, end: Moment) -> CoverageLine:
        opening, cause = self._asked_since, self.unseen_cause
        return interval(self.name, CoverageStatus.GAP, opening, end, cause)

    def _miss_beginning(self) -> None:
        """Write down what was not observed before the first acknowledgement, if it took long."""
        now = self._book.now(self._book.time.newest_ms)
        if self._is_unseen and self._is_overdue(now):
            self._book.settle(self._unseen(later(self._asked_since, now)))

    def _begin(self, exchange_ms: int) -> None:
        if self._loss is not None:
            exchange_ms = max(exchange_ms, self._loss.since.exchange_ms)
        self._start = self._book.now(exchange_ms)
        if self._first_ms is None:
            self._first_ms = exchange_ms
        if not self._is_recovered:
            self._end_loss(missed=None)

    def _begin_late(self) -> None:
        """Begin with the first frame of the socket, where there was none at the acknowledgement."""
        if self._is_acknowledged and self._start is None and self.time.first_ms is not None:
            self._begin(self.time.first_ms)

    def _end_loss(self, missed: int | None) -> None:
        end = self._certain_start if missed is None else self._start
        loss, self._loss = self._loss, None
        if loss is not None and end is not None:
            if missed is None:
                self._missing_until_ms = end.exchange_ms
                self._start = end
            self._book.settle(*self._loss_lines(loss, end, missed))

    def _lose_unseen(self, cause: CoverageCause) -> None:
        """Miss from now on a stream that never began, where exchange time is known at all."""
        newest_ms = self._book.time.newest_ms
        if self._loss is None and newest_ms is not None:
            since = self._book.now(newest_ms) if self.was_acknowledged else self._asked_since
            self._loss = _Loss(since, cause, None)

    def _loss_lines(self, loss: _Loss, end: Moment, missed: int | None) -> list[CoverageLine]:
        status, since, observed = CoverageStatus.DISCONNECTED, loss.since, loss.observed
        doubted = self._doubted_since if loss is self._doubted and missed is None else None
        if doubted is not None and observed is not None:
            start_ms = max(observed.start_ms, min(since.exchange_ms, doubted.exchange_ms))
            since, observed = Moment(start_ms, since.wall_ms), ending(observed, start_ms)
        gap = interval(self.name, status, since, end, loss.cause, missed)
        return [gap] if observed is None else [observed, gap]

    def _end_of_missing(self, start: Moment, oldest_ms: int) -> Moment:
        """Return where what is missing ends: rows before the oldest that came may be dated later.

        By as much as rows come behind the newest time: half a minute after a clock has jumped.
        """
        return self._book.now(max(start.exchange_ms, oldest_ms + self.time.lateness_ms))

    def _end_moment(self, start: Moment, end_ms: int | None) -> Moment:
        """Return where what is observed ends: rows may come late, and be cut off."""
        certain_ms = self.time.certain_ms if end_ms is None else end_ms
        return self._book.now(max(start.exchange_ms, certain_ms or 0))
