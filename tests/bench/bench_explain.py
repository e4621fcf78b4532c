"""Time explanations: python tests/bench/bench_explain.py [wallets].

Trains on a simulated day, then scores and explains as many wallets as asked, repeating those there
are; prints seconds, wallets a second, and how well the attributions add up.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from hypertrack.config import Settings, SimulateSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.model.inputs import as_read, comparable
from hypertrack.model.run import TrainedModel, train_model
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market
from hypertrack.store.dataset import open_dataset

N_TRADES = 200_000


def main(n_wallets: int, folder: Path) -> None:
    """Run the benchmark."""
    simulate = SimulateSettings(hours=24, wallets=1_500, seed=7)
    for _ in write_dataset(Market(settings_for(simulate, N_TRADES)), folder / "data", N_TRADES):
        pass
    settings = Settings(out=folder / "out")
    with open_dataset(folder / "data") as dataset:
        engine = FeatureEngine(dataset, settings.features, settings.fees)
        *_, trained = train_model(engine, settings)
        matrix = as_read(engine, engine.matrix())
    assert isinstance(trained, TrainedModel)
    drawn = np.random.default_rng(0).integers(0, len(matrix.wallets), n_wallets)
    many = replace(matrix, wallets=("",) * n_wallets, values=matrix.values[drawn], wallet_ids=drawn)
    for what, work in (
        ("score", lambda: trained.model.predict(many)),
        ("explain", lambda: trained.model.explain(many)),
    ):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        work()
        took_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
        print(
            f"{what} {n_wallets:,} wallets: {took_s:.1f} s ({cpu_s:.1f} s of CPU), "
            f"{n_wallets / took_s:,.0f} a second on {torch.get_num_threads()} threads",
            flush=True,
        )
    check_completeness(trained, comparable(matrix))


def check_completeness(trained: TrainedModel, features: np.ndarray) -> None:
    """Print how far the attributions of the wallets are from adding up."""
    explainer = trained.model.explainer
    moved, columns = explainer.attribute(features)
    difference = explainer.differences(features, columns)
    missed = np.abs(moved.sum(axis=2) - difference)
    print(
        f"sum of attributions misses the difference of scores by at most {missed.max(axis=0)} "
        f"(median {np.median(missed):.4f}); differences reach {np.abs(difference).max(axis=0)}"
    )


if __name__ == "__main__":
    given = [int(text.replace("_", "")) for text in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as temporary:
        main(*given, *(100_000,)[len(given) :], folder=Path(temporary))
