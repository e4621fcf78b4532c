"""What was asked of which wallet, and how far that came: ``accounts/progress.jsonl``.

A line is written when what it speaks of is on the disk. After a kill the last line of each wallet
and step says where to go on.
"""

import os
from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path

from hypertrack.feeds.account_questions import Step
from hypertrack.journal import write_lines
from hypertrack.records import JsonError, Record, decode_json, encode_json
from hypertrack.store.files.layout import PROGRESS_NAME

StepKey = tuple[str, Step]


class StepState(StrEnum):
    """How far a step came."""

    TODO = "todo"
    PAGE = "page"
    DONE = "done"
    FAILED = "failed"


class StepLine(Record, frozen=True, kw_only=True):
    """A line: a wallet, a step, and how far it came."""

    wallet: str
    step: Step
    state: StepState
    at_ms: int
    """Wall clock; of the first line of this asking, in all of its lines."""
    since_ms: int = 0
    """From when on is asked for, exchange time; 0 for ever."""
    start_ms: int | None = None
    """Since when it is complete, exchange time."""
    cursor_ms: int | None = None
    """Where to go on, exchange time."""
    end_ms: int | None = None
    """Until when it is complete, exchange time."""
    newest_ms: int | None = None
    """Of the newest item there is; a further asking begins there."""
    n_items: int = 0
    cause: str | None = None
    """Why it begins where it does: ``first``, ``since`` or ``limit``."""
    came_in: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each record
    """By coin, the position before its oldest fill, where that is not 0."""
    reason: str | None = None
    """Why it failed."""

    @property
    def key(self) -> StepKey:
        """Return whose and which step it is."""
        return self.wallet, self.step

    @property
    def is_open(self) -> bool:
        """Return whether there is something left to ask."""
        return self.state in {StepState.TODO, StepState.PAGE}


class StepProgress:
    """The file, and the last line of each wallet and step.

    Args:
        hand_over: Called when lines are on the disk.
    """

    def __init__(self, folder: Path, hand_over: Callable[[], None] | None = None):
        self._path = folder / PROGRESS_NAME
        self._hand_over = hand_over
        self._last = read_progress(folder)

    def last(self, wallet: str, step: Step) -> StepLine | None:
        """Return how far a step came; None where it was never asked."""
        return self._last.get((wallet, step))

    def write(self, lines: Iterable[StepLine]) -> None:
        """Add lines.

        Raises:
            OSError: The disk is full, or broken.
        """
        added = list(lines)
        append_synced(self._path, b"".join(encode_json(line) + b"\n" for line in added))
        self._last.update({line.key: line for line in added})
        if self._hand_over is not None:
            self._hand_over()


def read_progress(folder: Path) -> dict[StepKey, StepLine]:
    """Return the last line of each wallet and step; lines that cannot be read are left out."""
    path, last = folder / PROGRESS_NAME, dict[StepKey, StepLine]()
    if not path.exists():
        return last
    for text in path.read_bytes().splitlines():
        try:
            line = decode_json(text, StepLine)
        except (JsonError, UnicodeDecodeError):
            continue
        last[line.key] = line
    return last


def append_synced(path: Path, lines: bytes) -> None:
    """Add whole lines to a file, which is made where missing, and have them on the disk.

    Raises:
        OSError: The disk is full, or broken; the file still ends in a whole line.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        write_lines(descriptor, lines, os.fstat(descriptor).st_size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
