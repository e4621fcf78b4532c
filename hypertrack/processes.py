"""Processes beside the first: what the terminal sends to all of them is for the first alone."""

import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process, resource_tracker


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


def end_with_parent(scratch: str) -> None:
    """Let this process end when the one that started it has, however that was ended.

    A worker of a pool waits for its next task for ever otherwise: whoever is killed tells nobody.

    Args:
        scratch: Its `scratch_folder`, of which nobody else is left to clear it away.
    """
    tempfile.tempdir = scratch
    threading.Thread(target=_outlive_nobody, args=(scratch,), daemon=True).start()


def _outlive_nobody(scratch: str) -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)
