"""What each part of the network is worth.

python tests/bench/bench_ablation.py [markets] [cache folder] [variants]

Simulated markets of different seeds; every variant is trained on the same wallets of each and
judged on the same other wallets, none of them a test row of anything. Prints skill by head, the
mean over heads as they are weighted in training ± its standard deviation over markets, and the
difference from the default, paired by market, ± its standard error.
"""

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from market_cache import MeasuredMarket, measured
from numpy.typing import NDArray
from scipy.stats import norm, spearmanr

from hypertrack.config import SimulateSettings, TrainSettings
from hypertrack.labels.splits import VALIDATION, drawn
from hypertrack.labels.targets import HEAD_COLUMNS, TARGETS
from hypertrack.model.baselines import BASELINES, constant
from hypertrack.model.evaluation import row_losses
from hypertrack.model.inputs import InputScaler
from hypertrack.model.predictor import predict_rows
from hypertrack.model.run import fit_network, run_to_end
from hypertrack.model.samples import Samples, assemble
from hypertrack.records import HEADS

Array = NDArray[np.float64]

DAY = SimulateSettings(hours=24, wallets=1_500, coins=12)
N_TRADES = 250_000
FIRST_SEED = 101
"""No market of these seeds is used anywhere else."""

JUDGED_FRAC = 0.3
INNER_FRAC = 0.1

VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "one member": {"n_members": 1},
    "3 members": {"n_members": 3},
    "10 members": {"n_members": 10},
    "no calibration": {"is_calibrated": False},
    "10 members, 5e-3": {"n_members": 10, "learning_rate": 5e-3},
    "10 members, 256, 128": {"n_members": 10, "hidden": (256, 128), "learning_rate": 1e-3},
    "no input noise": {"input_noise": 0.0},
    "input noise 0.6": {"input_noise": 0.6},
    "Brier in training": {"binary_loss": "brier"},
    "layers of 256, 256, 128": {"hidden": (256, 256, 128), "learning_rate": 1e-3},
    "one layer of 64": {"hidden": (64,)},
    "learning rate 5e-3": {"learning_rate": 5e-3},
    "dropout 0.5": {"dropout_frac": 0.5},
    "weight decay 1e-3": {"weight_decay": 1e-3},
    "no diversity term": {"diversity_weight": 0.0},
    "quantile inputs": {},
    "original": {"preset": "original"},
}


class QuantileScaler(InputScaler):
    """Features as normal scores of their rank among training rows, then the missing flags."""

    quantiles: Array

    def transform(self, values: Array) -> NDArray[np.float32]:
        """Return ``[rows, inputs]``."""
        inputs = super().transform(values)
        for column in range(len(self.names)):
            known = self.quantiles[:, column]
            below, up_to = (np.searchsorted(known, values[:, column], s) for s in ("left", "right"))
            score = norm.ppf(np.clip((below + up_to) / 2 / len(known), 0.01, 0.99))
            inputs[:, column] = np.where(np.isnan(values[:, column]), 0, score)
        return inputs


def quantile_scaler(samples: Samples) -> InputScaler:
    """Fit on the training rows."""
    scaler = QuantileScaler.fit(samples.feature_names, samples.train.features)
    steps = np.linspace(0, 1, 200)
    known = np.nan_to_num(np.nanquantile(samples.train.features, steps, axis=0))
    object.__setattr__(scaler, "quantiles", known)
    return scaler


def development(market: MeasuredMarket, settings: TrainSettings) -> Samples:
    """Return samples whose "test" rows are wallets held out of training, at its last cut."""
    rows = [
        replace(
            part,
            is_validation=drawn(
                [market.wallets[i] for i in part.wallet_ids], VALIDATION, JUDGED_FRAC
            ),
        )
        for part in market.rows
    ]
    samples = assemble(market.names, market.cuts, rows, settings, force=True)
    wallets = np.unique(samples.train.wallet_ids)
    inner = np.random.default_rng(0).permutation(wallets)[: int(INNER_FRAC * len(wallets))]
    is_inner = np.isin(samples.train.wallet_ids, inner)
    is_last = samples.train.cut_number == samples.train.cut_number.max()
    return replace(
        samples,
        train=samples.train.take(~is_inner),
        validation=samples.train.take(is_inner & is_last),
        test=samples.validation,
    )


