"""Where a provider of every fill is to go on: kept in the dataset, for a session that continues it.

Lines wait for the disk when their frame is taken. So it is the place of a minute ago that is kept
while the recording goes on: what comes twice is told apart, what never comes is lost.
"""

from contextlib import suppress
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.files import write_whole
from hypertrack.records import JsonError, Record, decode_json, encode_json
from hypertrack.store.files.layout import CURSOR_NAME

KEPT_EACH_S = 60.0
"""Longer than any line waits for the disk."""


class FillCursor(Record, frozen=True, kw_only=True):
    """The last frame that was taken."""

    source: str
    """Whose numbers these are, without its secret."""
    seq: int | None = None
    cursor: str | int | None = None

    @property
    def place(self) -> str | int | None:
        """Return what the provider is told to go on from."""
        return self.seq if self.cursor is None else self.cursor


class KeptCursor:
    """The cursor of a dataset.

    Args:
        folder: Of the dataset.
        source: Of which a cursor is meant.
    """

    def __init__(self, folder: Path, source: str, clock: Clock):
        self._path = folder / CURSOR_NAME
        self._clock = clock
        self._last = FillCursor(source=source)
        self._due_s = clock.monotonic_s() + KEPT_EACH_S
        self._waiting: FillCursor | None = None

    def resumed(self) -> FillCursor | None:
        """Return where the session that is continued ended; None where that is not known."""
        try:
            kept = decode_json(self._path.read_bytes(), FillCursor)
        except (OSError, JsonError, UnicodeDecodeError):
            return None
        return kept if kept.source == self._last.source else None

    def move(self, seq: int | None, cursor: str | int | None) -> None:
        """Take down a frame; now and then the one of a while ago is kept."""
        self._last = FillCursor(source=self._last.source, seq=seq, cursor=cursor)
        now_s = self._clock.monotonic_s()
        if now_s >= self._due_s:
            if self._waiting is not None:
                self._keep(self._waiting)
            self._waiting, self._due_s = self._last, now_s + KEPT_EACH_S

    def finish(self) -> None:
        """Keep the last frame: everything is handed to the writer, which ends after us."""
        self._keep(self._last)

    def _keep(self, cursor: FillCursor) -> None:
        if cursor.seq is None and cursor.cursor is None:
            return
        with suppress(OSError):  # a disk that is full ends the recording elsewhere
            write_whole(self._path, encode_json(cursor) + b"\n")
