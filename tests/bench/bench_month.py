"""Measure a month of sealed hours: python tests/bench/bench_month.py [n_trades] [stage ...].

Stages: ``features`` (from sealed hours to the base matrix, with nothing kept and with what their
sealing keeps), ``again`` (the same, nothing new),
``hour`` (the same after one more hour was sealed), ``window`` (the last day alone), ``seal`` (an
open hour of 95,000 trades), ``cuts`` (five cuts beside one matrix), ``peers`` (21 of the features
from tables in memory, beside Polars and hand-written SQL), ``train`` and ``classify`` (what the
commands do, with the default settings but for the memory of DuckDB; ``classify`` with the model of
the ``train`` before it).
All where none is named, each in its own process. The hours are those of the simulated market
(``simulate --write DIR --sealed``), made once, under the temporary folder, and found again.
"""

import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from hypertrack.config import FeatureSettings, FeeSettings, Settings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.engine.sealed_hours import keep_hours
from hypertrack.pipeline.classify import classify as classify_wallets
from hypertrack.pipeline.train import train as train_model
from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.hours import write_hours
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.store.compaction.new_hours import NewHours
from hypertrack.store.compaction.sealed_hours import MEMORY_GIB as SEALING_MEMORY_GIB
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import keep_sealed, open_dataset
from hypertrack.store.reading.prepared import as_table

N_HOURS = 720
TRADES_PER_WALLET = 233
"""70 million trades by 300,000 wallets, as one real hour of 95,000 trades suggests."""
END_MS = START_MS + N_HOURS * HOUR_MS
DAY_HOURS = 24
HOUR_TRADES = 95_000

CUTS_FRAC = (0.5, 0.6, 0.7, 0.8, 0.9)

BASE = FeatureSettings(groups=("base",))
MEMORY_GIB = 4.0
"""Of DuckDB, so that the whole process stays below 6 GiB."""


