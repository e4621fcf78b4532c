"""How soon live says what a leader did, what it follows, and what it needs for that.

    python tests/bench/bench_live.py rate [trades a second, default 50] [seconds, default 60]
    python tests/bench/bench_live.py window DATASET [window_h, default 24]
    python tests/bench/bench_live.py kills [how many, default 50]

`rate` writes trades to a folder as a recorder does, in real time, while live follows in a process
of its own: from an action's last fill to the making of its signal (``delay_ms``), one second of
settling and one of lateness included, the sync to the disk not. `window` opens a dataset's last
hours, measures the busiest wallets and others, and says how long that took and how much memory.
`kills` kills live at random moments under 200 trades a second, and holds its signals against those
of a replay.
"""

import json
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))

from kill_fakes import killed

from hypertrack.config import Settings
from hypertrack.files import stamp_of
from hypertrack.live.window import LiveWindow
from hypertrack.pipeline.live_process import LiveProcess
from hypertrack.pipeline.places import newest_ms
from hypertrack.store.profiles import ProfileFile

COINS = [f"COIN{nth}" for nth in range(20)]
WALLETS = [f"0x{nth:040x}" for nth in range(1, 401)]
LEADERS = WALLETS[:20]
FRAME_S = 0.02
SETTLE_S = 8.0

BUSIEST = 50

KILLS_PER_SECOND = 200


def lines(rng: random.Random, n: int, first_id: int) -> Iterator[bytes]:
    """Yield trades of this moment."""
    received_ns = time.time_ns()
    for nth in range(n):
        trade = {
            "received_ns": received_ns,
            "coin": rng.choice(COINS),
            "side": rng.choice("AB"),
            "px": f"{rng.uniform(80, 90):.3f}",
            "sz": f"{rng.uniform(0.1, 9):.2f}",
            "time": received_ns // 1_000_000,
            "hash": f"0x{rng.getrandbits(256):064x}",
            "tid": first_id + nth,
            "users": rng.sample(WALLETS, 2),
        }
        yield json.dumps(trade).encode() + b"\n"


def write_trades(file: Path, per_second: float, seconds: float) -> int:
    """Write trades at a rate; return how many."""
    rng = random.Random(3)
    n_written, start_s = 0, time.monotonic()
    with file.open("ab", buffering=0) as out:
        while (now_s := time.monotonic() - start_s) < seconds:
            n_due = int(now_s * per_second) - n_written
            out.write(b"".join(lines(rng, n_due, n_written + 1)))
            n_written += n_due
            time.sleep(FRAME_S)
    return n_written


class Ages:
    """How old the profiles of leaders are who traded since, each time that they are written."""

    def __init__(self, file: Path):
        self._file = file
        self._found: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ended(self) -> np.ndarray:
        """Look no more; return the ages, ms of exchange time; 0 of who has not traded since."""
        self._stop.set()
        self._thread.join()
        return np.array(self._found)

    def _run(self) -> None:
        stamp = None
        while not self._stop.wait(FRAME_S):
            if (now := stamp_of(self._file)) != stamp and now is not None:
                stamp, profiles = now, ProfileFile(self._file)
                is_leader = np.isin(profiles.column("wallet"), LEADERS)
                age_ms = profiles.header.data.end_ms - profiles.column("as_of_ms")
                has_traded = profiles.column("n_fills_since") > 0
                self._found += np.where(has_traded, age_ms, 0)[is_leader].tolist()


def rate(per_second: float = 50, seconds: float = 60) -> None:
    """Print delays of signals, and whether all trades were followed."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "data"
        folder.mkdir()
        (folder / "trades.jsonl").write_bytes(b"".join(lines(random.Random(1), 1, 10**9)))
        follow = {"leaders": LEADERS, "makers": True}
        settings = Settings.model_validate({"data": str(folder), "out": name, "follow": follow})
        live = LiveProcess(settings, lambda _: None, _no_logging, threading.Event())
        live.start()
        while live.status is None:
            time.sleep(0.1)
        ages = Ages(folder / "live" / "profiles.parquet")
        n_written = write_trades(folder / "trades.jsonl", per_second, seconds)
        time.sleep(SETTLE_S)
        live.end()
        said = (folder / "live" / "signals.jsonl").read_bytes().splitlines()
    status = live.status
    delays = np.array([json.loads(line)["delay_ms"] for line in said][10:])
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{n_written:,} trades written in {seconds:g} s, {status.n_trades:,} followed")
    print(f"{len(said):,} signals, action to signal ms: {_quantiles(delays)}")
    print(f"profiles {status.measuring.n_profiles:,}, waiting {status.measuring.n_waiting:,}")
    print(f"leaders that traded since they were measured, ms ago: {_quantiles(ages.ended())}")
    print(f"CPU {used.ru_utime + used.ru_stime:.1f} s, memory {used.ru_maxrss / 1_024:,.0f} MiB")


def window(dataset: str, window_h: str = "24") -> None:
    """Print what it takes to measure the wallets of a dataset's last hours."""
    settings = Settings.model_validate({"data": dataset, "live": {"window_h": float(window_h)}})
    assert isinstance(settings.data, Path)
    start_s = time.process_time()
    one = LiveWindow(settings, newest_ms(settings))
    one.advance()
    found = one.fills()
    print(f"opened: {time.process_time() - start_s:.1f} s of CPU, {_memory_mib():,.0f} MiB")
    print(f"{found.n_fills.sum():,} fills of {len(found.wallets):,} wallets, {one.length_h:.1f} h")
    busiest = found.wallets[np.argsort(-found.n_fills)[:BUSIEST]]
    usual = found.wallets[np.argsort(-found.n_fills)[BUSIEST::7][:BUSIEST]]
    for name, wallets in (("busiest", busiest), ("busiest again", busiest), ("others", usual)):
        start_s = time.process_time()
        matrix = one.engine().matrix(
            wallets=wallets.tolist(), since_ms=one.start_ms, until_ms=one.watermark_ms
        )
        cost_s = time.process_time() - start_s
        print(
            f"{name}: {len(matrix.wallets)} wallets, {matrix.n_fills.sum():,} fills: {cost_s:.1f} s"
        )
    print(f"memory {_memory_mib():,.0f} MiB")


def kills(n_kills: str = "50") -> None:
    """Print whether a signal was missed, or said twice, by a live that was killed so often."""
    with tempfile.TemporaryDirectory() as name:
        said, replayed = killed(Path(name), int(n_kills), KILLS_PER_SECOND)
    ids = {one["id"] for one in said}
    print(f"{n_kills} kills, {len(said):,} signals, {len(said) - len(ids)} twice")
    missing = len({one["id"] for one in replayed} - ids)
    print(f"{missing} missing; as a replay writes them: {said == replayed}")


def _quantiles(values: np.ndarray) -> str:
    return ", ".join(f"p{p} {np.percentile(values, p):,.0f}" for p in (50, 95, 99, 100))


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


def _no_logging() -> None:
    """Leave the logs of the new process as they are."""


if __name__ == "__main__":
    {"rate": rate, "window": window, "kills": kills}[sys.argv[1]](
        *(float(word) if sys.argv[1] == "rate" else word for word in sys.argv[2:])
    )
