"""Asking the venue for the trades before a replay, which may reach a little further back."""

import logging
from functools import partial

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.rows import Row
from hypertrack.recording.background import Background
from hypertrack.recording.dedupe import Identity
from hypertrack.recording.intake import StreamIntake
from hypertrack.recording.line_format import join_lines
from hypertrack.records import Feed
from hypertrack.store.files.writing import LineWriter

log = logging.getLogger(__name__)


class TradeFiller:
    """Closes the gap between the last trade stored and a replay, or makes it smaller."""

    def __init__(self, info: InfoClient, clock: Clock, background: Background, writer: LineWriter):
        self._info = info
        self._clock = clock
        self._errands = background
        self._writer = writer

    def ask(self, stream: StreamIntake, last: Identity, oldest_ms: int) -> None:
        """Ask for the trades between the last one stored and the oldest one replayed.

        Until the answer comes the coverage holds back what it says of them.
        """
        self._errands.add(partial(self._fill, stream, stream.coverage.loss, last, oldest_ms))

    def _fill(self, stream: StreamIntake, loss: object, last: Identity, oldest_ms: int) -> None:
        rows = self._asked(stream.subscription.coin)
        self._store(stream, rows)
        identities = {(row.exchange_time_ms, row.row_id) for row in rows}
        oldest_ms = min((oldest_ms, *(time_ms for time_ms, _ in identities)))
        with stream.coverage.lock:
            if stream.coverage.loss is not loss:
                return  # lost again meanwhile, and written down as it stood
            if last in identities or oldest_ms < last[0]:
                stream.coverage.close_gap()
            else:
                stream.coverage.open_gap(last[0], oldest_ms)

    def _asked(self, coin: str) -> list[Row]:
        try:
            return self._info.recent_trades(coin)
        except VenueError as error:
            log.warning("trades of %s that were missed stay so: %s", coin, error)
            return []

    def _store(self, stream: StreamIntake, rows: list[Row]) -> None:
        new = stream.new_of(rows)
        received_ns = self._clock.wall_ns()
        if new and self._writer.offer(Feed.TRADES, join_lines(new, received_ns)):
            stream.meter.n_rows += len(new)
