"""A disk that fills up, and one that does not follow."""

import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch


@contextmanager
def file_size_limit(n_bytes: int) -> Iterator[None]:
    """Make the system refuse to let files grow, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def stalled_disk() -> Iterator[threading.Event]:
    """Let every `os.pwrite` wait while the event that is given is cleared, then do it."""
    is_going, write = threading.Event(), os.pwrite
    is_going.set()

    def write_late(descriptor: int, data: bytes, offset: int) -> int:
        assert is_going.wait(20)
        return write(descriptor, data, offset)

    with patch("os.pwrite", write_late):
        try:
            yield is_going
        finally:
            is_going.set()
