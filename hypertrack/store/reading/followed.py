"""What live follows: the tape of a dataset that grows, and what its ledger says of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hypertrack.files import FileStamp, stamp_of
from hypertrack.records import CoverageLine, TapeTrade
from hypertrack.store.files.layout import COVERAGE_NAME
from hypertrack.store.files.ledger import read_ledger
from hypertrack.store.reading.answer_tape import AccountSeen, AnswerTape
from hypertrack.store.reading.tape import Tape, TapePlace


class TradeTape(Protocol):
    """Trades in the order of their receipt, as `Tape` gives them."""

    n_unread: int

    def go_on(self, place: TapePlace) -> bool:
        """Begin behind a place instead, if it is found again."""

    def place(self) -> TapePlace:
        """Return how far was read and given out."""

    def history(self, *, is_growing: bool = False) -> Iterator[list[TapeTrade]]:
        """Yield what is there, in batches."""

    def poll(self) -> list[TapeTrade]:
        """Return what was added since the last call."""

    def close(self) -> None:
        """Free what it holds."""


class Followed(Protocol):
    """A dataset that is followed."""

    tape: TradeTape

    def answers(self) -> list[AccountSeen]:
        """Return what the venue said of accounts, as far as it was added since the last call."""

    def changed_ledger(self) -> list[CoverageLine]:
        """Return the ledger where it is another than at the last call, else nothing."""


class FollowedFolder:
    """A folder that another process may be writing."""

    def __init__(self, folder: Path, since_ms: int = 0):
        self.tape: TradeTape = Tape(folder, since_ms)
        self._folder = folder
        self._stamp: FileStamp | None = None
        self._answers = AnswerTape(folder)

    def answers(self) -> list[AccountSeen]:
        """Return what the venue said of accounts, as far as it was added since the last call."""
        return self._answers.poll()

    def changed_ledger(self) -> list[CoverageLine]:
        """Return the ledger where it is another than at the last call, else nothing."""
        stamp = stamp_of(self._folder / COVERAGE_NAME)
        if stamp is None or stamp == self._stamp:
            return []
        self._stamp = stamp
        return list(read_ledger(self._folder))
