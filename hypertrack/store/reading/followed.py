"""What live follows: the tape of a dataset that grows, and what else is said of it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hypertrack.files import FileStamp, stamp_of
from hypertrack.records import CoverageLine
from hypertrack.store.files.layout import ANSWER_NAMES, COVERAGE_NAME
from hypertrack.store.files.ledger import read_ledger
from hypertrack.store.reading.answer_tape import AccountSeen, AnswerTape
from hypertrack.store.reading.tape import Tape, newest_trade_ms


class Followed(Protocol):
    """A dataset that is followed."""

    tape: Tape

    def newest_ms(self) -> int:
        """Return the newest time of a trade, -1 where there is none."""

    def answers(self) -> list[AccountSeen]:
        """Return what the venue said of accounts, as far as it was added since the last call."""

    def has_answers(self) -> bool:
        """Return whether the venue was asked about anybody."""

    def ledger(self) -> Sequence[CoverageLine]:
        """Return the lines of the ledger."""

    def changed_ledger(self) -> Sequence[CoverageLine]:
        """Return the ledger where it is another than at the last call, else nothing."""

    def close(self) -> None:
        """Free what it is read from."""


class FollowedFolder:
    """A folder that another process may be writing."""

    def __init__(self, folder: Path, since_ms: int = 0):
        self.tape = Tape(folder, since_ms)
        self._folder = folder
        self._stamp: FileStamp | None = None
        self._answers = AnswerTape(folder)

    def newest_ms(self) -> int:
        """Return the newest time of a trade, -1 where there is none."""
        return newest_trade_ms(self._folder)

    def answers(self) -> list[AccountSeen]:
        """Return what the venue said of accounts, as far as it was added since the last call."""
        return self._answers.poll()

    def has_answers(self) -> bool:
        """Return whether the venue was asked about anybody."""
        return any((self._folder / name).exists() for name in ANSWER_NAMES)

    def ledger(self) -> Sequence[CoverageLine]:
        """Return the lines of the ledger."""
        return list(read_ledger(self._folder))

    def changed_ledger(self) -> Sequence[CoverageLine]:
        """Return the ledger where it is another than at the last call, else nothing."""
        stamp = stamp_of(self._folder / COVERAGE_NAME)
        if stamp is None or stamp == self._stamp:
            return []
        self._stamp = stamp
        return self.ledger()

    def close(self) -> None:
        """Close the files."""
        self.tape.close()
