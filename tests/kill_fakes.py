"""Live killed under fire: trades come on while it is killed again and again."""

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fakes import ALICE, BOB, CAROL, trade

from hypertrack.config import Settings
from hypertrack.pipeline.live import begin_at, replay
from hypertrack.pipeline.live_process import LiveProcess

AFTER = {"emitted_ms", "delay_ms", "prev", "expires_ms"}
"""What follows from when a signal was written."""

RESTART_S = 0.05
FOLLOWS_FIRST_FRAC = 0.7
PATIENCE_S = 60.0


class Fire:
    """Trades written as a recorder writes them, in real time, in a thread of its own.

    Args:
        per_second: Trades of three wallets, in two coins.
    """

    def __init__(self, file: Path, per_second: float):
        self._file, self._wait_s = file, 1 / per_second
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.n_written = 0

    def __enter__(self) -> "Fire":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        rng = random.Random(1)
        with self._file.open("ab", buffering=0) as out:
            while not self._stop.wait(self._wait_s):
                buyer, seller = rng.sample([ALICE, BOB, CAROL], 2)
                now_ms = time.time_ns() // 1_000_000
                self.n_written += 1
                facts = {"coin": rng.choice(["BTC", "ETH"]), "trade_id": self.n_written}
                row = trade(now_ms, buyer=buyer, seller=seller, taker=buyer, **facts)
                out.write(json.dumps(row | {"received_ns": time.time_ns()}).encode() + b"\n")


def killed(folder: Path, n_kills: int, per_second: float) -> tuple[list[Any], list[Any]]:
    """Return the signals of a live that was killed at random moments, and those of a replay.

    What follows from when they were written is left out.
    """
    data = folder / "data"
    data.mkdir(parents=True)
    given = {
        "data": str(data),
        "out": str(folder),
        "live": {"poll_s": 0.02, "settle_ms": 100, "window_h": 0, "checkpoint_s": 0.2},
        "follow": {"leaders": [ALICE, BOB], "makers": True},
    }
    settings = Settings.model_validate(given)
    begin_at(settings, 0)
    rng = random.Random(n_kills)
    live = LiveProcess(
        settings, lambda _: None, leave_logs, threading.Event(), restart_s=(RESTART_S,)
    )
    with Fire(data / "trades.jsonl", per_second) as fire:
        wait_for(lambda: fire.n_written)
        live.start()
        pid: int | None = None
        for _ in range(n_kills):
            pid = _kill(live, rng, pid)
        wait_for(lambda: live.status is not None and live.n_deaths >= n_kills)
    wait_for(lambda: live.status is not None and live.status.n_trades >= fire.n_written)
    live.end()
    assert live.failure is None
    replay(settings, 0, folder / "replayed.jsonl", lambda _: None)
    return signals(data / "live" / "signals.jsonl"), signals(folder / "replayed.jsonl")


def _kill(live: LiveProcess, rng: random.Random, last_pid: int | None) -> int:
    """Kill it as it starts, or once it has followed a while."""
    wait_for(lambda: live.pid not in (None, last_pid))
    live.status = None
    if rng.random() < FOLLOWS_FIRST_FRAC:
        wait_for(lambda: live.status)
    time.sleep(rng.uniform(0, 1))
    assert live.pid is not None
    os.kill(live.pid, signal.SIGKILL)
    return live.pid


def wait_for(happened: Callable[[], object]) -> None:
    """Wait for something that is bound to happen."""
    until_s = time.monotonic() + PATIENCE_S
    while not happened() and time.monotonic() < until_s:
        time.sleep(0.02)
    assert happened()


def signals(file: Path) -> list[dict[str, Any]]:
    """Return the signals of a file, without what follows from when they were written."""
    said = map(json.loads, file.read_bytes().splitlines())
    return [{k: v for k, v in one.items() if k not in AFTER} for one in said]


def leave_logs() -> None:
    """Leave the logs of the new process as they are."""
