"""What wallets did over the recording: read beside everything else, and shown once it is there."""

import logging
import os
import threading
from collections.abc import Callable

from hypertrack.errors import HypertrackError
from hypertrack.records import Histories, ProfileSet

log = logging.getLogger(__name__)

NICENESS = 10
"""Of the thread that reads, and of those that it begins: recording goes before looking back."""


class Historian:
    """Reads the histories that belong to some profiles, one reading after the other.

    Args:
        read: Reads them, which may take minutes; None where there are none.

    Attributes:
        n_read: How often it was done.
    """

    def __init__(self, read: Callable[[ProfileSet], Histories | None]):
        self._read = read
        self._is_busy = threading.Lock()
        self._found: tuple[ProfileSet, Histories | None] | None = None
        self.n_read = 0

    def of(self, profiles: ProfileSet) -> Histories | None:
        """Return what was found for these profiles; begin to read where that was not done yet."""
        if self._found is not None and self._found[0] is profiles:
            return self._found[1]
        if self._is_busy.acquire(blocking=False):
            # A daemon: whoever stops the server does not wait for it.
            threading.Thread(target=self._run, args=(profiles,), daemon=True).start()
        return None

    def _run(self, profiles: ProfileSet) -> None:
        found = None
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            found = self._read(profiles)
        except (HypertrackError, OSError) as error:
            log.warning("histories of wallets are not shown: %s", error)
        finally:
            self._found = profiles, found
            self.n_read += 1
            self._is_busy.release()
