"""Questions to the venue that recording does not wait for, in a thread of their own."""

import heapq
import itertools
import queue
import threading
from collections.abc import Callable
from contextlib import suppress

from hypertrack.clock import Clock

POLL_S = 0.1

Errand = Callable[[], None]


class Background:
    """Runs one errand after the other; the venue's weight limit paces those that ask it."""

    def __init__(self, clock: Clock, stop: threading.Event):
        self._clock = clock
        self._stop = stop
        self._added: queue.SimpleQueue[tuple[float, int, Errand]] = queue.SimpleQueue()
        self._waiting: list[tuple[float, int, Errand]] = []
        self._numbers = itertools.count()

    def add(self, errand: Errand, after_s: float = 0.0) -> None:
        """Queue an errand, to be run once so much time has passed; any thread may."""
        self._added.put((self._clock.monotonic_s() + after_s, next(self._numbers), errand))

    def run(self) -> None:
        """Work until the recorder stops."""
        while not self._stop.is_set():
            patience_s = POLL_S
            if self._waiting:
                due_s = self._waiting[0][0] - self._clock.monotonic_s()
                patience_s = min(POLL_S, max(due_s, 0.0))
            with suppress(queue.Empty):
                heapq.heappush(self._waiting, self._added.get(timeout=patience_s))
            self.run_due()

    def run_due(self) -> None:
        """Run the errands whose time has come."""
        while not self._added.empty():
            heapq.heappush(self._waiting, self._added.get())
        while self._waiting and self._waiting[0][0] <= self._clock.monotonic_s():
            heapq.heappop(self._waiting)[-1]()
            if self._stop.is_set():
                return
