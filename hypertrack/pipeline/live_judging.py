"""Judging beside following: each block of a challenge is looked at once, when it is over."""

import logging
import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from tempfile import TemporaryDirectory

from hypertrack.config import Settings
from hypertrack.errors import HypertrackError
from hypertrack.files import FileStamp, stamp_of
from hypertrack.pipeline.challenge import COMPARISON_NAME, current
from hypertrack.pipeline.live_comparing import compare_live
from hypertrack.pipeline.places import live_folder
from hypertrack.processes import end_at_once, shielded_from_interrupts
from hypertrack.records import (
    MINUTE_MS,
    Challenge,
    ChallengeStatus,
    Decision,
    JsonError,
    LiveComparison,
    decode_json,
)
from hypertrack.scratch import scratch_folder

log = logging.getLogger(__name__)

NICENESS = 10
"""So much everybody else goes first: an outcome can wait, it is over."""

SETTLED_MS = MINUTE_MS
"""After the end of a window, until the recorder's ledger tells of all of it."""


class Judging:
    """Compares two models whenever a block of outcomes is over, in a process that ends with it.

    So a champion that says less than the constant loses its weight, and a better challenger is put
    in use where that was asked for, within a block of when it can be known, and nobody has to ask.

    Args:
        prepare: Called first in the process; it has to be picklable.
    """

    def __init__(self, settings: Settings, prepare: Callable[[], None] | None = None):
        self._settings = settings
        self._prepare = prepare
        self._context = multiprocessing.get_context("spawn")
        self._process: BaseProcess | None = None
        self._scratch: TemporaryDirectory[str] | None = None
        self._looked_at: tuple[int, int] | None = None
        self._comparison = live_folder(settings) / COMPARISON_NAME
        self._stamp: FileStamp | None = None
        self._status: ChallengeStatus | None = None

    def look(self, watermark_ms: int | None) -> None:
        """Start to judge where a block is over that was not looked at; nothing is waited for."""
        if self._process is not None:
            if self._process.is_alive():
                return
            self.close()
        asked = self._under_way()
        if asked is None or watermark_ms is None:
            return
        over = asked.started_ms, blocks_over(asked, watermark_ms)
        if over != self._looked_at:
            self._looked_at = over
            self._start()

    @property
    def status(self) -> ChallengeStatus | None:
        """Return how the last challenge stood when it was looked at; None where none was."""
        stamp = stamp_of(self._comparison)
        if stamp != self._stamp:
            self._stamp, self._status = stamp, self._read()
        return self._status

    def _read(self) -> ChallengeStatus | None:
        try:
            return ChallengeStatus.of(decode_json(self._comparison.read_bytes(), LiveComparison))
        except (OSError, JsonError, UnicodeDecodeError):
            return None  # moved away, or of another version: it is written anew

    def close(self) -> None:
        """End what is under way: outcomes that were not written are made the next time."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process.close()
            self._process = None
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    def _under_way(self) -> Challenge | None:
        try:
            found = current(self._settings)
        except HypertrackError:
            return None  # which scoring says
        return found if found is not None and found.decision is Decision.OPEN else None

    def _start(self) -> None:
        try:
            self._scratch = scratch_folder()
        except OSError as error:
            log.warning("the challenge is not looked at until its next block: %s", error)
            return
        args = (self._settings, self._prepare, self._scratch.name)
        self._process = self._context.Process(target=_judge, args=args, daemon=True)
        with shielded_from_interrupts():  # the terminal's: the parent ends it
            self._process.start()


def blocks_over(challenge: Challenge, watermark_ms: int) -> int:
    """Return the number of the last block whose rows have outcomes that are over, and told of."""
    return (watermark_ms - SETTLED_MS - challenge.embargo_ms) // challenge.block_ms - 2


def _judge(settings: Settings, prepare: Callable[[], None] | None, scratch: str) -> None:
    end_at_once(scratch)
    os.nice(NICENESS)
    if prepare is not None:
        prepare()
    try:
        found = compare_live(settings)
    except HypertrackError as error:
        log.warning("the challenge is not looked at: %s", error)
        return
    if found.challenge.decision is not Decision.OPEN:
        log.info("the challenge is decided: %s", found.challenge.decision)
