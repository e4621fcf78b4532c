"""Sealing while recording: hours that are over become Parquet, prepared in another process.

That process is the only one to load the database; the recorder itself does no more than swap files,
with its writer paused for as long as it takes to copy what came since.
"""

import logging
import multiprocessing
import os
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.errors import DatasetError
from hypertrack.processes import shielded_from_interrupts
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction.commit_journal import (
    Prepared,
    forget_parts,
    open_file,
    put_in_force,
)
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

log = logging.getLogger(__name__)

GRACE_MS = 60_000
"""Exchange time after an hour's end for what comes late; what comes later still joins it later."""

MIN_INTERVAL_S = 60.0
"""Wall time before the first sealing and between two, for venues faster than real time and for
recorders that are killed as soon as they start."""

POLL_S = 0.2
MEMORY_GIB = 1.0
N_THREADS = 1
NICENESS = 10
"""Recording comes first: sealing may take its time."""


class HourSealer:
    """Seals the finished hours of a recorder's folder; `run` belongs to a thread of its own."""

    def __init__(
        self,
        session: Session,
        writer: LineWriter,
        time: ExchangeTime,
        clock: Clock,
        stop: threading.Event,
    ):
        self._folder = session.folder
        self._is_continued = session.mode == "append"
        self._writer = writer
        self._time = time
        self._clock = clock
        self._stop = stop

    def run(self) -> None:
        """Seal whenever an hour is over, until the recorder stops."""
        due_s = self._clock.monotonic_s() + MIN_INTERVAL_S
        sealed_before = 0
        while not self._clock.wait(self._stop, POLL_S):
            first_ms, newest_ms = self._time.first_ms, self._time.newest_ms
            if first_ms is None or newest_ms is None or self._clock.monotonic_s() < due_s:
                continue
            if not self._is_continued:  # what would be older than the first frame?
                sealed_before = max(sealed_before, first_ms // HOUR_MS)
            hour = (newest_ms - GRACE_MS) // HOUR_MS
            if hour > sealed_before:
                self._seal()
                sealed_before = hour
                due_s = self._clock.monotonic_s() + MIN_INTERVAL_S

    def _seal(self) -> None:
        for prepared in self._prepared():
            if isinstance(prepared, str):
                log.warning("%s", prepared)
                continue
            try:
                with self._writer.paused(prepared.feed):
                    put_in_force(self._folder, prepared)
            except (DatasetError, OSError) as error:
                log.warning("%s was not sealed: %s", prepared.feed, error)
            else:
                log.info("sealed %d hours of %s", len(prepared.hours), prepared.feed)

    def _prepared(self) -> Iterator[Prepared | str]:
        """Yield what the other process has prepared, or why it could not, feed by feed."""
        context = multiprocessing.get_context("spawn")
        receiving, sending = context.Pipe(duplex=False)
        process = context.Process(target=_prepare, args=(self._folder, sending), daemon=True)
        with shielded_from_interrupts():  # Ctrl-C is the recorder's to act on
            process.start()
        sending.close()
        try:
            while not self._stop.is_set():
                if receiving.poll(POLL_S):
                    yield receiving.recv()
        except EOFError:
            return  # it has gone through all feeds, or was killed: then the old files stay in force
        finally:
            process.kill()
            process.join()
            receiving.close()
            forget_parts(self._folder)


def _prepare(folder: Path, results: Connection) -> None:
    """Prepare one feed after the other; runs in a process of its own, nicely."""
    # Here, so that the recorder's own process does without the database.
    from hypertrack.store.compaction.sealed_hours import prepare_sealing  # noqa: PLC0415
    from hypertrack.store.dataset import keep_sealed, kept_hours  # noqa: PLC0415

    os.nice(NICENESS)
    for feed in Feed:
        if not open_file(folder, feed).exists():
            continue
        try:
            prepared: Prepared | str = prepare_sealing(
                folder, feed, is_growing=True, memory_limit_gib=MEMORY_GIB, n_threads=N_THREADS
            )
        except DatasetError as error:
            prepared = str(error)
        try:
            results.send(prepared)
        except BrokenPipeError:
            return  # the recorder was killed
    if kept_hours(folder).exists():  # somebody computes from this folder, and will again
        keep_sealed(folder, MEMORY_GIB, N_THREADS)
