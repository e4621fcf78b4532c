"""Measure a month of sealed hours: python tests/bench/bench_month.py [n_trades] [stage ...].

Stages: ``features`` (from sealed hours to the base matrix), ``again`` (the same, nothing new),
``hour`` (the same after one more hour was sealed), ``window`` (the last day alone), ``seal`` (an
open hour of 95,000 trades), ``cuts`` (five cuts beside one matrix). All where none is named, each
in its own process. The hours are made once, under the temporary folder, and found again; 70 million
trades take 12 GB of disk with everything that is kept of them.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.records import HOUR_MS, ZERO_HASH
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.compaction.sealed_rows import line_of
from hypertrack.store.dataset import open_dataset

N_HOURS = 720
TRADES_PER_WALLET = 233
"""70 million trades by 300,000 wallets, as one real hour of 95,000 trades suggests."""
N_COINS = 246
START_MS = 1_767_571_200_000
"""2026-01-05T00:00Z."""
END_MS = START_MS + N_HOURS * HOUR_MS
DAY_HOURS = 24
HOUR_TRADES = 95_000

BASE = FeatureSettings(groups=("base",))
MEMORY_GIB = 4.0
"""Of DuckDB, so that the whole process stays below 6 GiB."""

LEVEL = pa.struct({"px": pa.string(), "sz": pa.string(), "n": pa.int64()})


class Venue:
    """A market that costs little to make, with tails as heavy as the real one's.

    Source: shares of wallets and notionals in the specification of the simulation: the busiest
    1 % hold 24 % of fill sides and 10 % hold 60 %; trades of 344 USD in the median, of 3,760 at
    the ninth decile.
    """

    def __init__(self, n_trades: int, seed: int = 7):
        self._rng = np.random.default_rng(seed)
        self._per_hour = -(-n_trades // N_HOURS)
        n_wallets = max(n_trades // TRADES_PER_WALLET, 100)
        digits = self._rng.bytes(20 * n_wallets).hex()
        self._wallets = pa.array(
            ["0x" + digits[at : at + 40] for at in range(0, 40 * n_wallets, 40)]
        )
        self._takers = _cumulated(self._rng.lognormal(0, 1.6, n_wallets))
        self._makers = _cumulated(self._rng.lognormal(0, 1.6, n_wallets))
        self._coins = pa.array(["BTC", "ETH", "HYPE", *(f"C{at}" for at in range(N_COINS - 3))])
        self._popular = _cumulated(1 / np.arange(1, N_COINS + 1) ** 1.2)
        self._prices = 10 ** self._rng.uniform(-2, 4, N_COINS)
        self._next_id = 1

    def hour(self, start_ms: int, n: int | None = None) -> tuple[pa.Table, pa.Table]:
        """Return the rows of the trades and of the quotes of one hour, as sealed."""
        rng, n = self._rng, n or self._per_hour
        # Orders of 1.6 trades on average; the trades of one share time, coin, taker and side.
        order = np.cumsum(rng.random(n) < 1 / 1.6)
        n_orders = int(order[-1]) + 1
        times = np.sort(rng.integers(start_ms, start_ms + HOUR_MS, n_orders))[order]
        coins = np.searchsorted(self._popular, rng.random(n_orders))[order]
        takers = np.searchsorted(self._takers, rng.random(n_orders))[order]
        is_buy = (rng.random(n_orders) < 0.5)[order]
        makers = np.searchsorted(self._makers, rng.random(n))
        moves = np.exp(rng.normal(0, 2e-4, n))
        prices = self._walk(coins, moves)
        sizes = np.round(344 * np.exp(rng.normal(0, 1.865, n)) / prices, 6) + 1e-6
        lines = np.lexsort((times, coins))
        buyers, sellers = np.where(is_buy, takers, makers), np.where(is_buy, makers, takers)
        users = np.stack([buyers, sellers], axis=1)[lines].ravel()
        trades = {
            "received_ns": pa.array((times * 1_000_000 + 150_000_000)[lines]),
            "coin": self._coins.take(pa.array(coins[lines])),
            "side": pc.if_else(pa.array(is_buy[lines]), "B", "A"),
            "px": _text(prices[lines]),
            "sz": _text(sizes[lines]),
            "time": pa.array(times[lines]),
            "hash": self._hashes(n_orders).take(pa.array(order[lines])),
            "tid": pa.array((np.arange(n) + self._next_id)[lines]),
            "users": pa.ListArray.from_arrays(
                np.arange(0, 2 * n + 1, 2, dtype=np.int32), self._wallets.take(pa.array(users))
            ),
            "rest": pa.nulls(n, pa.string()),
        }
        self._next_id += n
        return pa.table(trades), self._quotes(times[lines], coins[lines], prices[lines])

    def _walk(self, coins: NDArray[Any], moves: NDArray[Any]) -> NDArray[Any]:
        """Return the price of each trade, five digits: each coin's goes on from where it was."""
        prices = np.empty(len(coins))
        for coin in np.unique(coins):
            own = np.flatnonzero(coins == coin)
            prices[own] = self._prices[coin] * np.cumprod(moves[own])
            self._prices[coin] = prices[own[-1]]
        scale = 10 ** (4 - np.floor(np.log10(prices)))
        return np.round(prices * scale) / scale

    def _quotes(self, times: NDArray[Any], coins: NDArray[Any], prices: NDArray[Any]) -> pa.Table:
        quoted = slice(0, None, 2)
        times, coins, prices = times[quoted] - 20, coins[quoted], prices[quoted]
        n = len(times)
        px = np.stack([prices * 0.9999, prices * 1.0001], axis=1).ravel()
        levels = pa.StructArray.from_arrays(
            [_text(px), pa.repeat("1.5", 2 * n), pa.repeat(3, 2 * n)], fields=list(LEVEL)
        )
        return pa.table(
            {
                "received_ns": pa.array(times * 1_000_000 + 150_000_000),
                "coin": self._coins.take(pa.array(coins)),
                "time": pa.array(times),
                "bbo": pa.ListArray.from_arrays(np.arange(0, 2 * n + 1, 2, dtype=np.int32), levels),
                "rest": pa.nulls(n, pa.string()),
            }
        )

    def _hashes(self, n: int) -> pa.Array:
        """Return a hash for each order; one in twenty is part of a TWAP and has none."""
        digits = self._rng.bytes(32 * n).hex()
        is_twap = self._rng.random(n) < 0.05
        return pa.array(
            [ZERO_HASH if is_twap[at] else "0x" + digits[64 * at : 64 * at + 64] for at in range(n)]
        )


