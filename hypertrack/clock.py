"""Time: the clock that the live parts are given, and the one way a time is written."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def utc(time_ms: int | None, *, timespec: str = "seconds") -> str:
    """Return a time as every view shows it: ``2026-01-22T12:00:00Z``; a dash for none.

    Args:
        timespec: ``milliseconds`` where these matter.
    """
    if time_ms is None:
        return "–"
    try:
        moment = EPOCH + timedelta(milliseconds=time_ms)
    except OverflowError:  # what a damaged row says
        return f"{time_ms} ms after 1970"
    return f"{moment.replace(tzinfo=None).isoformat(timespec=timespec)}Z"


def utc_name(time_ms: int) -> str:
    """Return a time for names of files and folders: ``2026-01-22T12-00-00Z``, in their order."""
    return utc(time_ms).replace(":", "-")


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
