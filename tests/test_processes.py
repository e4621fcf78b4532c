"""Processes beside the first, and the Ctrl-C that is not theirs."""

import subprocess
import sys

INTERRUPTED_CHILD = """
import multiprocessing
import signal

from hypertrack.processes import shielded_from_interrupts

context = multiprocessing.get_context("spawn")
child = context.Process(target=signal.raise_signal, args=(signal.SIGINT,))
with shielded_from_interrupts():
    child.start()
child.join()
print(child.exitcode, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


def test_interrupt_is_nothing_to_a_process_started_under_the_shield_and_comes_to_ours() -> None:
    ours = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_CHILD], capture_output=True, text=True, check=False
    )

    assert ours.stderr == ""
    assert ours.stdout == "0 False\n"
