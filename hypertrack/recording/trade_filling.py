"""Asking the venue for the trades before a replay, which may reach a little further back."""

import logging
from dataclasses import dataclass, field
from functools import partial

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.rows import Row
from hypertrack.recording.background import Background
from hypertrack.recording.dedupe import Identity
from hypertrack.recording.intake import StreamIntake
from hypertrack.recording.line_format import join_lines
from hypertrack.recording.replay import Identities, first_from, identities_of
from hypertrack.records import Feed
from hypertrack.store.files.writing import LineWriter

log = logging.getLogger(__name__)

RETRIES_S = (1.0, 2.0, 4.0, 8.0)
"""The venue's REST servers may trail its sockets by seconds, or answer from a cache."""


@dataclass(slots=True)
class Search:
    """The trades between the last one stored and a replay, as far as answers have shown them.

    An answer is a stretch of a coin's trades without a hole. Where it holds a trade of `behind` it
    goes on from there; where it holds one of `ahead` it leads up to that. The gap is closed where
    the two meet, by identity, and by nothing else.
    """

    stream: StreamIntake
    loss: object
    behind: set[Identity]
    """All stored up to the newest of these."""
    ahead: set[Identity]
    """All stored from the oldest of these on."""
    until_ms: int
    """Of the last trade stored: what is missing ends behind it."""
    oldest_ms: int = field(init=False)
    newest_ms: int = field(init=False)
    n_asked: int = 0

    def __post_init__(self) -> None:
        self.oldest_ms = min(time_ms for time_ms, _ in self.behind)
        self.newest_ms = max(time_ms for time_ms, _ in self.ahead)

    @property
    def is_closed(self) -> bool:
        """Return whether nothing is missing."""
        return not self.behind.isdisjoint(self.ahead)

    def take(self, answer: Identities) -> None:
        """Take an answer into account."""
        joins_ahead = not self.ahead.isdisjoint(answer)
        if not self.behind.isdisjoint(answer):
            self.behind |= answer
        if joins_ahead:
            self.ahead |= answer

    def between(self, rows: list[Row]) -> list[Row]:
        """Return what an answer holds between the last trade stored and the replay's end.

        Its place tells, for a clock that jumped dates it out of order, where the answer holds a
        trade of either end. Its date does, too: an answer may hold neither, and order the trades
        of one block in another way.

        Args:
            rows: Newest first.
        """
        identities = [(row.exchange_time_ms, row.row_id) for row in rows]
        held_ahead = [at for at, identity in enumerate(identities) if identity in self.ahead]
        held_behind = [at for at, identity in enumerate(identities) if identity in self.behind]
        start = held_ahead[0] if held_ahead else 0
        end = held_behind[0] if held_behind else len(rows)
        by_place = range(start, end if held_ahead or held_behind else 0)
        stored = self.behind | self.ahead
        return [
            row
            for at, (row, identity) in enumerate(zip(rows, identities, strict=True))
            if identity not in stored
            and (at in by_place or self.oldest_ms <= row.exchange_time_ms <= self.newest_ms)
        ]

    def may_still_close(self, answer: Identities) -> bool:
        """Return whether a later answer could tell more: this one trails behind the replay.

        So does one that ends in the replay's first millisecond, within the same block. Beside
        those, trades dated behind the whole replay are of a clock that jumped, and tell nothing.
        """
        times_ms = [time_ms for time_ms, _ in answer if time_ms <= self.newest_ms]
        if not times_ms:
            return not answer
        return max(times_ms) <= min(time_ms for time_ms, _ in self.ahead)


class TradeFiller:
    """Closes the gap between the last trade stored and a replay, or makes it smaller."""

    def __init__(self, info: InfoClient, clock: Clock, background: Background, writer: LineWriter):
        self._info = info
        self._clock = clock
        self._background = background
        self._writer = writer

    def ask(
        self, stream: StreamIntake, last: Identity, replayed: Identities, until_ms: int
    ) -> None:
        """Ask for the trades between the last one that proves something and the replay.

        Until it is decided the coverage holds back what it says of them.
        """
        loss = stream.coverage.loss
        if loss is not None:
            search = Search(stream, loss, {last}, set(replayed), until_ms)
            self._background.add(partial(self._search, search))

    def _search(self, search: Search) -> None:
        coverage = search.stream.coverage
        if not coverage.is_pending(search.loss):
            return  # lost again meanwhile, and written down as it stood
        rows = self._asked(search.stream.subscription.coin)
        if rows is not None:
            self._store(search, rows)
            search.take(identities_of(rows))
        search.behind |= search.stream.proven()
        with coverage.lock:
            if coverage.is_pending(search.loss) and not self._asks_again(search, rows):
                _conclude(search)

    def _asks_again(self, search: Search, rows: list[Row] | None) -> bool:
        """Put the question again where the answer trails behind the replay."""
        if rows is None or search.is_closed or search.n_asked == len(RETRIES_S):
            return False
        if not search.may_still_close(identities_of(rows)):
            return False
        self._background.add(partial(self._search, search), RETRIES_S[search.n_asked])
        search.n_asked += 1
        return True

    def _asked(self, coin: str) -> list[Row] | None:
        try:
            return self._info.recent_trades(coin)
        except VenueError as error:
            log.warning("trades of %s that were missed stay so: %s", coin, error)
            return None

    def _store(self, search: Search, rows: list[Row]) -> None:
        """Store what lies between the last trade stored and the replay's end.

        What is newer the socket brings: were it stored now, and the socket lost before it, the
        next replay would hold the last trade stored and hide what lies between. What is older,
        or was in the replay, may be forgotten by now and is stored all the same.
        """
        stream = search.stream
        new = stream.new_of(search.between(rows))
        received_ns = self._clock.wall_ns()
        if new and self._writer.offer(Feed.TRADES, join_lines(new, received_ns)):
            stream.meter.n_rows += len(new)


def _conclude(search: Search) -> None:
    """Tell the coverage what is missing, if anything is."""
    coverage = search.stream.coverage
    if search.is_closed:
        coverage.close_gap()
        return
    oldest_ms = min(time_ms for time_ms, _ in search.ahead)
    # A date behind the oldest of those is of a clock that jumped: what is missing lies before it.
    certain_ms = [time_ms for time_ms, _ in search.behind if time_ms <= oldest_ms]
    last_ms = max(certain_ms, default=search.oldest_ms)
    is_contradicted = oldest_ms < search.until_ms
    from_ms = max(last_ms, search.until_ms) if is_contradicted else last_ms
    coverage.open_gap(last_ms, first_from(from_ms, search.ahead))
