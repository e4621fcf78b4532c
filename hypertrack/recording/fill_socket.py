"""All fills over a provider's socket, which is opened again whenever it ends."""

import logging
import random

from hypertrack.errors import VenueError
from hypertrack.feeds.all_fills import FillsFrame, fills_request, parse_fills
from hypertrack.feeds.connection import Connection, ConnectionLostError, Heartbeat, connect
from hypertrack.feeds.endpoints import host_of
from hypertrack.importing.line_reader import UNREADABLE
from hypertrack.recording.fill_cursor import KeptCursor
from hypertrack.recording.following import FollowerParts
from hypertrack.recording.live_fills import FillsTaker
from hypertrack.records import CoverageCause, FollowedFills

log = logging.getLogger(__name__)

IDLE_S = 1.0
"""After so long without anything the last block is taken to be whole."""


class SocketFills:
    """Takes frames of all fills; resumes where it was, where the provider can."""

    def __init__(self, url: str, parts: FollowerParts):
        self._url = url
        self._parts = parts
        self._taker = FillsTaker(parts)
        self._kept = KeptCursor(parts.folder, host_of(url), parts.clock)
        is_continued = self._taker.coverage.resumed_ms is not None
        resumed = self._kept.resumed() if is_continued else None
        self._seq = None if resumed is None else resumed.seq
        self._cursor = None if resumed is None else resumed.place
        self._is_first = True
        """No frame came over this connection yet."""
        self._last_s = 0.0

    def run(self) -> None:
        """Listen until the recorder stops."""
        clock, stop, settings = self._parts.clock, self._parts.stop, self._parts.settings
        wait_s = settings.backoff_min_s
        while not stop.is_set():
            try:
                heartbeat = Heartbeat(settings.ping_interval_s, settings.pong_timeout_s)
                connection = connect(self._url, clock, heartbeat)
                try:
                    self._listen(connection)
                finally:
                    connection.close()
            except VenueError as error:
                log.warning("fills: %s; connecting again", error)
                lost = error.cause if isinstance(error, ConnectionLostError) else None
                self._taker.rest()
                self._taker.coverage.lose(lost or CoverageCause.ERROR)
                if not self._is_first:  # data flowed again
                    wait_s, self._is_first = settings.backoff_min_s, True
                clock.wait(stop, random.uniform(0, wait_s))
                wait_s = min(2 * wait_s, settings.backoff_max_s)
        self._taker.finish()
        self._kept.finish()

    def status(self) -> FollowedFills:
        """Return what came so far."""
        return self._taker.status()

    def _listen(self, connection: Connection) -> None:
        clock = self._parts.clock
        self._is_first, self._last_s = True, clock.monotonic_s()
        limit_s = self._parts.settings.paced_silence_s
        self._taker.coverage.opened()
        connection.send(fills_request(self._cursor))
        while not self._parts.stop.is_set():
            data = connection.receive()
            silent_s = clock.monotonic_s() - self._last_s
            if data is not None:
                self._take(data, clock.wall_ns())
            elif silent_s > limit_s and not self._is_first:  # no second is without a fill
                raise ConnectionLostError(CoverageCause.SILENCE, f"nothing for {limit_s:g} s")
            elif silent_s > IDLE_S:
                self._taker.rest()

    def _take(self, data: bytes, received_ns: int) -> None:
        try:
            frame = parse_fills(data)
        except UNREADABLE as error:
            self._taker.sink.quarantine(data, f"a frame of all fills: {error}")
            self._taker.miss()
            return
        if frame is not None:
            self._last_s = self._parts.clock.monotonic_s()
            self._taker.take(frame.fills, received_ns, follows=self._follows(frame))
            self._seq, self._is_first = frame.seq, False
            self._cursor = frame.seq if frame.cursor is None else frame.cursor
            self._kept.move(frame.seq, frame.cursor)

    def _follows(self, frame: FillsFrame) -> bool:
        """Return whether nothing is missing before a frame, as far as its number tells.

        Without numbers a connection is whole, and nothing is known of the time between two.
        """
        if frame.seq is None or self._seq is None:
            coverage = self._taker.coverage
            is_begun = coverage.newest_ms is not None or coverage.resumed_ms is not None
            return not (self._is_first and is_begun)
        return self._seq <= frame.seq <= self._seq + 1
