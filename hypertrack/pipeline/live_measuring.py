"""Measuring beside following: a thread that keeps the profiles of the window new."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hypertrack.clock import Clock
from hypertrack.config import Settings
from hypertrack.live.board import Board, ProfileChange
from hypertrack.live.profile_events import model_changed
from hypertrack.live.rules import Event
from hypertrack.live.schedule import Due, affordable, who_is_due
from hypertrack.live.window import Fills, LiveWindow
from hypertrack.pipeline.live_profiles import LiveProfiler
from hypertrack.records import MeasuringStatus, replace
from hypertrack.store.profiles import write_profiles

if TYPE_CHECKING:
    from hypertrack.live.session import LiveSession

log = logging.getLogger(__name__)

ROUND_ROWS = 250_000
"""Fills of the wallets that a round measures: about a second, so that the watched ones, who come
first in each round, are never far behind."""

PATIENCE_S = 5.0


class Measurer:
    """Measures whoever is due, round by round; belongs to one thread.

    Args:
        file: Where the profiles are written, whole.
        newest_ms: Time of the newest trade of the folder.
    """

    def __init__(self, settings: Settings, folder: Path, file: Path, newest_ms: int):
        self._settings = settings
        self._file = file
        self._window = LiveWindow(settings, folder, newest_ms)
        self._profiler = LiveProfiler(settings)
        self._board = Board()
        self._written_s = -settings.live.profiles_s
        self.status = MeasuringStatus()

    @property
    def earned(self) -> frozenset[str]:
        """Return the scores that have earned weight."""
        return self._profiler.earned

    def round(self, watched: frozenset[str]) -> tuple[list[Event], list[ProfileChange]]:
        """Measure the first of those who are due; return what is another than before."""
        window, events = self._window, self._take_model()
        window.advance()
        if window.watermark_ms is None:
            return events, []
        fills = window.fills()
        is_watched = np.isin(fills.wallets, list(watched))
        due = who_is_due(fills, is_watched, window.watermark_ms, self._settings.live)
        chosen = affordable(fills, due, ROUND_ROWS)
        changes = self._measure(fills, chosen) if len(chosen) else []
        self._note(due, len(chosen))
        self._write_if_due()
        return events, changes

    def close(self) -> None:
        """Free the memory."""
        self._window.close()

    def _take_model(self) -> list[Event]:
        """Take the model in force; scores of two models are never compared."""
        before = self._profiler.version
        if not self._profiler.look():
            return []
        self._board.clear()
        self._window.forget_measured()
        return [model_changed(before, self._profiler.version, self._window.watermark_ms or 0)]

    def _measure(self, fills: Fills, chosen: NDArray[np.intp]) -> list[ProfileChange]:
        window = self._window
        measured = self._profiler.profile(
            window.engine(),
            fills.wallets[chosen].tolist(),
            (window.start_ms, window.watermark_ms or 0),
            self._board.total_values(),
        )
        window.note_measured(fills.wallet_ids[chosen])
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


class Measuring:
    """A thread that measures, and what it found, to be told by who follows.

    Its failure ends nothing but itself, and is raised where it is next asked.

    Args:
        make: Makes the measurer, in the thread.
    """

    def __init__(self, settings: Settings, make: Callable[[], Measurer], clock: Clock):
        self._settings = settings
        self._make = make
        self._clock = clock
        self._stop = threading.Event()
        self._found: queue.SimpleQueue[tuple[list[Event], list[ProfileChange], frozenset[str]]]
        self._found = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="measuring", daemon=True)
        self._crash: BaseException | None = None
        self.watched: frozenset[str] = frozenset()
        self.status = MeasuringStatus()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def tell(self, session: "LiveSession") -> None:
        """Tell what was found since the last call.

        Raises:
            BaseException: Measuring failed.
        """
        if self._crash is not None:
            raise self._crash
        while not self._found.empty():
            events, changes, earned = self._found.get()
            for event in events:
                session.newsroom.tell(event)
            session.newsroom.send()
            for change in changes:
                session.tell_change(change, earned)

    def close(self) -> None:
        """End after the round that is under way, for which it waits a little."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(PATIENCE_S)

    def _run(self) -> None:
        try:
            measurer = self._make()
            try:
                self._go_round(measurer)
            finally:
                measurer.close()
        except BaseException as crash:
            self._crash = crash

    def _go_round(self, measurer: Measurer) -> None:
        """Measure round by round, within the share of a core that is allowed."""
        began_s, spent_s = self._clock.monotonic_s(), 0.0
        while not self._stop.is_set():
            start_s, start_cpu_s = self._clock.monotonic_s(), time.process_time()
            events, changes = measurer.round(self.watched)
            self._found.put((events, changes, measurer.earned))
            cost_s = time.process_time() - start_cpu_s
            spent_s += cost_s
            elapsed_s = self._clock.monotonic_s() - start_s
            rest_s = max(self._settings.live.tick_s, cost_s / self._settings.live.cpu_share)
            self._clock.wait(self._stop, max(rest_s - elapsed_s, 0.0))
            share = spent_s / max(self._clock.monotonic_s() - began_s, 1e-9)
            self.status = replace(measurer.status, cpu_share=round(share, 3))
