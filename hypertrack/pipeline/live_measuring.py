"""Measuring beside following: a process that keeps the profiles of the window new."""

import contextlib
import logging
import multiprocessing
import os
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertrack.clock import Clock
from hypertrack.config import Settings
from hypertrack.errors import HypertrackError
from hypertrack.live.board import Board, ProfileChange
from hypertrack.live.profile_events import model_changed, weight_lost
from hypertrack.live.rules import Event
from hypertrack.live.schedule import Due, affordable, who_is_due
from hypertrack.live.window import Fills, LiveWindow
from hypertrack.pipeline.live_profiles import LiveProfiler
from hypertrack.pipeline.places import LIVE_PROFILES_NAME, newest_ms
from hypertrack.processes import end_at_once, shielded_from_interrupts
from hypertrack.records import MeasuringStatus, ModelSummary, replace
from hypertrack.scratch import scratch_folder
from hypertrack.store.profiles import ProfileFile, write_profiles

if TYPE_CHECKING:
    from hypertrack.live.session import LiveSession

log = logging.getLogger(__name__)

ROUND_ROWS = 250_000
"""Fills of the wallets that a round measures: about a second, so that the watched ones, who come
first in each round, are never far behind."""

RESTART_S = 30.0
"""Between two starts of the process."""

NICENESS = 5
"""So much whoever follows goes first."""


class Measurer:
    """Measures whoever is due, round by round.

    Args:
        file: Where the profiles are written, whole.
        newest_ms: Time of the newest trade there is.
    """

    def __init__(self, settings: Settings, file: Path, newest_ms: int):
        self._settings = settings
        self._file = file
        self._window = LiveWindow(settings, newest_ms)
        self._profiler = LiveProfiler(settings)
        self._board = Board()
        self._told = _model_of(file)
        """The model that was told of last, here or before a restart."""
        self._written_s = -settings.live.profiles_s
        self.status = MeasuringStatus()

    @property
    def earned(self) -> frozenset[str]:
        """Return the scores that have earned weight."""
        return self._profiler.earned

    def round(self, watched: frozenset[str]) -> tuple[list[Event], list[ProfileChange]]:
        """Measure the first of those who are due; return what is another than before."""
        window = self._window
        window.advance()
        if window.watermark_ms is None:
            return [], []
        events = self._take_model(window.watermark_ms)
        fills = window.fills()
        is_watched = np.isin(fills.wallets, list(watched))
        due = who_is_due(fills, is_watched, window.watermark_ms, self._settings.live)
        chosen = affordable(fills, due, ROUND_ROWS)
        changes = self._measure(fills, chosen) if len(chosen) else []
        self._note(due, len(chosen))
        self._write_if_due()
        return events, changes

    def close(self) -> None:
        """Free the memory, close the files."""
        self._profiler.close()
        self._window.close()

    def _take_model(self, now_ms: int) -> list[Event]:
        """Take the model in force; scores of two models are never compared."""
        if not self._profiler.look():
            return []
        self._board.clear()
        self._window.forget_measured()
        assert self._profiler.model is not None
        before, now = self._told, self._profiler.model.summary
        self._told = now
        last = None if before is None else before.version
        known = before.lost_weight if before is not None and last == now.version else None
        events = []
        if last != now.version:
            events.append(model_changed(last, now.version, now_ms))
        if now.lost_weight is not None and now.lost_weight != known:
            events.append(weight_lost(now.version, now.lost_weight, now_ms))
        return events

    def _measure(self, fills: Fills, chosen: NDArray[np.intp]) -> list[ProfileChange]:
        window = self._window
        measured = self._profiler.profile(
            window.engine(),
            fills.wallets[chosen].tolist(),
            (window.start_ms, window.watermark_ms or 0),
            self._board.total_values(),
        )
        window.note_measured(fills.wallets[chosen])
        return self._board.put(measured)

    def _note(self, due: Due, n_chosen: int) -> None:
        window = self._window
        waiting_ms = due.age_ms[n_chosen:]
        self.status = MeasuringStatus(
            as_of_ms=window.watermark_ms,
            window_h=round(window.length_h, 4),
            n_profiles=len(self._board),
            n_waiting=len(waiting_ms),
            oldest_age_s=float(waiting_ms.max()) / 1_000 if len(waiting_ms) else None,
            model=self._profiler.version,
            has_lost_weight=self._profiler.lost_weight is not None,
        )

    def _write_if_due(self) -> None:
        now_s = time.monotonic()
        if now_s - self._written_s < self._settings.live.profiles_s or not len(self._board):
            return
        self._written_s = now_s
        fills = self._window.fills()
        n_since = dict(zip(fills.wallets.tolist(), fills.n_since.tolist(), strict=True))
        self._board.keep(set(n_since), n_since)
        if self._board.columns is not None:
            between = (self._window.start_ms, self._window.watermark_ms or 0)
            write_profiles(self._file, self._profiler.header(between), (self._board.columns,))


