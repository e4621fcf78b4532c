"""Asking the venue for the candles that were missed."""

import logging
from collections.abc import Callable
from functools import partial

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.recording.background import Background
from hypertrack.recording.closed_candles import Candle, CandleBook, CountTrades, Fill, Lacking

log = logging.getLogger(__name__)

RETRIES_S = (1.0, 2.0, 4.0, 8.0)
"""The venue's REST servers may trail its sockets by seconds, or answer from a cache."""

Deliver = Callable[[Fill, list[Candle] | None, list[Lacking]], None]
"""Takes a fill, the venue's candles for it and the minutes that they do not settle; None where it
did not answer."""


class CandleFiller:
    """Asks for one fill after the other, again where an answer is older than what is known."""

    def __init__(self, info: InfoClient, clock: Clock, background: Background, candles: CandleBook):
        self._info = info
        self._clock = clock
        self._background = background
        self._candles = candles

    def ask(self, fill: Fill, n_stored: CountTrades, deliver: Deliver) -> None:
        """Queue a fill."""
        self._background.add(partial(self._fill, fill, n_stored, deliver, 0))

    def _fill(self, fill: Fill, n_stored: CountTrades, deliver: Deliver, n_asked: int) -> None:
        candles = self._asked(fill)
        lacking = self._candles.lacking(fill, candles or [], n_stored)
        is_outdated = candles is not None and any(one.is_outdated for one in lacking)
        if is_outdated and n_asked < len(RETRIES_S):
            again = partial(self._fill, fill, n_stored, deliver, n_asked + 1)
            self._background.add(again, RETRIES_S[n_asked])
            return
        deliver(fill, candles, lacking)

    def _asked(self, fill: Fill) -> list[Candle] | None:
        try:
            rows = self._info.candles(fill.coin, fill.start_ms, fill.end_ms)
        except VenueError as error:
            log.warning("candles of %s that were missed stay so: %s", fill.coin, error)
            return None
        received_ns = self._clock.wall_ns()
        return [Candle(row, received_ns) for row in rows]
