"""A file that messages are added to, a line of JSON each."""

from collections.abc import Sequence
from pathlib import Path

from hypertrack.delivery.answers import TAKEN, Answer, failed
from hypertrack.journal import Journal
from hypertrack.records import Message
from hypertrack.text import first_line


class LineFile:
    """Adds what messages hold for programs to a file."""

    most_at_once = 1_000
    every_s = 0.0

    def __init__(self, path: Path):
        self._path = path
        self._journal: Journal | None = None

    def send(self, messages: Sequence[Message]) -> Answer:
        """Add messages; they are on the disk when this returns."""
        try:
            self._journal = self._journal or Journal(self._path)
            self._journal.add(bytes(message.data) for message in messages)
        except OSError as error:
            return failed(first_line(error))
        return TAKEN

    def close(self) -> None:
        """Close the file."""
        if self._journal is not None:
            self._journal.close()
