"""What happened lately, numbered, so that whoever was away for a moment misses nothing."""

import asyncio
import secrets
from collections import deque
from itertools import islice
from typing import NamedTuple

KEPT_EVENTS = 10_000

MAX_BEHIND = 1_000
"""Events that a reader may be behind what happens; beyond it he loads anew."""


class Event(NamedTuple):
    """Something that happened once.

    Attributes:
        data: JSON in one line.
    """

    number: int
    name: str
    data: bytes


class State(NamedTuple):
    """Something that is so now, of which only the newest counts.

    Attributes:
        version: Rises with each change of any state.
    """

    version: int
    data: bytes


class EventLog:
    """Holds the last events and the states; used in the thread of the event loop alone.

    An event's name for readers carries the run that it belongs to: a reader who comes back to
    another run is told to load anew.
    """

    def __init__(self) -> None:
        self._run = secrets.token_hex(6)
        self._events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self._news = asyncio.Event()
        self._version = 0
        self.newest = 0
        self.is_closed = False
        self.states: dict[str, State] = {}

    @property
    def newest_id(self) -> str:
        """Return the name of the last event."""
        return self.id_of(self.newest)

    def id_of(self, number: int) -> str:
        """Return the name of an event."""
        return f"{self._run}-{number}"

    def add(self, name: str, data: bytes) -> None:
        """Add an event."""
        self.newest += 1
        self._events.append(Event(self.newest, name, data))
        self._wake()

    def set_state(self, name: str, data: bytes) -> None:
        """Say how something is now."""
        known = self.states.get(name)
        if known is None or known.data != data:
            self._version += 1
            self.states[name] = State(self._version, data)
            self._wake()

    def number_after(self, event_id: str | None) -> int | None:
        """Return the last event that a reader has; None where what he missed is not all here.

        Args:
            event_id: None of one who comes for the first time, and has everything until now.
        """
        if event_id is None:
            return self.newest
        run, _, text = event_id.rpartition("-")
        if run != self._run or not (text.isascii() and text.isdigit()):
            return None
        number = int(text[:20])
        return number if self.is_all_after(number) else None

    def is_all_after(self, number: int) -> bool:
        """Return whether every event that follows one is still here."""
        oldest = self._events[0].number if self._events else self.newest + 1
        return oldest - 1 <= number <= self.newest

    def after(self, number: int, most: int) -> list[Event]:
        """Return the events that follow one, the oldest first; at most so many."""
        if not self._events:
            return []
        start = max(0, number + 1 - self._events[0].number)
        return list(islice(self._events, start, start + most))

    async def wait(self, seconds: float) -> bool:
        """Wait until something happens; return whether it did before the time was over."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        """Let all who wait for news go."""
        self.is_closed = True
        self._wake()

    def _wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()
