"""Appending lines to a dataset's files, from a bounded queue, by one thread."""

import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.config import RecordSettings
from hypertrack.errors import DatasetError
from hypertrack.journal import write_lines
from hypertrack.records import Feed
from hypertrack.store.files.layout import (
    FILLS_NAME,
    QUARANTINE_NAME,
    SET_ASIDE_NAME,
    feed_path,
)

log = logging.getLogger(__name__)

QUARANTINE, FILLS, SET_ASIDE = "quarantine", "fills", "set_aside"

OTHER_FILES: Mapping[str, str] = {
    QUARANTINE: QUARANTINE_NAME,
    FILLS: FILLS_NAME,
    SET_ASIDE: SET_ASIDE_NAME,
}
"""What is written beside the feeds, by name."""

SHED_ABOVE: Mapping[str, float] = {Feed.L2BOOK: 1.0, Feed.BBO: 1.5}
"""Share of `max_queued_frames` from which frames of a feed are shed: books first, then quotes."""

WAIT_ABOVE = 2.0
"""Share from which everything else waits; its socket then fills up, which the venue notices."""


JOINED = 1 << 12
"""Frames written at once: a queue that has grown while the disk was busy is not copied whole."""


class LineWriter:
    """Writes lines to ``{feed}.jsonl`` and the quarantine.

    Lines reach the operating system every ``write_interval_s`` and the disk every
    ``flush_interval_s``. A file is only ever appended to, in whole lines: where the disk fills up
    within a line, the part that fitted is taken back.

    Args:
        hand_over: Called when the files have been synced and closed, so that they can be taken
            away; they are begun anew.
        before_write: Called whenever lines are about to be written, once all of them are known.

    Attributes:
        failed: Set once nothing can be written any more; `close` raises the reason.
        is_over: Whether nothing is taken any more, after a failure or once it closes.
        n_bytes: Written so far, by name.
    """

    def __init__(
        self,
        folder: Path,
        settings: RecordSettings,
        clock: Clock,
        hand_over: Callable[[], None] | None = None,
        before_write: Callable[[], None] = lambda: None,
    ):
        self.failed = threading.Event()
        self.is_over = False
        self.n_bytes: Counter[str] = Counter()
        self._folder = folder
        self._settings = settings
        self._clock = clock
        self._hand_over = hand_over
        self._before_write = before_write
        self._files: dict[str, int] = {}
        self._at_files = threading.Lock()
        self._queue: dict[str, list[bytes]] = {}
        self._n_queued = 0
        self._n_taken = self._n_synced = 0
        """Frames, since the start; those behind ``_n_synced`` would survive a power cut."""
        self._is_awaited = False
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._stop = threading.Event()
        self._failure: OSError | None = None
        self._unsynced: set[str] = set()
        self._last_sync_s = clock.monotonic_s()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    @property
    def n_queued(self) -> int:
        """Return how many frames wait to be written."""
        return self._n_queued

    def offer(self, name: str, lines: bytes) -> bool:
        """Queue the whole lines of one frame.

        Returns:
            False where the queue is so full that frames of this feed are shed, or where nothing
            is written any more. Feeds that are never shed wait for room.
        """
        share = SHED_ABOVE.get(name, WAIT_ABOVE)
        limit = self._settings.max_queued_frames * share
        with self._lock:  # the condition's own, entered without its detours
            while self._n_queued >= limit:
                if name in SHED_ABOVE or self.is_over:
                    return False
                self._room.wait(self._settings.write_interval_s)
            if self.is_over:
                return False
            self._queue.setdefault(name, []).append(lines)
            self._n_queued += 1
            self._n_taken += 1
            return True

    def sync(self, patience_s: float) -> bool:
        """Wait until all that was queued so far is on the disk; return whether it is."""
        with self._room:
            goal = self._n_taken
            self._is_awaited = self._n_synced < goal
            self._room.wait_for(lambda: self._n_synced >= goal or self.is_over, patience_s)
            return self._n_synced >= goal

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Let go of a file, so that it can be replaced; lines wait in the queue meanwhile.

        Raises:
            OSError: What was written to it could not be synced.
        """
        with self._at_files:
            descriptor = self._files.pop(name, None)
            if descriptor is not None:
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            self._unsynced.discard(name)
            yield

    def close(self) -> None:
        """Write and sync all that is queued, and close the files.

        Raises:
            DatasetError: Not everything could be written.
        """
        self.is_over = True
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._close_files()
        if self._failure is not None:
            raise unwritable(self._folder, self._failure)

    def _run(self) -> None:
        try:
            while not self._clock.wait(self._stop, self._settings.write_interval_s):
                n_written = self._write_queued()
                since_s = self._clock.monotonic_s() - self._last_sync_s
                if self._is_awaited or since_s >= self._settings.flush_interval_s:
                    self._sync(n_written)
            self._sync(self._write_queued())
        except OSError as failure:
            log.error("writing to %s failed: %s", self._folder, failure)
            self._failure = failure
            self.is_over = True
            self.failed.set()

    def _write_queued(self) -> int:
        """Write what is queued; return how many frames that makes since the start."""
        with self._room:
            queue, self._queue = self._queue, {}
            self._n_queued, n_written = 0, self._n_taken
            self._room.notify_all()
        if queue:
            self._before_write()
        with self._at_files:
            for name, chunks in queue.items():
                descriptor = self._file(name)
                while chunks:
                    lines = b"".join(chunks[:JOINED])
                    del chunks[:JOINED]
                    write_lines(descriptor, lines, os.fstat(descriptor).st_size)
                    self.n_bytes[name] += len(lines)
                self._unsynced.add(name)
        return n_written

    def _file(self, name: str) -> int:
        if name not in self._files:
            other = OTHER_FILES.get(name)
            path = self._folder / other if other else feed_path(self._folder, Feed(name))
            self._files[name] = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        return self._files[name]

    def _sync(self, n_written: int) -> None:
        with self._at_files:
            for name in sorted(self._unsynced):
                os.fsync(self._files[name])
            self._unsynced.clear()
            if self._hand_over is not None:
                self._close_files()
                self._hand_over()
        self._last_sync_s = self._clock.monotonic_s()
        with self._room:
            self._n_synced, self._is_awaited = n_written, False
            self._room.notify_all()

    def _close_files(self) -> None:
        for descriptor in self._files.values():
            os.close(descriptor)
        self._files = {}


def unwritable(folder: Path, error: OSError) -> DatasetError:
    """Return what to say of a recording that can no longer be written."""
    if not folder.is_dir():
        return DatasetError(
            f"{folder} was deleted or moved away while it was recorded to: what stood in it is "
            "gone from there; record again"
        )
    return DatasetError(
        f"{folder} could not be written ({error.strerror}): what was recorded until then is "
        "readable; free some space and record on with --append"
    )
