"""Asking the venue for the candles that were missed."""

import logging
from collections.abc import Callable

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.recording.background import Background
from hypertrack.recording.closed_candles import Candle, Fill

log = logging.getLogger(__name__)

Deliver = Callable[[Fill, list[Candle] | None], None]
"""Takes a fill and the venue's candles for it; None where it did not answer."""


class CandleFiller:
    """Asks for one fill after the other."""

    def __init__(self, info: InfoClient, clock: Clock, background: Background):
        self._info = info
        self._clock = clock
        self._background = background

    def ask(self, fill: Fill, deliver: Deliver) -> None:
        """Queue a fill."""
        self._background.add(lambda: deliver(fill, self._asked(fill)))

    def _asked(self, fill: Fill) -> list[Candle] | None:
        try:
            rows = self._info.candles(fill.coin, fill.start_ms, fill.end_ms)
        except VenueError as error:
            log.warning("candles of %s that were missed stay so: %s", fill.coin, error)
            return None
        received_ns = self._clock.wall_ns()
        return [Candle(row, received_ns) for row in rows]
