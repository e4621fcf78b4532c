"""How much memory live needs for its window, and whether it stays flat while hours go by.

    python tests/bench/bench_live_memory.py [trades in the window, 3000000] [hours, 6]

The window of a day is filled at once; then hours of it are written as fast as live follows. What is
counted is the memory of the process that follows and of the one that measures, shared pages by
parts (PSS); the recorder's is not. The window is as long as the settings say by then, so that each
hour that is written lets go of another.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from hypertrack.config import Settings
from hypertrack.pipeline.live_process import LiveProcess
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS, MeasuringStatus

N_WALLETS, N_COINS = 2_000, 20
START_MS = 1_767_571_200_000
LOOK_S = 0.5
NEAR_MS = 10_000
REST_S = 20.0
"""Rounds of measuring between the filling of the window and the first hour."""


class Market:
    """Trades of a few wallets that trade much and many that trade little, evenly in time."""

    def __init__(self, n_a_day: int):
        self._rng = np.random.default_rng(3)
        self._n_a_day = n_a_day
        share = 1 / np.arange(1, N_WALLETS + 1) ** 0.8
        self._share = share / share.sum()
        self.n_written = 0

    def write(self, file: Path, start_ms: int, end_ms: int) -> None:
        """Append the trades of a span."""
        with file.open("a") as out:
            out.writelines(self._lines(start_ms, end_ms))

    def _lines(self, start_ms: int, end_ms: int) -> Iterator[str]:
        rng, n = self._rng, self._n_a_day * (end_ms - start_ms) // DAY_MS
        buyers = rng.choice(N_WALLETS, n, p=self._share)
        sellers = (buyers + rng.integers(1, N_WALLETS, n)) % N_WALLETS
        times_ms = np.sort(rng.integers(start_ms, end_ms, n))
        columns = (times_ms, rng.integers(0, N_COINS, n), rng.integers(0, 2, n), buyers, sellers)
        for time_ms, coin, side, buyer, seller in zip(
            *map(np.ndarray.tolist, columns), strict=True
        ):
            self.n_written += 1
            nth = self.n_written
            yield (
                f'{{"received_ns":{(time_ms + 200) * 1_000_000},"coin":"COIN{coin}",'
                f'"side":"{"AB"[side]}","px":"{80 + nth % 997 / 100:.2f}","sz":"{1 + nth % 89}",'
                f'"time":{time_ms},"hash":"0x{nth:064x}","tid":{nth},'
                f'"users":["0x{buyer + 1:040x}","0x{seller + 1:040x}"]}}\n'
            )


class Watch:
    """The most memory that live has used since the last look, MiB."""

    def __init__(self, live: LiveProcess):
        self._live = live
        self._most = 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def most(self) -> float:
        """Return it, and begin anew."""
        most, self._most = self._most, 0.0
        return most

    def _run(self) -> None:
        while True:
            self._most = max(self._most, sum(map(pss_mib, tree(self._live.pid))))
            time.sleep(LOOK_S)


def tree(pid: int | None) -> list[int]:
    """Return a process and all that it has started, as far as they are there."""
    if pid is None:
        return []
    try:
        said = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [pid, *(each for child in said.split() for each in tree(int(child)))]


def pss_mib(pid: int) -> float:
    """Return the memory of a process, shared pages by parts; 0 of one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1_024 for line in lines if line.startswith("Pss:")), 0.0)


def memory(n_trades: int, n_hours: int) -> None:
    """Print the memory with a window of so many trades, and hour by hour."""
    market = Market(n_trades)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir()
        file = folder / "trades.jsonl"
        market.write(file, START_MS, START_MS + DAY_MS)
        follow = {"leaders": [f"0x{nth:040x}" for nth in range(100, 110)], "makers": True}
        settings = Settings.model_validate({"data": str(folder), "out": name, "follow": follow})
        live = LiveProcess(settings, lambda _: None, _leave_logs, threading.Event())
        live.start()
        watch = Watch(live)
        wait_until(live, lambda said: said.n_profiles > 0)
        print(f"window filled: {watch.most():,.0f} MiB at most", flush=True)
        time.sleep(REST_S)
        print(f"{market.n_written:,} trades: {watch.most():,.0f} MiB at most", flush=True)
        for hour in range(n_hours):
            write_hour(market, file, START_MS + DAY_MS + hour * HOUR_MS, live)
            parts = " + ".join(f"{pss_mib(pid):,.0f}" for pid in tree(live.pid))
            print(f"hour {hour + 1}: {watch.most():,.0f} MiB at most, now {parts}", flush=True)
        status = live.status
        live.end()
    assert status is not None
    print(f"{status.n_trades:,} trades followed, {status.measuring.n_profiles:,} profiles")


def write_hour(market: Market, file: Path, start_ms: int, live: LiveProcess) -> None:
    """Write an hour minute by minute, and wait until it is followed and in the window."""
    for at_ms in range(start_ms, start_ms + HOUR_MS, MINUTE_MS):
        market.write(file, at_ms, at_ms + MINUTE_MS)
        time.sleep(0.05)
    while (
        live.status is None or (live.status.measuring.as_of_ms or 0) < start_ms + HOUR_MS - 10_000
    ):
        time.sleep(LOOK_S)


def wait_until(live: LiveProcess, happened: Callable[[MeasuringStatus], bool]) -> None:
    """Wait for what measuring is to say of itself."""
    while live.status is None or not happened(live.status.measuring):
        time.sleep(LOOK_S)


def _leave_logs() -> None:
    """Leave the logs of the new process as they are."""


if __name__ == "__main__":
    memory(*map(int, sys.argv[1:2] or ["3000000"]), *map(int, sys.argv[2:3] or ["6"]))
