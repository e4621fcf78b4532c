"""Time the feature engine beside others: python tests/bench/bench_features.py [n_trades] [stage].

Stages: ``jsonl``, ``sealed``, ``prepared`` (from those files to the base matrix, with peak memory
and where the time goes), ``part`` (a thousand wallets, an hour), ``peers`` (the same features in
pandas, Polars, SQL and a loop, side by side). All where none is named, each in its own process.
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

from hypertrack.config import FeatureSettings, FeeSettings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.features.registry import FEATURES
from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import Dataset, open_dataset

FOLDER = Path(tempfile.gettempdir())
TRADES_PER_WALLET = 500
BASE = FeatureSettings(groups=("base",))
LOOP_TRADES = 200_000


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took, on the wall and in processor time."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    yield
    wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(f"{what:44} {wall_s:7.2f} s   cpu {cpu_s:7.2f} s", flush=True)


def simulated(n_trades: int) -> Path:
    """Write a simulated dataset once; later runs find it again."""
    path = FOLDER / f"simulated-{n_trades}"
    if not path.exists():
        n_wallets = max(n_trades // TRADES_PER_WALLET, 100)
        market = Market(settings_for(SimulateSettings(wallets=n_wallets), n_trades))
        for _ in write_dataset(market, path, n_trades):
            pass
    return path


def sealed(n_trades: int) -> Path:
    """Seal a copy of it once."""
    path = FOLDER / f"simulated-{n_trades}-sealed"
    if not path.exists():
        shutil.copytree(simulated(n_trades), path, ignore=shutil.ignore_patterns("prepared"))
        list(seal_folder(path))
    return path


def engine_of(dataset: Dataset) -> FeatureEngine:
    return FeatureEngine(dataset, BASE, FeeSettings())


def whole(path: Path, *, is_prepared: bool) -> None:
    """Time a dataset from its files to the full base matrix."""
    if not is_prepared:
        shutil.rmtree(path / "prepared", ignore_errors=True)
    with timed("from files to the base matrix"):
        with timed("  open"):
            dataset = open_dataset(path)
        with timed("  matrix"):
            engine = engine_of(dataset)
            matrix = engine.matrix()
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{len(matrix.wallets):,} wallets, peak {peak_gib:.2f} GiB", flush=True)
    with timed("the matrix at a cut, tables made"):
        engine.matrix(until_ms=(engine.start_ms + engine.end_ms) // 2)
    for source in dict.fromkeys(each.source for each in FEATURES if each.group == "base"):
        with timed(f"  {source.__name__}, tables made"):
            engine.matrix(names=[each.name for each in FEATURES if each.source is source])
    engine.backend.prepare()
    dataset.close()


def part(path: Path) -> None:
    """Time a thousand wallets, and an hour, of a prepared dataset."""
    with open_dataset(path) as dataset:
        known = dataset.connection.execute("SELECT wallet FROM wallets ORDER BY hash(wallet)")
        wallets = [wallet for (wallet,) in known.fetchmany(1_000)]
    for what, asked in (
        ("1,000 wallets", {"wallets": wallets}),
        ("10 wallets", {"wallets": wallets[:10]}),
    ):
        with timed(f"open and measure {what}"), open_dataset(path) as dataset:
            engine_of(dataset).matrix(**asked)
    with timed("open and measure the last hour"), open_dataset(path) as dataset:
        engine = engine_of(dataset)
        engine.matrix(since_ms=engine.end_ms - HOUR_MS)


def peers(path: Path) -> None:
    """Time the same features side by side, from tables in memory; all must agree."""
    import polars as pl  # noqa: PLC0415  # of the extra bench, as pandas
    from feature_peers import (  # noqa: PLC0415
        SHARED,
        assert_agree,
        by_loop,
        by_pandas,
        by_polars,
        by_sql,
    )

    with open_dataset(path) as dataset:
        dataset.load()
        connection = dataset.connection
        trades = pl.DataFrame(connection.sql("FROM trades").to_arrow_table())
        quotes = pl.DataFrame(connection.sql("FROM bbo").to_arrow_table())
        frames = trades.to_pandas(), quotes.to_pandas()
        engine = engine_of(dataset)
        ours_s, expected = clocked(lambda: engine.matrix(names=SHARED))
        rivals: dict[str, Callable[[], Any]] = {
            "hand-written DuckDB SQL": lambda: by_sql(connection),
            "Polars": lambda: by_polars(trades, quotes),
            "pandas": lambda: by_pandas(*frames),
        }
        print(f"{len(SHARED)} features, tables in memory: hypertrack {ours_s:.2f} s")
        for name, compute in rivals.items():
            rival_s, found = clocked(compute)
            assert_agree(found, expected)
            print(f"  {name:28} {rival_s:7.2f} s   {rival_s / ours_s:6.2f} x", flush=True)
        columns = ["time_ms", "coin_id", "price", "size", "is_buy", "buyer_id", "seller_id"]
        sample = trades.select(columns).head(LOOP_TRADES).rows()
        loop_s = clocked(lambda: by_loop(sample))[0] * len(trades) / len(sample)
        print(
            f"  Python loop, 4 features      {loop_s:7.2f} s   {loop_s / ours_s:6.2f} x  (scaled)"
        )


def clocked(compute: Callable[[], Any]) -> tuple[float, Any]:
    start_s = time.perf_counter()
    result = compute()
    return time.perf_counter() - start_s, result


STAGES: dict[str, Callable[[int], None]] = {
    "jsonl": lambda n: whole(simulated(n), is_prepared=False),
    "sealed": lambda n: whole(sealed(n), is_prepared=False),
    "prepared": lambda n: whole(simulated(n), is_prepared=True),
    "part": lambda n: part(simulated(n)),
    "peers": lambda n: peers(simulated(n)),
}


def main(n_trades: int, stages: list[str]) -> None:
    if len(stages) == 1:
        print(f"== {stages[0]}, {n_trades:,} trades", flush=True)
        STAGES[stages[0]](n_trades)
        return
    simulated(n_trades)
    for stage in stages or STAGES:
        subprocess.run([sys.executable, __file__, str(n_trades), stage], check=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    count = int(words.pop(0).replace("_", "")) if words and words[0][0].isdigit() else 1_000_000
    main(count, words)
