"""A clock that the test moves: waiting takes no time, and moves it."""

import threading

from fakes import START_MS


class ManualClock:
    """Both clocks start at `START_MS` and 0; `wait` moves them at once unless ``stop`` is set."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.slept_s = 0.0
        """Time that passed on the wall while the monotonic clock stood still."""
        self.waits_s: list[float] = []

    def advance(self, seconds: float) -> None:
        self.now_s += seconds

    def wall_ns(self) -> int:
        return START_MS * 1_000_000 + round((self.now_s + self.slept_s) * 1e9)

    def monotonic_s(self) -> float:
        return self.now_s

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        if not stop.is_set():
            self.waits_s.append(seconds)
            self.advance(seconds)
        return stop.is_set()
