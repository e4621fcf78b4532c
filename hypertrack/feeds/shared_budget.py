"""The weight that all processes of a user on this machine may spend at the venue in a minute.

The venue counts by address, not by process, so the count stands in a file that they share, locked
while it is read and written. It is in wall-clock time, which all of them have.
"""

import fcntl
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hypertrack.clock import Clock, SystemClock
from hypertrack.errors import ConfigError
from hypertrack.feeds.endpoints import host_of
from hypertrack.records import JsonError, Record, decode_json, encode_json

MINUTE_NS = 60_000_000_000

HALVED_NS = 5 * MINUTE_NS
"""For so long half the budget is spent after the venue refused for want of weight."""

MAX_BYTES = 1 << 20
"""Of the file: a minute holds a few hundred lines of a few dozen bytes."""

RECORDING_NAME = "recording.lock"


class Spending(Record, frozen=True, array_like=True):
    """Some weight, and when it was spent at the latest."""

    spent_ns: int
    units: int
    owner: str


class Written(Record, frozen=True):
    """What stands in the file."""

    spent: list[Spending] = []  # noqa: RUF012 - msgspec copies it for each record
    halved_until_ns: int = 0


@dataclass
class Minute:
    """What still counts, while the file is ours."""

    now_ns: int
    spent: list[Spending]
    halved_until_ns: int

    @property
    def units(self) -> int:
        """Return how much was spent."""
        return sum(one.units for one in self.spent)

    def add(self, units: int, owner: str = "") -> None:
        """Spend units now."""
        self.spent.append(Spending(self.now_ns, units, owner))


def venue_budget(
    url: str, folder: Path, limit: Callable[[], int], clock: Clock | None = None
) -> "SharedBudget":
    """Return the budget of the venue at an address, which stands in a folder."""
    host = re.sub(r"[^A-Za-z0-9.]+", "-", host_of(url).partition("://")[2])
    return SharedBudget(folder / f"budget-{host}.json", limit, clock or SystemClock())


class SharedBudget:
    """At most ``limit`` units in any minute, whoever of us spends them.

    Weight is dated when the answer is there, which is after the venue counted it: what it counts
    in any minute is never more than what stands here.

    Args:
        path: The file; made where missing.
        limit: Units a minute; asked anew each time, since a recorder may begin meanwhile.
    """

    def __init__(self, path: Path, limit: Callable[[], int], clock: Clock):
        self._path = path
        self._limit = limit
        self._clock = clock
        self._n_reserved = 0

    def reserve(self, units: int, stop: threading.Event) -> str | None:
        """Wait until the units fit and set them aside, to be settled with `settle`.

        More units than the whole budget are set aside once nothing else is.

        Returns:
            What names them; None where ``stop`` came first.

        Raises:
            ConfigError: The file cannot be written.
        """
        while not stop.is_set():
            with self._opened() as minute:
                is_halved = minute.now_ns < minute.halved_until_ns
                excess = minute.units + units - self._limit() // (2 if is_halved else 1)
                if excess <= 0 or not minute.spent:
                    self._n_reserved += 1
                    owner = f"{os.getpid()}.{id(self)}.{self._n_reserved}"
                    minute.add(units, owner)
                    return owner
                wait_ns = _until_free_ns(minute, excess)
            self._clock.wait(stop, max(wait_ns / 1e9, 0.001))
        return None

    def spend(self, units: int, stop: threading.Event) -> bool:
        """Wait until the units fit and spend them at once; return False where ``stop`` came first.

        Raises:
            ConfigError: The file cannot be written.
        """
        owner = self.reserve(units, stop)
        if owner is not None:
            self.settle(owner, units)
        return owner is not None

    def note(self, units: int = 1) -> None:
        """Count units that are spent whatever the budget says."""
        with self._opened() as minute:
            minute.add(units)

    def settle(self, owner: str, units: int) -> None:
        """Date what was set aside now, and correct it to what it came to."""
        with self._opened() as minute:
            minute.spent[:] = [one for one in minute.spent if one.owner != owner]
            minute.add(units)

    def halve(self) -> None:
        """Spend half as much for the next minutes: the venue said that it was too much."""
        with self._opened() as minute:
            minute.halved_until_ns = minute.now_ns + HALVED_NS

    @contextmanager
    def _opened(self) -> Iterator[Minute]:
        """Give what the file says of the last minute; what is made of it is written back."""
        descriptor = self._locked()
        try:
            written = _parsed(os.pread(descriptor, MAX_BYTES, 0))
            minute = _recent(written, self._clock.wall_ns())
            yield minute
            # One line, whatever stands behind it: a kill before the cut leaves it readable.
            text = encode_json(Written(minute.spent, minute.halved_until_ns)) + b"\n"
            os.pwrite(descriptor, text, 0)
            os.ftruncate(descriptor, len(text))
        finally:
            os.close(descriptor)  # gives the lock back

    def _locked(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ConfigError(
                f"{self._path} cannot be written ({error.strerror}), and processes that ask the "
                "venue share their budget there: set XDG_STATE_HOME"
            ) from None
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return descriptor


@contextmanager
def recording_here(folder: Path) -> Iterator[None]:
    """Let other processes know, for as long as this lasts, that a recorder runs."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / RECORDING_NAME, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:  # a recording is worth more than the manners of others
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def is_recording(folder: Path) -> bool:
    """Return whether a recorder of this user runs."""
    try:
        descriptor = os.open(folder / RECORDING_NAME, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _parsed(text: bytes) -> Written:
    """Return what was written; nothing where that was never whole."""
    try:
        return decode_json(text.partition(b"\n")[0], Written)
    except (JsonError, UnicodeDecodeError):
        return Written()


def _recent(written: Written, now_ns: int) -> Minute:
    """Return what still counts; a clock that was set back does not let it count for longer."""
    spent = [
        Spending(min(one.spent_ns, now_ns), one.units, one.owner)
        for one in written.spent
        if one.spent_ns > now_ns - MINUTE_NS
    ]
    return Minute(now_ns, spent, min(written.halved_until_ns, now_ns + HALVED_NS))


def _until_free_ns(minute: Minute, excess: int) -> int:
    """Return in how long so many units will be a minute old."""
    for one in sorted(minute.spent, key=lambda one: one.spent_ns):
        excess -= one.units
        if excess <= 0:
            return one.spent_ns + MINUTE_NS - minute.now_ns
    return MINUTE_NS
