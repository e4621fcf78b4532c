"""Judging the wallets of a live demo while it runs, in a process of its own."""

import subprocess
import sys
from pathlib import Path

EVERY_S = 60.0
"""An hour of the demo's market; to judge takes seconds of a core."""


class DemoJudge:
    """Runs ``hypertrack classify`` again and again, never twice at once.

    Args:
        config: Settings file by which it finds everything.
        now_s: When all were judged last.
    """

    def __init__(self, config: Path, now_s: float):
        self._words = [sys.executable, "-m", "hypertrack", "classify", "--no-model", "--quiet"]
        self._words += ["--config", str(config)]
        self._begun_s = now_s
        self._process: subprocess.Popen[bytes] | None = None

    def look(self, now_s: float) -> None:
        """Begin if it is due: one that failed, as for a lack of memory, is made up for later."""
        is_judging = self._process is not None and self._process.poll() is None
        if is_judging or now_s - self._begun_s < EVERY_S:
            return
        self._begun_s = now_s
        self._process = subprocess.Popen(
            self._words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for who runs the demo
        )

    def close(self) -> None:
        """End what is under way: whoever judges all in the end writes the same file anew."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