def _model_of(file: Path) -> ModelSummary | None:
    """Return the model of the profiles that were written last; None where there are none."""
    try:
        return ProfileFile(file).header.model
    except HypertrackError:
        return None


class Found(NamedTuple):
    """What a round brought."""

    events: list[Event]
    changes: list[ProfileChange]
    earned: frozenset[str]
    status: MeasuringStatus


class Measuring:
    """A process that measures, whose rounds keep nobody waiting, and what it found.

    Should it die it is started again, and measures everybody anew.

    Args:
        prepare: Called first in the process; it has to be picklable.

    Attributes:
        status: The newest it told.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        clock: Clock,
        prepare: Callable[[], None] | None = None,
    ):
        self._settings, self._folder = settings, folder
        self._prepare = prepare
        self._clock = clock
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._scratch: TemporaryDirectory[str] | None = None
        self._started_s = -RESTART_S
        self._watched: frozenset[str] = frozenset()
        self.status = MeasuringStatus()

    def tell(self, session: "LiveSession") -> None:
        """Tell what was found since the last call, and whom to watch from now on."""
        if self._pipe is None:
            self._start_if_due()
            return
        try:
            while self._pipe.poll():
                self._take(self._pipe.recv(), session)
            watched = session.watched()
            if watched != self._watched:
                self._pipe.send(watched)
                self._watched = watched
        except (EOFError, OSError):
            log.warning("measuring ended and is started again")
            self.close()

    def close(self) -> None:
        """End it: what it measures is made anew at the next start."""
        if self._process is not None and self._pipe is not None:
            self._process.terminate()
            self._process.join()
            self._pipe.close()
        if self._scratch is not None:
            self._scratch.cleanup()
        self._process = self._pipe = self._scratch = None

    def _start_if_due(self) -> None:
        now_s = self._clock.monotonic_s()
        if now_s - self._started_s < RESTART_S:
            return
        self._started_s = now_s
        self._watched = frozenset()
        try:
            self._scratch = scratch_folder()
        except OSError as error:  # signals need none
            log.warning("nothing is measured (%s): tried again in %g s", error, RESTART_S)
            return
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=_measure,
            args=(self._settings, self._folder, theirs, self._prepare, self._scratch.name),
            daemon=True,
        )
        with shielded_from_interrupts():  # the terminal's: the parent ends it
            self._process.start()
        theirs.close()

    def _take(self, found: Found, session: "LiveSession") -> None:
        self.status = found.status
        for event in found.events:
            session.newsroom.tell(event)
        session.newsroom.send()
        for change in found.changes:
            session.tell_change(change, found.earned)


def _measure(
    settings: Settings,
    folder: Path,
    parent: Connection,
    prepare: Callable[[], None] | None,
    scratch: str,
) -> None:
    """Measure round by round in this process, for as long as the parent is there."""
    end_at_once(scratch)
    os.nice(NICENESS)
    if prepare is not None:
        prepare()
    measurer = Measurer(settings, folder / LIVE_PROFILES_NAME, newest_ms(settings))
    watched: frozenset[str] = frozenset()
    began_s, began_cpu_s = time.monotonic(), time.process_time()
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        while True:
            start_s, start_cpu_s = time.monotonic(), time.process_time()
            found = measurer.round(watched)
            now_s, cpu_s = time.monotonic(), time.process_time()
            share = (cpu_s - began_cpu_s) / (now_s - began_s)
            status = replace(measurer.status, cpu_share=round(share, 3))
            parent.send(Found(*found, measurer.earned, status))
            rest_s = max(settings.live.tick_s, (cpu_s - start_cpu_s) / settings.live.cpu_share)
            if parent.poll(max(rest_s - (now_s - start_s), 0.0)):
                watched = parent.recv()
