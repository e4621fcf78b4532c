"""Temporary folders: gone with their process, or with the next command where it was killed."""

import atexit
import fcntl
import logging
import os
import shutil
import socket
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

log = logging.getLogger(__name__)

PREFIX = f"hypertrack-{socket.gethostname()}-"
"""Of the folder of a process: whether one of another machine lives is for that machine to know."""

WORTH_SAYING_BYTES = 100_000_000


def scratch_folder(place: Path | None = None) -> tempfile.TemporaryDirectory[str]:
    """Return a new folder for what lasts no longer than this process.

    Args:
        place: It is made in there; where the system has its temporary files if None.

    Raises:
        OSError: The disk is full, or broken.
    """
    return tempfile.TemporaryDirectory(dir=own_folder(place), ignore_cleanup_errors=True)


def own_folder(place: Path | None = None) -> Path:
    """Return this process's folder in a place, which is removed when it ends.

    Raises:
        OSError: As for `scratch_folder`.
    """
    where = str(place or tempfile.gettempdir())
    if not _made_in(where).is_dir():  # whoever tidies up there has removed it: months have passed
        _made_in.cache_clear()
    return _made_in(where)


@cache
def _made_in(place: str) -> Path:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        with suppress(FileNotFoundError):  # cleared away by another before it was locked
            # The system unlocks it however we end.
            descriptor = os.open(folder, os.O_RDONLY)
            with suppress(OSError):  # a disk that knows no locks: nobody will think it abandoned
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            folder.stat()
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            return folder


def clear_abandoned(place: Path | None = None) -> None:
    """Remove what processes of this user and this machine left that were killed.

    Args:
        place: As for `scratch_folder`.
    """
    try:
        where = Path(place or tempfile.gettempdir())
        # Chance uses no hyphen: what follows one is of a machine whose name begins with ours.
        left = [each for each in where.iterdir() if each.name.rpartition("-")[0] + "-" == PREFIX]
    except OSError:  # whoever needs it will say so
        return
    n_bytes = sum(map(_clear, left))
    if n_bytes >= WORTH_SAYING_BYTES:
        log.warning("%.1f GB freed in %s: a killed process had left them", n_bytes / 1e9, where)


def _clear(folder: Path) -> int:
    """Remove the folder of a process that is gone, and return how many bytes that frees."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # of another user, or gone
        return 0
    try:
        if os.fstat(descriptor).st_uid != os.geteuid():
            return 0
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        n_bytes = sum(path.lstat().st_blocks * 512 for path in folder.rglob("*"))
    except OSError:  # its process lives, or nobody can know
        return 0
    else:
        shutil.rmtree(folder, ignore_errors=True)
        return n_bytes
    finally:
        os.close(descriptor)
