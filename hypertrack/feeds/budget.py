"""Rate budgets: never ask the venue for more than it allows in a minute."""

import threading
from collections import deque

from hypertrack.clock import Clock


class RateBudget:
    """At most ``limit`` units within any ``per_s`` seconds, shared by any number of threads."""

    def __init__(self, limit: int, clock: Clock, per_s: float = 60.0):
        self.limit = limit
        self._per_s = per_s
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._lock = threading.Lock()

    def available(self) -> int:
        """Return how many units could be spent now."""
        with self._lock:
            return self._available()

    def note(self, units: int = 1) -> None:
        """Count units that are spent whatever the budget says, such as a heartbeat."""
        with self._lock:
            self._spent.append((self._clock.monotonic_s(), units))

    def spend(self, units: int, stop: threading.Event) -> bool:
        """Wait until the units fit, then spend them; return False where ``stop`` came first.

        More units than the whole budget are spent once nothing else is.
        """
        while not stop.is_set():
            with self._lock:
                if self._available() >= min(units, self.limit):
                    self._spent.append((self._clock.monotonic_s(), units))
                    return True
                wait_s = self._spent[0][0] + self._per_s - self._clock.monotonic_s()
            self._clock.wait(stop, max(wait_s, 0.001))
        return False

    def _available(self) -> int:
        horizon = self._clock.monotonic_s() - self._per_s
        while self._spent and self._spent[0][0] <= horizon:
            self._spent.popleft()
        return max(self.limit - sum(units for _, units in self._spent), 0)
