"""Lock files: one writer for each dataset, whatever became of the one before."""

import fcntl
import logging
import os
from pathlib import Path

from hypertrack.errors import DatasetError

log = logging.getLogger(__name__)


def lock_file(path: Path, place: object, doing: str = "recorded to") -> int:
    """Lock a file that names our process; the system frees it however the process ends.

    Args:
        place: What is locked by it, for people.
        doing: What its owner does.

    Returns:
        The file's descriptor, to be closed by whoever gives the lock back.

    Raises:
        DatasetError: Another process has the lock.
        OSError: The file cannot be written.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    owner = os.read(descriptor, 32).decode("ascii", "replace").strip()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise DatasetError(
            f"{place} is being {doing} by process {owner or '?'}: stop it, or choose another --data"
        ) from None
    if not path.exists() or path.stat().st_ino != os.fstat(descriptor).st_ino:
        os.close(descriptor)  # removed by its owner between opening and locking
        return lock_file(path, place, doing)
    if owner:
        log.warning("%s was being %s by process %s, which is gone: taken over", place, doing, owner)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def is_locked(path: Path) -> bool:
    """Return whether a process has a lock file locked."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
