"""All fills from the files of one's own node, an hour each, read as they grow."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from hypertrack.importing.archives import BlockReader, FillReader
from hypertrack.importing.formats import Format, recognise
from hypertrack.importing.line_reader import UNREADABLE, ForeignLineError, LineReader
from hypertrack.importing.source_files import named_hour_ms
from hypertrack.importing.survey import line_time_ms
from hypertrack.recording.following import FollowerParts
from hypertrack.recording.live_fills import FillsTaker
from hypertrack.records import HOUR_MS, FollowedFills

IDLE_POLLS = 5
"""Without anything new for so long the last block is taken to be whole."""

POLL_S = 0.2
READ_BYTES = 1 << 20

MAX_SILENCE_MS = 60_000
"""No minute of the whole venue is without a fill (protocol, section 7)."""

NO_LIMIT_MS = 2**53
"""What one's own node writes is not of the future."""


class FolderFills:
    """Reads from where the session that is continued ended, or else what is written from now on."""

    def __init__(self, folder: Path, parts: FollowerParts):
        self._folder = folder
        self._parts = parts
        self._taker = FillsTaker(parts)
        sink, pairer = self._taker.sink, self._taker.pairer
        self._readers: dict[Format | None, LineReader] = {
            Format.NODE_FILLS_BY_BLOCK: BlockReader(sink, pairer, NO_LIMIT_MS),
            Format.NODE_FILLS: FillReader(pairer, NO_LIMIT_MS),
        }
        self._resumed_ms = self._taker.coverage.resumed_ms
        self._last_ms: int | None = None

    def run(self) -> None:
        """Read until the recorder stops."""
        n_idle = 0
        for line in self._lines():
            if line is not None:
                n_idle = 0
                self._take(line)
                continue
            n_idle += 1
            if n_idle == IDLE_POLLS:
                self._taker.rest()
            if self._parts.clock.wait(self._parts.stop, POLL_S):
                break
        self._taker.finish()

    def status(self) -> FollowedFills:
        """Return what came so far."""
        return self._taker.status()

    def _lines(self) -> Iterator[bytes | None]:
        """Yield line after line, and None where there is no more for now."""
        path, offset = self._beginning()
        rest = b""
        while True:
            data = _read(path, offset)
            offset += len(data)
            *lines, rest = (rest + data).split(b"\n")
            yield from filter(None, lines)
            if data:
                continue
            following = self._next_hour(path)
            if following is None:
                yield None
            elif not _read(path, offset):  # once a later file is there this one is over
                yield from filter(None, [rest])
                path, offset, rest = following, 0, b""

    def _beginning(self) -> tuple[Path | None, int]:
        """Return the file to begin with, and where in it."""
        hours = _hours(self._folder.rglob("*"))
        resumed_ms = self._resumed_ms
        if resumed_ms is not None:
            own = [path for start_ms, path in hours if start_ms == resumed_ms // HOUR_MS * HOUR_MS]
            if own:
                self._last_ms = resumed_ms
                return own[0], 0
            self._taker.miss()
        return (hours[-1][1], hours[-1][1].stat().st_size) if hours else (None, 0)

    def _next_hour(self, path: Path | None) -> Path | None:
        if path is None:
            return next((first for _, first in _hours(self._folder.rglob("*"))), None)
        days = [day for day in path.parent.parent.iterdir() if day.name >= path.parent.name]
        later = _hours(file for day in days for file in day.glob("*"))
        start_ms = named_hour_ms(path) or 0
        return next((file for hour_ms, file in later if hour_ms > start_ms), None)

    def _take(self, line: bytes) -> None:
        sink = self._taker.sink
        sink.where = str(self._folder)
        try:
            reader = self._readers.get(recognise(line))
            if reader is None:
                raise ForeignLineError("no line of a node's fills")
            if self._is_known(line):
                return
            time_ms = reader.read(line)
        except UNREADABLE as error:
            sink.quarantine(line, str(error))
            self._taker.miss()
            return
        if time_ms is not None:
            is_silent = self._last_ms is not None and time_ms - self._last_ms > MAX_SILENCE_MS
            self._last_ms = max(time_ms, self._last_ms or 0)
            self._taker.begin(time_ms, follows=not is_silent)

    def _is_known(self, line: bytes) -> bool:
        """Return whether a line lies before the end of the session that is continued."""
        time_ms = None if self._resumed_ms is None else line_time_ms(line)
        return time_ms is not None and time_ms <= (self._resumed_ms or 0)


def _hours(files: Iterable[Path]) -> list[tuple[int, Path]]:
    """Return the plain files that are named after an hour, oldest first."""
    plain = (path for path in files if path.suffix == "" and path.is_file())
    named = ((named_hour_ms(path), path) for path in plain)
    return sorted((hour_ms, path) for hour_ms, path in named if hour_ms is not None)


def _read(path: Path | None, offset: int) -> bytes:
    if path is None:
        return b""
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(READ_BYTES)