def skills(samples: Samples, predicted: Array, scaler: InputScaler) -> Array:
    """Return the skill of each head, then their weighted mean, ``[heads + 1]``."""
    targets = samples.targets(samples.test)
    base = constant(samples, scaler)
    by_head = [
        1 - row_losses(predicted, targets, c).sum() / row_losses(base, targets, c).sum()
        for c in HEAD_COLUMNS.values()
    ]
    weights = TrainSettings().weight_by_head
    return np.array([*by_head, np.average(by_head, weights=[weights[h] for h in HEADS])])


def run(name: str, samples: Samples) -> tuple[Array, Array, float]:
    """Return the skills of a variant, its predictions, and the seconds it took."""
    start_s = time.perf_counter()
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    if name in BASELINES:
        predicted = BASELINES[name](samples, scaler)
    else:
        if name == "quantile inputs":
            scaler = quantile_scaler(samples)
        settings = TrainSettings.model_validate(VARIANTS[name])
        network = run_to_end(fit_network(samples, scaler, settings)).network
        predicted = predict_rows(network, scaler, samples.test.features).astype(np.float64)
    seconds = time.perf_counter() - start_s
    return skills(samples, predicted, scaler), predicted, seconds


def main(n_markets: int, cache: Path, names: Sequence[str]) -> None:
    """Run the ablation, of the variants named or of all."""
    torch.set_num_threads(1)
    settings = TrainSettings()
    markets = [
        measured(DAY.model_copy(update={"seed": FIRST_SEED + i}), N_TRADES, settings, cache)
        for i in range(n_markets)
    ]
    developed = [development(market, settings) for market in markets]
    n_rows = [len(samples.test) for samples in developed]
    print(f"{n_markets} markets, {sum(n_rows):,} rows judged; skill by head, overall ± sd")
    heads = " ".join(f"{head.split('_')[0][:6]:>6}" for head in HEADS)
    print(f"{'':24} {heads} {'overall':>15} {'to default':>15} {'IC edge':>13} {'s':>4}")
    default: Array | None = None
    for name in names or (*VARIANTS, *BASELINES):
        found = [run(name, samples) for samples in developed]
        skill = np.stack([each[0] for each in found])  # [markets, heads + 1]
        default = skill[:, -1] if default is None else default
        gain = skill[:, -1] - default
        runs = zip(markets, developed, found, strict=True)
        edge = np.mean([_edge(market, samples, each[1]) for market, samples, each in runs], axis=0)
        print(
            f"{name:24} "
            + " ".join(f"{value:+6.3f}" for value in skill.mean(axis=0)[:-1])
            + f" {skill[:, -1].mean():+7.4f} ±{skill[:, -1].std(ddof=1):6.4f}"
            + f" {gain.mean():+7.4f} ±{gain.std(ddof=1) / n_markets**0.5:6.4f}"
            + f" {edge[0]:+6.3f} {edge[1]:+6.3f} {np.mean([each[2] for each in found]):4.1f}",
            flush=True,
        )


def _edge(market: MeasuredMarket, samples: Samples, predicted: Array) -> list[float]:
    """Return the rank correlations of profitability and sophistication with the true edge."""
    edge = market.true("edge_bps", samples.test)
    columns = (TARGETS.index(name) for name in ("profitability_score", "sophistication_score"))
    return [float(spearmanr(predicted[:, column], edge).statistic) for column in columns]


if __name__ == "__main__":
    given = dict(enumerate(sys.argv[1:]))
    main(int(given.get(0, 10)), Path(given.get(1, "/tmp/hypertrack-markets")), sys.argv[3:])
