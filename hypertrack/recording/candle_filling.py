"""Asking the venue for the candles that were missed, in a thread of its own."""

import logging
import queue
import threading
from collections.abc import Callable

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.info import InfoClient
from hypertrack.recording.candles import Candle, Fill

log = logging.getLogger(__name__)

POLL_S = 0.1

Deliver = Callable[[Fill, list[Candle] | None], None]
"""Takes a fill and the venue's candles for it; None where it did not answer."""


class CandleFiller:
    """Asks for one fill after the other; the weight limit paces it."""

    def __init__(self, info: InfoClient, clock: Clock, stop: threading.Event, deliver: Deliver):
        self._info = info
        self._clock = clock
        self._stop = stop
        self._deliver = deliver
        self._due: queue.SimpleQueue[Fill] = queue.SimpleQueue()

    def ask(self, fill: Fill) -> None:
        """Queue a fill."""
        self._due.put(fill)

    def run(self) -> None:
        """Work until the recorder stops."""
        while not self._stop.is_set():
            try:
                fill = self._due.get(timeout=POLL_S)
            except queue.Empty:
                continue
            self._deliver(fill, self._asked(fill))

    def _asked(self, fill: Fill) -> list[Candle] | None:
        try:
            rows = self._info.candles(fill.coin, fill.start_ms, fill.end_ms)
        except VenueError as error:
            log.warning("candles of %s that were missed stay so: %s", fill.coin, error)
            return None
        received_ns = self._clock.wall_ns()
        return [Candle(row, received_ns) for row in rows]
