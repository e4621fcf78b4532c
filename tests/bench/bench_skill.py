"""Measure the judging of everybody: python tests/bench/bench_skill.py [n_trades] [n_wallets].

10 million trades by 100,000 wallets in ten days where nothing is said. The market is made once,
as sealed hours under the temporary folder, and found again; features come first, as in
``classify``, and are not counted. Processor time, and the most memory that the process ever held.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
from bench_month import timed, write_sealed

from hypertrack.config import FeatureSettings, Settings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.simulate.market.bulk import settings_for
from hypertrack.simulate.market.market import Market
from hypertrack.skill.judging import judge
from hypertrack.store.dataset import open_dataset

HOURS = 240
MEMORY_GIB = 4.0
"""Of DuckDB."""


def dataset_of(n_trades: int, n_wallets: int) -> Path:
    """Write the market once; later runs find it again."""
    path = Path(tempfile.gettempdir()) / f"skill-{n_trades}-{n_wallets}"
    if not (path / "coverage.jsonl").exists():
        settings = SimulateSettings(wallets=n_wallets, hours=HOURS)
        with timed(f"write {n_trades:,} trades sealed"):
            write_sealed(path, Market(settings_for(settings, n_trades)), n_trades)
    return path


def main(n_trades: int, n_wallets: int) -> None:
    """Judge all wallets of a market."""
    path, settings = dataset_of(n_trades, n_wallets), Settings()
    with open_dataset(path, memory_limit_gib=MEMORY_GIB) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(groups=("base",)), settings.fees)
        with timed("features"):
            engine.matrix()
        window = Window(engine.start_ms, engine.end_ms)
        with timed(f"judge {engine.n_wallets:,} wallets"):
            skill = judge(engine.backend, window, np.full(engine.n_wallets, True), settings)
    print(f"{skill.summary.n_tested:,} of {skill.summary.n_entities:,} entities tested")


if __name__ == "__main__":
    counts = [int(word.replace("_", "")) for word in sys.argv[1:]]
    main(*(counts + [10_000_000, 100_000][len(counts) :]))
