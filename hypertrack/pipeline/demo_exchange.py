"""The demo's exchange: a process of its own, with most of its market in the past."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO, Any

from hypertrack.config import SimulateSettings
from hypertrack.errors import VenueError
from hypertrack.records import JsonError, decode_json

RATE = "HYPERTRACK_SIMULATE__TRADES_PER_SECOND"
"""A setting without a flag."""

LISTEN_TIMEOUT_S = 600.0
"""It plays its past before it opens."""
GOODBYE_S = 10.0


class DemoExchange:
    """``hypertrack simulate`` as a process.

    Attributes:
        is_over: Set when its market has ended; it goes on answering.
    """

    def __init__(self, process: "subprocess.Popen[bytes]"):
        self.is_over = threading.Event()
        self._url = ""
        self._is_told = threading.Event()
        self._process = process
        assert process.stdout is not None
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def url(self) -> str:
        """Return its URL, when it listens.

        Raises:
            VenueError: It did not start.
        """
        self._is_told.wait(LISTEN_TIMEOUT_S)
        if not self._url:
            raise VenueError("the simulated exchange did not start: run `hypertrack simulate`")
        return self._url

    def close(self) -> None:
        """End it, whatever it does."""
        self._process.terminate()
        try:
            self._process.wait(GOODBYE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self, lines: IO[bytes]) -> None:
        for line in lines:
            event = _event(line)
            if event.get("event") == "listening":
                self._url = str(event["url"])
            elif event.get("event") == "finished":
                self.is_over.set()
            self._is_told.set()
        self._is_told.set()
        self.is_over.set()


@contextmanager
def demo_exchange(simulate: SimulateSettings) -> Iterator[DemoExchange]:
    """Run the exchange of these settings; it is making its past when this returns."""
    exchange = DemoExchange(
        # A session of its own: Ctrl-C is for who runs the demo, which ends this one then.
        subprocess.Popen(
            [sys.executable, "-m", "hypertrack", *_words(simulate)],
            env={**os.environ, RATE: str(simulate.trades_per_second)},
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    try:
        yield exchange
    finally:
        exchange.close()


def _words(simulate: SimulateSettings) -> Sequence[str]:
    """Return the command line of an exchange."""
    words = ["simulate", "--json", "--port", "0"]
    for name in ("seed", "speed", "hours", "history_hours", "wallets", "coins", "skill"):
        words += [f"--{name.replace('_', '-')}", str(getattr(simulate, name))]
    for trend in simulate.trend:
        words += ["--trend", trend]
    return words


def _event(line: bytes) -> dict[str, Any]:
    try:
        return decode_json(line, dict[str, Any])
    except JsonError:
        return {}
