"""How following on paper stands, from its log while it grows."""

import logging

from hypertrack.errors import DatasetError
from hypertrack.live.paper_result import result_of
from hypertrack.live.paper_state import PaperState, stepped
from hypertrack.outputs.follow_words import parts_table, sentences
from hypertrack.records import PaperPosition, Record
from hypertrack.serving.line_tail import Added

log = logging.getLogger(__name__)

N_POSITIONS = 10
"""Shown; the largest first."""


class PaperView(Record, frozen=True, kw_only=True):
    """What is shown of following on paper."""

    until_ms: int
    sentences: tuple[str, ...]
    """The most important first."""
    parts: tuple[tuple[str, str], ...]
    """The leaders' result, what lies between, and ours: they sum, USD."""
    positions: tuple[PaperPosition, ...]
    n_positions: int


class PaperBook:
    """Takes the steps of the log as they are added."""

    def __init__(self) -> None:
        self._state: PaperState | None = None
        self._is_broken = False

    def take(self, added: Added) -> None:
        """Take what was added; a log that was changed is said once and shown no more."""
        if added.is_another:
            self._state, self._is_broken = None, False
        for line in () if self._is_broken else added.lines:
            try:
                self._state = stepped(self._state, line, "its log")
            except DatasetError as error:
                log.warning("following on paper is not shown: %s", error)
                self._state, self._is_broken = None, True
                return

    def view(self) -> PaperView | None:
        """Return how it stands; None before it begins."""
        if self._state is None:
            return None
        found = result_of(self._state)
        return PaperView(
            until_ms=found.until_ms,
            sentences=sentences(found),
            parts=tuple(parts_table(found)),
            positions=found.positions[:N_POSITIONS],
            n_positions=len(found.positions),
        )
