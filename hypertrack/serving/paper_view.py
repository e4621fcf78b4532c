"""How following on paper stands, from its log while it grows."""

import logging
from collections import deque
from collections.abc import Iterable

from hypertrack.errors import DatasetError
from hypertrack.line_tail import NOTHING, Added
from hypertrack.live.paper_events import SKIPPED
from hypertrack.live.paper_log import LogReader
from hypertrack.live.paper_result import result_of
from hypertrack.live.rules import Event
from hypertrack.outputs.follow_words import parts_table, sentences
from hypertrack.records import PaperPosition, Record

log = logging.getLogger(__name__)

NAME = "its log"
"""As a warning calls it."""

N_POSITIONS = 10
"""Shown; the largest first."""

N_DOINGS = 8
"""Shown; the newest first."""


class PaperDoing(Record, frozen=True, kw_only=True):
    """One thing that paper did."""

    name: str
    """Of the event, as rules call it."""
    time_ms: int
    text: str
    n_more: int = 0
    """Left out before it, one after the other, and told by it."""


class PaperView(Record, frozen=True, kw_only=True):
    """What is shown of following on paper."""

    until_ms: int
    sentences: tuple[str, ...]
    """The most important first."""
    parts: tuple[tuple[str, str], ...]
    """The leaders' result, what lies between, and ours: they sum, USD."""
    positions: tuple[PaperPosition, ...]
    n_positions: int
    doings: tuple[PaperDoing, ...]
    """What was done last, the newest first."""


class PaperBook:
    """Takes the steps of the log as they are added."""

    def __init__(self) -> None:
        self._log: LogReader | None = LogReader(NAME)
        self._doings: deque[PaperDoing] = deque(maxlen=N_DOINGS)

    def take(self, added: Added) -> Added:
        """Take what was added, and return what of it is shown.

        A log that was changed is said once and shown no more: it is as if it were moved away.
        """
        if added.is_another:
            self._log = LogReader(NAME)
            self._doings.clear()
        if self._log is None:
            return NOTHING
        try:
            for line in added.lines:
                self._note(self._log.take(line))
        except DatasetError as error:
            log.warning("following on paper is not shown: %s", error)
            self._log = None
            return Added(is_another=True)
        return added

    def _note(self, events: Iterable[Event]) -> None:
        """Keep what was done; of what was left out in a row the last stands for all."""
        for event in events:
            n_more = 0
            is_skip = event.name == SKIPPED
            if is_skip and self._doings and self._doings[-1].name == SKIPPED:
                n_more = self._doings.pop().n_more + 1
            doing = PaperDoing(
                name=event.name, time_ms=event.time_ms, text=event.text, n_more=n_more
            )
            self._doings.append(doing)

    def view(self) -> PaperView | None:
        """Return how it stands; None before it begins."""
        if self._log is None or self._log.state is None:
            return None
        found = result_of(self._log.state)
        return PaperView(
            until_ms=found.until_ms,
            sentences=sentences(found),
            parts=tuple(parts_table(found)),
            positions=found.positions[:N_POSITIONS],
            n_positions=len(found.positions),
            doings=tuple(reversed(self._doings)),
        )
