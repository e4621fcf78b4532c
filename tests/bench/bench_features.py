"""Time the feature matrix on a simulated day: python tests/bench/bench_features.py [n_trades].

Prints seconds for opening the dataset and for each matrix, then where the time of the largest
one goes, by prepared table, and the peak memory.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypertrack.config import FeatureSettings, FeeSettings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.features.registry import FEATURES
from hypertrack.simulate.bulk import settings_for, write_dataset
from hypertrack.simulate.market import Market
from hypertrack.store.dataset import open_dataset


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took."""
    start_s = time.perf_counter()
    yield
    print(f"{what:44} {time.perf_counter() - start_s:7.2f} s", flush=True)


def simulated(folder: Path, n_trades: int) -> Path:
    """Write a simulated dataset once; later runs find it again."""
    path = folder / f"simulated-{n_trades}"
    if not path.exists():
        with timed(f"write {n_trades:,} trades (not part of the figures)"):
            market = Market(settings_for(SimulateSettings(), n_trades))
            for _ in write_dataset(market, path, n_trades):
                pass
    return path


def main(n_trades: int, folder: Path) -> None:
    """Run the benchmark."""
    path = simulated(folder, n_trades)
    with timed("open"):
        dataset = open_dataset(path)
    with dataset:
        with timed("engine (executions)"):
            engine = FeatureEngine(dataset, FeatureSettings(groups=("base",)), FeeSettings())
        with timed("base matrix"):
            engine.matrix()
        with timed("base matrix at a cut, tables prepared"):
            engine.matrix(until_ms=(engine.start_ms + engine.end_ms) // 2)
        names = [each.name for each in FEATURES]
        with timed("base + extended matrix, base tables prepared"):
            engine.matrix(names=names)
        with timed("base + extended matrix, all tables prepared"):
            matrix = engine.matrix(names=names)
        for source in dict.fromkeys(each.source for each in FEATURES):
            with timed(f"  {source.__name__}"):
                engine.matrix(names=[each.name for each in FEATURES if each.source is source])
    peak_gib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(f"{len(matrix.wallets):,} wallets × {len(names)} features, peak {peak_gib:.1f} GiB")


if __name__ == "__main__":
    count = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000
    main(count, Path(tempfile.gettempdir()))
