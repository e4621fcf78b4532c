"""Time as an argument: the clock that the live parts are given."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the recorder needs to know about time."""

    def wall_ns(self) -> int:
        """Return nanoseconds since the Unix epoch."""

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait until ``stop`` is set or ``seconds`` passed; return whether it is set."""


class SystemClock:
    """The machine's own clock."""

    def wall_ns(self) -> int:
        """Return nanoseconds since the Unix epoch."""
        return time.time_ns()

    def monotonic_s(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    def wait(self, stop: threading.Event, seconds: float) -> bool:
        """Wait until ``stop`` is set or ``seconds`` passed; return whether it is set."""
        return stop.wait(seconds)
