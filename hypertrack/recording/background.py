"""Questions to the venue that recording does not wait for, in a thread of their own."""

import queue
import threading
from collections.abc import Callable

POLL_S = 0.1


class Background:
    """Runs one errand after the other; the venue's weight limit paces those that ask it."""

    def __init__(self, stop: threading.Event):
        self._stop = stop
        self._due: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def add(self, errand: Callable[[], None]) -> None:
        """Queue an errand; any thread may."""
        self._due.put(errand)

    def run(self) -> None:
        """Work until the recorder stops."""
        while not self._stop.is_set():
            try:
                errand = self._due.get(timeout=POLL_S)
            except queue.Empty:
                continue
            errand()
