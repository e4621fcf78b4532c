"""The coverage ledger: what was observed when, and what is known to be missing."""

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from hypertrack.journal import write_lines
from hypertrack.records import CoverageLine, JsonError, decode_json, encode_json
from hypertrack.store.files.layout import COVERAGE_NAME


class Ledger:
    """Writes ``coverage.jsonl``: settled lines stay, the lines of the present stand behind them.

    The lines of the present are those of intervals that have not ended. They are replaced at every
    `checkpoint`, in place, so that the ledger of a recorder that was killed is whole up to its
    last one; at the next opening they are settled.
    """

    def __init__(self, folder: Path):
        self._path = folder / COVERAGE_NAME
        self._file: int | None = None
        self._settled_bytes = 0
        self._unwritten: list[CoverageLine] = []
        self._lock = threading.Lock()

    def settle(self, lines: Iterable[CoverageLine]) -> None:
        """Add lines that will not change; they reach the file with the next checkpoint."""
        with self._lock:
            self._unwritten.extend(lines)

    @property
    def n_unwritten(self) -> int:
        """Return how many settled lines wait for the next checkpoint."""
        return len(self._unwritten)

    def checkpoint(
        self, present: Iterable[CoverageLine] = (), n_settled: int | None = None
    ) -> None:
        """Write the settled lines, and behind them those of the present.

        Args:
            n_settled: How many of the unwritten settled lines belong before the present; all
                where None.

        Raises:
            OSError: The disk is full, or broken; the file still ends in a whole line.
        """
        with self._lock:
            file = self._opened()
            settled = _encode(self._unwritten[:n_settled])
            text = settled + _encode(present)
            old_bytes = os.fstat(file).st_size - self._settled_bytes
            # Blank lines cover what is left of longer old text, until it is cut off: a kill
            # between the two calls leaves nothing half.
            padded = text + b"\n" * max(old_bytes - len(text), 0)
            write_lines(file, padded, self._settled_bytes)
            os.ftruncate(file, self._settled_bytes + len(text))
            self._settled_bytes += len(settled)
            del self._unwritten[:n_settled]

    def sync(self) -> None:
        """Make what was written survive a power cut, if anything was."""
        if self._file is not None:
            os.fsync(self._file)

    def close(self) -> None:
        """Sync and close the file, if it was ever written."""
        self.sync()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o644)
            self._settled_bytes = os.fstat(self._file).st_size
        return self._file


def read_ledger(folder: Path, name: str = COVERAGE_NAME) -> list[CoverageLine]:
    """Return the lines of a ledger that can be read; none where there is no file."""
    path = folder / name
    return readable_lines(path.read_bytes().splitlines()) if path.exists() else []


def readable_lines(texts: Iterable[bytes]) -> list[CoverageLine]:
    """Return the lines of a ledger that can be read."""
    lines = []
    for text in texts:
        try:
            line = decode_json(text, CoverageLine)
        except (JsonError, UnicodeDecodeError):
            continue
        if line.start_ms <= line.end_ms:
            lines.append(line)
    return lines


def _encode(lines: Iterable[CoverageLine]) -> bytes:
    return b"".join(encode_json(line) + b"\n" for line in lines)
