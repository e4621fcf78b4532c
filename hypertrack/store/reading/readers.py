"""Who reads kept files, so that nobody deletes them meanwhile: locks that end with a process."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def keep_readable(lock: Path, opened: ExitStack) -> None:
    """Have what a lock stands for kept until what was opened is closed.

    Raises:
        OSError: The lock cannot be made.
    """
    readers = opened.enter_context(lock.open("ab"))
    fcntl.flock(readers, fcntl.LOCK_SH)


@contextmanager
def unread(lock: Path) -> Iterator[bool]:
    """Give whether nobody reads what a lock stands for; where so, nobody begins to meanwhile."""
    with lock.open("ab") as readers:
        try:
            fcntl.flock(readers, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
