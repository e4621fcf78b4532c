"""Processes beside the first: what the terminal sends to all of them is for the first alone."""

import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker


@contextmanager
def shielded_from_interrupts() -> Iterator[None]:
    """Let processes that are started meanwhile, and theirs, never see Ctrl-C.

    They inherit it, so that it holds from their first moment on: to ignore the signal themselves
    they would have to be loaded, which takes a second.
    """
    resource_tracker.ensure_running()  # it lets the signal through again where it is the first
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def end_at_once(scratch: str) -> None:
    """Let this process end where it stands when it is terminated.

    Args:
        scratch: Its `scratch_folder`: it clears away nothing itself.
    """
    tempfile.tempdir = scratch
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
