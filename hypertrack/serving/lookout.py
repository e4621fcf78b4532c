"""Looks at the files that other processes write, in a thread of its own, and tells what is new."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.files import FileStamp, stamp_of
from hypertrack.line_tail import NOTHING, Added, LineTail
from hypertrack.live.desk import Gap
from hypertrack.serving.paper_view import PaperBook, PaperView
from hypertrack.serving.shelf import Shelf

log = logging.getLogger(__name__)

POLL_S = 0.2

COST_SHARE = 0.05
"""Of a core, for each thing whose reading takes longer the more there is: it is read less often."""

ALIVE_S = 5.0
"""Live writes its status once a second: silent for so long, it has ended or hangs."""


@dataclass(frozen=True)
class ServedFiles:
    """What is looked at.

    Attributes:
        comparison: Of two models, as live looked at it last.
    """

    signals: Path
    follow: Path
    status: Path
    comparison: Path


@dataclass(frozen=True)
class ModelsSaid:
    """How two models did, as it is written now.

    Attributes:
        text: None where the file was moved away.
    """

    text: bytes | None


@dataclass(frozen=True)
class LiveSaid:
    """What live said last.

    Attributes:
        text: Its status, as it wrote it.
        is_alive: It was written a moment ago.
    """

    text: bytes
    written_ms: int
    is_alive: bool


@dataclass(frozen=True)
class News:
    """What is new since the last look; None where nothing is.

    Attributes:
        profiles_version: Rises when other profiles are there, and there was time to show them.
    """

    signals: Added = NOTHING
    follow: Added = NOTHING
    paper: PaperView | None = None
    live: LiveSaid | None = None
    gaps: tuple[Gap, ...] | None = None
    profiles_version: int | None = None
    models: ModelsSaid | None = None


class Lookout:
    """Looks several times a second until it is closed.

    Args:
        changed_gaps: Reads what was missed where that is other than at the last call, else None.
        tell: Called in this thread with what is new.
    """

    def __init__(
        self,
        files: ServedFiles,
        shelf: Shelf,
        changed_gaps: Callable[[], tuple[Gap, ...] | None],
        tell: Callable[[News], None],
        clock: Clock,
    ):
        self._files = files
        self._shelf = shelf
        self._changed_gaps = changed_gaps
        self._tell = tell
        self._clock = clock
        self._signals = LineTail(files.signals)
        self._follow = LineTail(files.follow, first_bytes=None)
        self._paper = PaperBook()
        self._has_stepped = False
        self._paper_due_s = 0.0
        self._live: LiveSaid | None = None
        self._models_stamp: FileStamp | None = None
        self._gaps_due_s = 0.0
        self._stamps: object = None
        self._version = 0
        self._profiles_at_s = -inf
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lookout", daemon=True)

    def start(self) -> None:
        """Look once, then go on in a thread: a long log of paper keeps no page waiting."""
        self.look(NOTHING)
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self, follow: Added | None = None) -> None:
        """Tell what is new, if anything is.

        Args:
            follow: Instead of what was added to the log of paper.
        """
        follow = self._paper.take(self._follow.read() if follow is None else follow)
        news = News(
            signals=self._signals.read(),
            follow=follow,
            paper=self._look_at_paper(follow),
            live=self._look_at_live(),
            gaps=self._look_at_gaps(),
            profiles_version=self._look_at_profiles(),
            models=self._look_at_models(),
        )
        if news != News():
            self._tell(news)

    def _run(self) -> None:
        while not self._clock.wait(self._stop, POLL_S):
            try:
                self.look()
            except OSError as error:  # a disk that is away comes back, or the page says how old
                log.warning("files cannot be looked at: %s", error)

    def _look_at_live(self) -> LiveSaid | None:
        found = stamp_of(self._files.status)
        if found is None:
            return None
        written_ms = found.mtime_ns // 1_000_000
        # A file of the future is of a clock that was set back since, not of a moment ago.
        is_alive = abs(self._clock.wall_ns() - found.mtime_ns) <= ALIVE_S * 1e9
        known = self._live
        if known and (known.written_ms, known.is_alive) == (written_ms, is_alive):
            return None
        try:
            text = self._files.status.read_bytes()
        except OSError:
            return None
        self._live = LiveSaid(text, written_ms, is_alive)
        return self._live

    def _look_at_paper(self, added: Added) -> PaperView | None:
        self._has_stepped |= added != NOTHING
        now_s = self._clock.monotonic_s()
        if not self._has_stepped or now_s < self._paper_due_s:
            return None
        self._has_stepped = False
        view = self._paper.view()
        end_s = self._clock.monotonic_s()
        self._paper_due_s = end_s + (end_s - now_s) / COST_SHARE
        return view

    def _look_at_models(self) -> ModelsSaid | None:
        found = stamp_of(self._files.comparison)
        if found == self._models_stamp:
            return None
        self._models_stamp = found
        try:
            return ModelsSaid(None if found is None else self._files.comparison.read_bytes())
        except OSError:
            return ModelsSaid(None)

    def _look_at_gaps(self) -> tuple[Gap, ...] | None:
        now_s = self._clock.monotonic_s()
        if now_s < self._gaps_due_s:
            return None
        gaps = self._changed_gaps()
        end_s = self._clock.monotonic_s()
        self._gaps_due_s = end_s + (end_s - now_s) / COST_SHARE
        return gaps

    def _look_at_profiles(self) -> int | None:
        stamps, now_s = self._shelf.stamps(), self._clock.monotonic_s()
        due_s = self._profiles_at_s + self._shelf.page_cost_s / COST_SHARE
        if stamps == self._stamps or now_s < due_s:
            return None
        self._stamps, self._profiles_at_s = stamps, now_s
        self._version += 1
        return self._version