def month(n_trades: int) -> Path:
    """Write the sealed hours once; later runs find them again."""
    path = Path(tempfile.gettempdir()) / f"month-{n_trades}"
    if not (path / "coverage.jsonl").exists():
        venue = Venue(n_trades)
        for hour in range(N_HOURS):
            write_hour(path, START_MS + hour * HOUR_MS, *venue.hour(START_MS + hour * HOUR_MS))
        (path / "coverage.jsonl").write_text(
            f'{{"stream":"trades:BTC","status":"observed","start_ms":{START_MS},'
            f'"end_ms":{END_MS}}}\n',
            encoding="ascii",
        )
    return path


def write_hour(path: Path, start_ms: int, trades: pa.Table, quotes: pa.Table) -> list[Path]:
    """Write a sealed hour of both feeds, and return its files."""
    name = time.strftime("%Y-%m-%dT%H.parquet", time.gmtime(start_ms // 1000))
    files = [path / "sealed" / feed / name for feed in ("trades", "bbo")]
    for file, rows in zip(files, (trades, quotes), strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(rows, file, compression="zstd")
    return files


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took, on the wall and in processor time."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    yield
    wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(f"{what:44} {wall_s:7.2f} s   cpu {cpu_s:7.2f} s   {peak_gib():5.2f} GiB", flush=True)


def peak_gib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def disk_gib(path: Path) -> float:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1024**3


def _cumulated(weights: NDArray[Any]) -> NDArray[Any]:
    total: NDArray[Any] = np.cumsum(weights)
    return total / total[-1] * (1 + 1e-12)


def _text(numbers: NDArray[Any]) -> pa.Array:
    return pc.cast(pa.array(numbers), pa.string())


def measure(path: Path) -> None:
    """Time a dataset from its files to the full base matrix."""
    with timed("from files to the base matrix"):
        with timed("  open"):
            dataset = open_dataset(path, memory_limit_gib=MEMORY_GIB)
        engine = FeatureEngine(dataset, BASE, FeeSettings())
        with timed("  matrix"):
            matrix = engine.matrix()
        with timed("  keep"):
            engine.prepare()
        dataset.close()
    kept_gib, all_gib = disk_gib(path / "prepared"), disk_gib(path)
    print(f"{len(matrix.wallets):,} wallets, disk {all_gib:.2f} GiB, {kept_gib:.2f} of it kept")


def features(n_trades: int) -> None:
    """Time it with nothing kept of an earlier run."""
    path = month(n_trades)
    shutil.rmtree(path / "prepared", ignore_errors=True)
    measure(path)


def hour(n_trades: int) -> None:
    """Time it after another hour was sealed; the hour is taken out again."""
    path = month(n_trades)
    names = write_hour(path, END_MS, *Venue(n_trades, seed=8).hour(END_MS))
    try:
        measure(path)
    finally:
        for name in names:
            name.unlink()


def window(n_trades: int) -> None:
    """Time the last day alone, of which the other hours are not opened."""
    with timed("the last day"):
        since_ms = END_MS - DAY_HOURS * HOUR_MS
        with open_dataset(month(n_trades), since_ms=since_ms, keep_prepared=False) as dataset:
            FeatureEngine(dataset, BASE, FeeSettings()).matrix()


def seal(_n_trades: int) -> None:
    """Time the sealing of an open hour of `HOUR_TRADES`."""
    venue = Venue(HOUR_TRADES * N_HOURS)
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "trades.jsonl"
        with path.open("wb") as file:
            for start_ms, n in ((START_MS, HOUR_TRADES), (START_MS + HOUR_MS, 1)):
                trades, _quotes = venue.hour(start_ms, n)
                file.writelines(line_of(row) + b"\n" for row in trades.to_pylist())
        print(f"{path.stat().st_size / 1024**2:.0f} MiB open")
        with timed(f"seal an hour of {HOUR_TRADES:,} trades"):
            (result,) = seal_folder(path.parent)
    print(f"{result.n_sealed:,} lines, {result.bytes_after / 1024**2:.0f} MiB sealed")


def cuts(n_trades: int) -> None:
    """Time five cuts beside one matrix."""
    with open_dataset(month(n_trades), memory_limit_gib=MEMORY_GIB) as dataset:
        engine = FeatureEngine(dataset, BASE, FeeSettings())
        with timed("one matrix"):
            engine.matrix()
        with timed("five cuts after it"):
            for at in (0.5, 0.6, 0.7, 0.8, 0.9):
                engine.matrix(until_ms=int(START_MS + at * (END_MS - START_MS)))


STAGES: dict[str, Callable[[int], None]] = {
    "features": features,
    "again": lambda n_trades: measure(month(n_trades)),
    "hour": hour,
    "window": window,
    "seal": seal,
    "cuts": cuts,
}


def main(n_trades: int, stages: list[str]) -> None:
    if len(stages) == 1:
        print(f"== {stages[0]}, {n_trades:,} trades", flush=True)
        STAGES[stages[0]](n_trades)
        return
    month(n_trades)
    for stage in stages or STAGES:
        subprocess.run([sys.executable, __file__, str(n_trades), stage], check=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    count = int(words.pop(0).replace("_", "")) if words and words[0][0].isdigit() else 7_000_000
    main(count, words)
