"""What follows another source of the same trades beside the sockets: its parts and coverage."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hypertrack.clock import Clock
from hypertrack.config import RecordSettings
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.intake import StreamIntake
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.recording.tape_check import TapeCheck
from hypertrack.records import CoverageCause, Feed, FollowedFills
from hypertrack.store.files.writing import FILLS, LineWriter


@dataclass(frozen=True, slots=True)
class FollowerParts:
    """What a recorder gives to who follows another source."""

    folder: Path
    settings: RecordSettings
    book: CoverageBook
    writer: LineWriter
    clock: Clock
    stop: threading.Event
    streams_by_coin: Mapping[str, StreamIntake]
    """Of trades that come over the sockets; coins are added while recording."""
    check: TapeCheck
    end_ms_by_stream: Mapping[str, int]
    """Where the coverage of what is continued ended."""


class Follower(Protocol):
    """Runs on a thread of its own until the recorder stops."""

    def run(self) -> None:
        """Follow."""

    def status(self) -> FollowedFills:
        """Return what came so far; any thread may ask."""


class FollowedCoverage:
    """The coverage of all fills, and of the trades of coins that no socket brings.

    Attributes:
        newest_ms: Up to when everything that came is queued; None before.
    """

    def __init__(self, parts: FollowerParts):
        self.newest_ms: int | None = None
        self._parts = parts
        self._time = ExchangeTime(parts.book.time)
        self._streams: dict[str, StreamCoverage] = {}
        self._add(FILLS)

    @property
    def resumed_ms(self) -> int | None:
        """Return where the session that is continued ended; None where there is none."""
        return self._parts.end_ms_by_stream.get(FILLS)

    def opened(self) -> None:
        """Note that the source could be opened."""
        for coverage in self._streams.values():
            coverage.opened()

    def meet(self, coin: str) -> None:
        """Take note of a coin; what is observed of all is observed of it."""
        if coin not in self._parts.streams_by_coin:
            self._add(f"{Feed.TRADES}:{coin}")

    def reach(self, time_ms: int, *, is_whole: bool) -> None:
        """Note that all up to a time is queued.

        Args:
            time_ms: Of a block.
            is_whole: Nothing is missing between what came before and it.
        """
        last_ms = time_ms if self.newest_ms is None else self.newest_ms
        self.newest_ms = max(last_ms, time_ms)
        self._time.see(time_ms)
        for coverage in self._streams.values():
            coverage.acknowledge()
            if coverage.is_awaiting_rows:
                coverage.begin_rows(time_ms, time_ms)
                decide = coverage.close_gap if is_whole else coverage.leave_gap
                decide()
            elif not is_whole:
                coverage.interrupt(last_ms, time_ms, CoverageCause.HOLE, None)

    def lose(self, cause: CoverageCause) -> None:
        """End what is observed with what is queued."""
        for coverage in self._streams.values():
            coverage.lose(cause, self.newest_ms)

    def _add(self, name: str) -> None:
        if name not in self._streams:
            self._streams[name] = self._parts.book.stream(
                name,
                self._time,
                is_recovered=True,
                is_apart=True,
                resumed_ms=self._parts.end_ms_by_stream.get(name),
            )