def market(n_trades: int, hours: float, start_ms: int = START_MS) -> Market:
    """Return a market of so many trades; one of another length has the same wallets."""
    wallets = max(round(n_trades / hours * N_HOURS) // TRADES_PER_WALLET, 100)
    settings = SimulateSettings(wallets=wallets, hours=hours)
    return Market(settings_for(settings, n_trades), start_ms)


def month(n_trades: int) -> Path:
    """Write the sealed hours once; later runs find them again."""
    path = Path(tempfile.gettempdir()) / f"month-{n_trades}"
    if not (path / "coverage.jsonl").exists():
        with timed(f"write {n_trades:,} trades sealed"):
            write_sealed(path, market(n_trades, N_HOURS), n_trades)
        print(f"{disk_gib(path):.2f} GiB")
    return path


def write_sealed(path: Path, made: Market, n_trades: int) -> None:
    """Write a market as sealed hours."""
    with NewHours(path) as hours:
        for _ in write_hours(made, path, hours, n_trades):
            pass
        hours.put_in_force()


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took, on the wall and in processor time."""
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    yield
    wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
    print(f"{what:44} {wall_s:7.2f} s   cpu {cpu_s:7.2f} s   {peak_gib():5.2f} GiB", flush=True)


def peak_gib() -> float:
    """Return the peak of this process, or of the largest that it started.

    Not both together: who asks the system for its processors starts a process that counts as large
    as this one, until it becomes another program.
    """
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whose) / 1024**2


def disk_gib(path: Path) -> float:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1024**3


def measure(path: Path) -> None:
    """Time a dataset from its files to the full base matrix."""
    with timed("from files to the base matrix"):
        with timed("  open"):
            dataset = open_dataset(path, memory_limit_gib=MEMORY_GIB)
        engine = FeatureEngine(dataset, BASE, FeeSettings())
        with timed("  matrix"):
            matrix = engine.matrix()
        with timed("  keep"):
            engine.backend.prepare()
        dataset.close()
    kept_gib, all_gib = disk_gib(path / "prepared"), disk_gib(path)
    print(f"{len(matrix.wallets):,} wallets, disk {all_gib:.2f} GiB, {kept_gib:.2f} of it kept")


def features(n_trades: int) -> None:
    """Time it with nothing kept of an earlier run, and with what sealing the hours keeps."""
    path = month(n_trades)
    shutil.rmtree(path / "prepared", ignore_errors=True)
    measure(path)
    shutil.rmtree(path / "prepared")
    with timed("keep the hours, as seal does"):
        keep_sealed(path, SEALING_MEMORY_GIB, made=keep_hours)
    measure(path)


def hour(n_trades: int) -> None:
    """Time it after another hour was sealed; the hour is taken out again."""
    path, before = month(n_trades), set(month(n_trades).rglob("*"))
    per_hour = n_trades // N_HOURS
    with tempfile.TemporaryDirectory() as temporary:
        write_sealed(Path(temporary), market(per_hour, 1.0, END_MS), per_hour)
        shutil.copytree(Path(temporary) / "sealed", path / "sealed", dirs_exist_ok=True)
    added = set((path / "sealed").rglob("*")) - before
    try:
        measure(path)
    finally:
        for file in added:
            file.unlink()


def window(n_trades: int) -> None:
    """Time the last day alone, of which the other hours are not opened."""
    with timed("the last day"):
        since_ms = END_MS - DAY_HOURS * HOUR_MS
        with open_dataset(month(n_trades), since_ms=since_ms, keep_prepared=False) as dataset:
            FeatureEngine(dataset, BASE, FeeSettings()).matrix()


def seal(_n_trades: int) -> None:
    """Time the sealing of an open hour of `HOUR_TRADES`; the trades of a minute after it stay."""
    hours = 1 + 1 / 60
    with tempfile.TemporaryDirectory() as temporary:
        path = Path(temporary) / "data"
        for _ in write_dataset(market(round(HOUR_TRADES * hours), hours), path):
            pass
        for file in path.glob("*.jsonl"):
            if file.name != "trades.jsonl":
                file.unlink()
        print(f"{(path / 'trades.jsonl').stat().st_size / 1024**2:.0f} MiB open")
        with timed(f"seal an hour of about {HOUR_TRADES:,} trades"):
            (result,) = seal_folder(path)
    print(f"{result.n_sealed:,} lines, {result.bytes_after / 1024**2:.0f} MiB sealed")


def cuts(n_trades: int) -> None:
    """Time five cuts beside one matrix."""
    with open_dataset(month(n_trades), memory_limit_gib=MEMORY_GIB) as dataset:
        engine = FeatureEngine(dataset, BASE, FeeSettings())
        with timed("one matrix"):
            engine.matrix()
        with timed("five cuts after it"):
            engine.matrices([START_MS + int(at * (END_MS - START_MS)) for at in CUTS_FRAC])


def peers(n_trades: int) -> None:
    """Time the same features in hand-written SQL and in Polars; all must agree.

    Each is alone in memory, but for the tables that it starts from.
    """
    import polars as pl  # noqa: PLC0415  # of the extra bench
    from feature_peers import SHARED, assert_agree, by_polars, by_sql  # noqa: PLC0415

    with open_dataset(month(n_trades), memory_limit_gib=MEMORY_GIB) as dataset:
        for table in ("trades", "bbo"):
            as_table(dataset.connection, table)
        dataset.hours = None  # nothing that is kept of them, as the others have it
        engine = FeatureEngine(dataset, BASE, FeeSettings())
        with timed(f"{len(SHARED)} features"):
            expected = engine.matrix(names=SHARED)
        with timed("  hand-written SQL"):
            found = by_sql(dataset.connection)
        assert_agree(found, expected)
        frames = [
            pl.DataFrame(dataset.connection.sql(f"FROM {table}").to_arrow_table())
            for table in ("trades", "bbo")
        ]
    for name in ("streaming", "in-memory"):
        with timed(f"  Polars, {name}"):
            found = by_polars(*frames, engine=name)
        assert_agree(found, expected)


def train(n_trades: int) -> None:
    """Time the training command, each of its stages apart."""
    shutil.rmtree(working_folder(n_trades), ignore_errors=True)
    with timed("train"), each_timed() as begin:
        trained = train_model(settings(n_trades), lambda stage: begin(stage.text), lambda _: None)
    summary = trained.summary
    print(f"{summary.n_train_rows:,} training rows, {summary.n_test_rows:,} test rows")
    for head in summary.heads:
        print(f"  {head.reason}")


def classify(n_trades: int) -> None:
    """Time the classification command with a model."""
    with timed("classify"):
        profiles = classify_wallets(settings(n_trades))
    print(f"{profiles.header.data.n_wallets:,} wallets")


def settings(n_trades: int) -> Settings:
    memory = FeatureSettings(memory_limit_gib=MEMORY_GIB)
    return Settings(data=month(n_trades), out=working_folder(n_trades), features=memory)


def working_folder(n_trades: int) -> Path:
    """Return where the model and the profiles of a month are written."""
    return Path(tempfile.gettempdir()) / f"month-{n_trades}-out"


@contextmanager
def each_timed() -> Iterator[Callable[[str], None]]:
    """Give what names the next part of the block; the part before it is then printed."""
    running = ExitStack()

    def begin(what: str) -> None:
        running.close()
        running.enter_context(timed(f"  {what}"))

    with running:
        yield begin


STAGES: dict[str, Callable[[int], None]] = {
    "features": features,
    "again": lambda n_trades: measure(month(n_trades)),
    "hour": hour,
    "window": window,
    "seal": seal,
    "cuts": cuts,
    "peers": peers,
    "train": train,
    "classify": classify,
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
