"""What wallets did over the recording: read in a process of its own, shown once it is there."""

import logging
import multiprocessing
import os
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from hypertrack.errors import HypertrackError
from hypertrack.processes import shielded_from_interrupts
from hypertrack.records import Histories, decode_json, encode_json

log = logging.getLogger(__name__)

NICENESS = 10
"""Recording goes before looking back."""

Read = Callable[[Path], Histories]


class Historian:
    """Reads the histories that belong to a file of profiles, one reading after the other.

    A database in memory that is loaded by another thread would slow the page and outlive Ctrl-C;
    a process does neither.

    Args:
        read: Reads them, which may take minutes. A process is begun with it, so that it has to be
            one that pickles.

    Attributes:
        n_read: How often it was done.
    """

    def __init__(self, read: Read):
        self._read = read
        self._found: tuple[object, Histories | None] | None = None
        self._thread: threading.Thread | None = None
        self._process: multiprocessing.process.BaseProcess | None = None
        self._starting = threading.Lock()
        self._is_closed = False
        self.n_read = 0

    def of(self, file: Path, version: object) -> Histories | None:
        """Return what was found for a version of a file; begin to read where that was not done."""
        if self._found is not None and self._found[0] == version:
            return self._found[1]
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, args=(file, version), daemon=True)
            self._thread.start()
        return None

    def close(self) -> None:
        """End a reading that is not over."""
        with self._starting:
            self._is_closed = True
            if self._process is not None:
                self._process.kill()
        if self._thread is not None:
            self._thread.join()

    def _run(self, file: Path, version: object) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=False)
        with self._starting:
            if self._is_closed:
                return
            arguments = (theirs, self._read, file)
            self._process = context.Process(target=_send, args=arguments, daemon=True)
            with shielded_from_interrupts():  # the one that serves ends it
                self._process.start()
        theirs.close()
        try:
            found = decode_json(ours.recv_bytes(), Histories)
        except EOFError:  # killed, or it said itself why not
            found = None
        self._process.join()
        self._found = version, found
        self.n_read += 1


def _send(sink: Connection, read: Read, file: Path) -> None:
    os.nice(NICENESS)
    try:
        sink.send_bytes(encode_json(read(file)))
    except HypertrackError as error:
        log.warning("histories of wallets are not shown: %s", error)
