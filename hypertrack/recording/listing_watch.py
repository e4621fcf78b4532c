"""Noticing coins that are listed while a recording runs."""

import logging
import threading
from collections.abc import Callable, Iterable

from hypertrack.clock import Clock
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.universe import fetch_names

log = logging.getLogger(__name__)

INTERVAL_S = 30.0
"""Three questions each: a tenth of the venue's weight limit, and news within a minute."""

TakeIn = Callable[[str], bool]
"""Records a coin from now on, where there is room for it."""


class ListingWatch:
    """Asks for the venue's lists now and then, also for those that failed at the start.

    Args:
        known: Coins that were listed at the start.
        take_in: None where the recording is of chosen coins, and new ones are only told.
    """

    def __init__(
        self,
        info: InfoClient,
        known: Iterable[str],
        take_in: TakeIn | None,
        clock: Clock,
        stop: threading.Event,
    ):
        self._info = info
        self._known = set(known)
        self._take_in = take_in
        self._clock = clock
        self._stop = stop

    def run(self) -> None:
        """Watch until the recorder stops."""
        while not self._clock.wait(self._stop, INTERVAL_S):
            for coin in fetch_names(self._info):
                if coin not in self._known and not self._stop.is_set():
                    self._known.add(coin)
                    self._tell(coin)

    def _tell(self, coin: str) -> None:
        about = {"coin": coin}
        if self._take_in is None:
            log.info("%s is listed now; --coins all would record it", coin, extra=about)
        elif self._take_in(coin):
            log.warning("%s is listed now and recorded from here on", coin, extra=about)
        else:
            log.warning("%s is listed now, and there is no room to record it", coin, extra=about)
