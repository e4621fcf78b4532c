"""The thread that carries lines from the spool to the database, as often as it takes."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress

from hypertrack.clock import Clock
from hypertrack.errors import DatasetError
from hypertrack.store.database.bulk_loading import SpoolLoader
from hypertrack.store.database.connecting import Database, UnreachableError
from hypertrack.store.database.spool import Spool

log = logging.getLogger(__name__)

LOAD_INTERVAL_S = 0.5
HAND_OVER_POLL_S = 0.05
RETRY_MIN_S = 0.5
RETRY_MAX_S = 10.0

Connect = Callable[[], Database]
"""Connects and takes the lock of the dataset."""


class Uploader:
    """Loads the spool until it is told to finish; while the database is away it keeps trying.

    Args:
        database: Connected, with the lock taken; closed here.
        connect: Makes such a connection again.
    """

    def __init__(
        self, database: Database, connect: Connect, loader: SpoolLoader, spool: Spool, clock: Clock
    ):
        self._database: Database | None = database
        self._connect = connect
        self._loader = loader
        self._spool = spool
        self._clock = clock
        self._stop = threading.Event()
        self._trouble: str | None = None
        self._crash: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="uploader", daemon=True)

    def start(self) -> None:
        """Begin to carry."""
        self._thread.start()

    def hand_over(self, max_waiting: int | None = None) -> None:
        """Take over the files written to the spool, which have been synced and closed.

        Args:
            max_waiting: Segments; where more wait, so does the caller, for as long as the database
                takes any. None never waits.
        """
        self._spool.cut()
        while max_waiting is not None and self._thread.is_alive() and self._trouble is None:
            if len(self._spool.segments()) <= max_waiting:
                return
            self._clock.wait(self._stop, HAND_OVER_POLL_S)

    def finish(self, patience_s: float) -> None:
        """Carry what is left, and disconnect; whoever wrote to the spool has closed its files.

        Args:
            patience_s: How long the database may take; what it did not get by then stays in the
                spool for the next time.

        Raises:
            DatasetError: Not everything was carried; nothing is lost.
        """
        self._stop.set()
        self._thread.join(patience_s)
        if self._crash is not None:
            raise self._crash
        if self._thread.is_alive() or self._trouble is not None:
            why = self._trouble or f"it did not take everything within {patience_s:.0f} s"
            raise DatasetError(
                f"{why}; {self._spool.waiting_bytes() / 1e6:,.1f} MB wait in {self._spool.folder}: "
                "the next record or import with the same --data loads them first"
            )

    def _run(self) -> None:
        try:
            wait_s = LOAD_INTERVAL_S
            while not self._clock.wait(self._stop, wait_s):
                wait_s = LOAD_INTERVAL_S if self._carry() else self._pause_s(wait_s)
            self._carry()
        except BaseException as crash:
            self._crash = crash
        finally:
            self._disconnect()

    def _carry(self) -> bool:
        """Load what waits, over a new connection where the old one is broken; return success."""
        trouble = self._load() and self._load()
        if trouble is not None and self._trouble is None:
            log.warning("%s; until it is back, lines wait in %s", trouble, self._spool.folder)
        if trouble is None and self._trouble is not None:
            log.warning("%s; now it is back, and has what waited", self._trouble)
        self._trouble = trouble
        return trouble is None

    def _load(self) -> str | None:
        """Load what waits; return why it failed, None where it did not."""
        try:
            if self._database is None:
                self._database = self._connect()
                self._loader.forget_database()
            self._loader.load(self._database)
        except DatasetError as error:
            self._disconnect()
            return str(error)
        return None

    def _pause_s(self, wait_s: float) -> float:
        return min(max(2 * wait_s, RETRY_MIN_S), RETRY_MAX_S)

    def _disconnect(self) -> None:
        database, self._database = self._database, None
        if database is not None:
            with suppress(UnreachableError):  # it was gone already
                database.close()
