"""Time the model and hold it against the truth: python tests/bench/bench_model.py [trades] [seed].

Prints seconds for training on 100,000 rows, for scoring a million wallets and for the table of
5,000 test rows; then one whole run on a simulated day, its evaluation, and how well its scores
rank the wallets by what is true of them.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from hypertrack.config import Settings, SimulateSettings, TrainSettings
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.labels.targets import TARGETS
from hypertrack.model.baselines import BASELINES, constant
from hypertrack.model.evaluation import evaluate
from hypertrack.model.inputs import InputScaler, as_read
from hypertrack.model.predictor import predict_rows
from hypertrack.model.run import TrainedModel, train_model
from hypertrack.model.samples import Rows, Samples, build_samples
from hypertrack.model.training import train_network, training_rows
from hypertrack.model.versions import WalletModel
from hypertrack.records import CONSTANT, HEADS
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market
from hypertrack.store.dataset import open_dataset

DAY = SimulateSettings(hours=24, wallets=2_000)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took."""
    start_s = time.perf_counter()
    yield
    print(f"{what:60} {time.perf_counter() - start_s:7.2f} s", flush=True)


def repeated(rows: Rows, n: int) -> Rows:
    """Return n of the rows, drawn with replacement, each a wallet of its own."""
    drawn = rows.take(np.random.default_rng(0).integers(0, len(rows), n))
    return replace(drawn, wallet_ids=np.arange(n, dtype=np.int32))


def time_training(samples: Samples, n_rows: int) -> None:
    """Train for all 20 epochs, whatever the validation loss."""
    settings = TrainSettings(patience_epochs=20)
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    train, validation = (
        training_rows(scaler.transform(rows.features), samples.targets(rows), torch.device("cpu"))
        for rows in (repeated(samples.train, n_rows), samples.validation)
    )
    with timed(f"train on {n_rows:,} rows of {len(scaler.names)} features, 20 epochs"):
        epochs = list(train_network(train, validation, settings))
    assert len(epochs) == 20


def time_scoring(model: WalletModel, matrix: FeatureMatrix, n_wallets: int) -> None:
    """Score as many wallets, repeating those there are."""
    drawn = np.random.default_rng(0).integers(0, len(matrix.wallets), n_wallets)
    many = replace(matrix, wallets=("",) * n_wallets, values=matrix.values[drawn], wallet_ids=drawn)
    with timed(f"score {n_wallets:,} wallets"):
        model.predict(many)


def time_evaluation(samples: Samples, model: WalletModel, n_rows: int) -> None:
    """Train the baselines and judge every head, with intervals."""
    more = replace(samples, test=repeated(samples.test, n_rows))
    with timed(f"baselines for {n_rows:,} test rows"):
        predictions = {name: fit(more, model.scaler) for name, fit in BASELINES.items()}
        predictions[CONSTANT] = constant(more, model.scaler)
        predicted = predict_rows(model.network, model.scaler, more.test.features)
        predictions["net"] = predicted.astype(np.float64)
    with timed(f"evaluation of {n_rows:,} test rows by {len(predictions)} predictors"):
        evaluate(more, predictions, dict.fromkeys(HEADS, "net"), n_bootstrap=1_000)


def show_evaluation(trained: TrainedModel) -> None:
    """Print the evaluation table."""
    summary = trained.summary
    print(
        f"\n{summary.n_train_rows:,} training rows of {summary.n_train_wallets:,} wallets, "
        f"{summary.n_validation_rows:,} validation, {summary.n_test_rows:,} test"
    )
    for head in summary.heads:
        baselines = " ".join(
            f"{name} {skill:+.3f}" for name, skill in head.skill_by_baseline.items()
        )
        auc, ic = (
            "    -" if found is None else f"{found.value:.3f}" for found in (head.auc, head.rank_ic)
        )
        print(f"n {head.n_test:5,}  AUC {auc}  IC {ic}  {head.reason} [{baselines}]")


def show_truth(
    scores: NDArray[np.float32], matrix: FeatureMatrix, truth: dict[str, NDArray[np.generic]]
) -> None:
    """Print how the scores rank wallets of at least ten executions, beside single features."""
    place = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
    chosen = [
        i for i, w in enumerate(matrix.wallets) if w in place and matrix.n_executions[i] >= 10
    ]
    rows = [place[matrix.wallets[i]] for i in chosen]
    is_bot, edge_bps = truth["is_bot"][rows], truth["edge_bps"][rows]
    print(f"\nagainst the truth of {len(rows):,} wallets with at least 10 executions:")
    for name, values in {
        "bot_probability": scores[:, TARGETS.index("bot_probability")],
        "tx_per_day": matrix.column("tx_per_day"),
    }.items():
        print(f"  AUC of is_bot: {name:24} {roc_auc_score(is_bot, values[chosen]):.3f}")
    for name, values in {
        "profitability_score": scores[:, TARGETS.index("profitability_score")],
        "sophistication_score": scores[:, TARGETS.index("sophistication_score")],
        "markout_5m_bps": np.nan_to_num(matrix.column("markout_5m_bps")),
    }.items():
        print(f"  IC of true edge: {name:22} {spearmanr(edge_bps, values[chosen]).statistic:+.3f}")


def main(n_trades: int, seed: int, folder: Path) -> None:
    """Run the benchmark."""
    market = Market(settings_for(DAY.model_copy(update={"seed": seed}), n_trades))
    with timed(f"write {n_trades:,} trades (not part of the figures)"):
        for _ in write_dataset(market, folder / "data", n_trades):
            pass
    settings = Settings(out=folder / "out")
    with open_dataset(folder / "data") as dataset:
        with timed("engine (executions)"):
            engine = FeatureEngine(dataset, settings.features, settings.fees)
        with timed("train, with features, outcomes, baselines, evaluation"):
            *_, trained = train_model(engine, settings)
        assert isinstance(trained, TrainedModel)
        matrix = as_read(engine, engine.matrix())
        samples = build_samples(engine, settings.train)
    time_training(samples, 100_000)
    time_scoring(trained.model, matrix, 1_000_000)
    time_evaluation(samples, trained.model, 5_000)
    show_evaluation(trained)
    show_truth(trained.model.predict(matrix), matrix, market.truth)


if __name__ == "__main__":
    given = [int(text.replace("_", "")) for text in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as temporary:
        main(*given, *(400_000, 7)[len(given) :], folder=Path(temporary))
