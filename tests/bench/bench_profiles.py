"""Time profiles of many wallets: python tests/bench/bench_profiles.py [wallets].

Makes a feature matrix of that many wallets (and scores with reasons, as a model would give), then
runs each step as a process of its own. Prints seconds, seconds of CPU, the peak of memory of the
whole process, and the size of what was written.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import CategorySettings
from hypertrack.features.engine import FeatureMatrix
from hypertrack.features.registry import FEATURES
from hypertrack.pipeline.profile_batches import RuleColumns, profile_batches
from hypertrack.records import (
    PROFIT_NUMBERS,
    DataSummary,
    FeesSource,
    FundingSource,
    HeadEvaluation,
    ModelSummary,
    PnlSource,
    ProfileHeader,
    ReasonColumns,
    Scores,
)
from hypertrack.records.model import HEADS, SCORE_NAMES, STYLE_DIMENSIONS
from hypertrack.store.profiles import write_profiles

N_SLICES = 48
NAMES = tuple(each.name for each in FEATURES)
TARGETS = (*SCORE_NAMES, *STYLE_DIMENSIONS)
SPREAD = {
    "tx_count": (1.5, 1.6),
    "total_value": (8.0, 2.5),
    "max_value": (7.0, 2.0),
    "tx_per_day": (1.5, 1.8),
    "age_days": (0.5, 1.5),
    "avg_candle_volume": (4.0, 1.2),
    "avg_candle_volatility": (-6.0, 0.9),
}
"""Mean and deviation of logarithms, on the scale of a month of the venue; others lie in 0 to 1."""


def main(n_wallets: int, folder: Path) -> None:
    """Run every step as a process and print the table."""
    print(f"{n_wallets:,} wallets, {len(NAMES)} features, {os.cpu_count()} cores")
    print(f"{'':34}{'s':>8}{'CPU s':>8}{'peak MB':>9}{'file MB':>9}")
    for model in ("--no-model", "with a model"):
        out = folder / model.strip("-").replace(" ", "-")
        out.mkdir()
        print(f"{model}:")
        step = Step.run([sys.executable, __file__, "classify", str(n_wallets), str(out), model])
        step.show("classify, without features", out / "wallet_profiles.parquet")
        wallet = f"0x{n_wallets // 2:040x}"
        commands = {
            **{f"report --format {each}": f"final_report.{each}" for each in ("json", "csv")},
            "dashboard": "wallet_dashboard.html",
            f"wallet {wallet}": "",
        }
        for command, name in commands.items():
            shared = ["--profiles", str(out / "wallet_profiles.parquet"), "--out", str(out)]
            arguments = [*command.split(), *shared]
            step = Step.run([sys.executable, "-m", "hypertrack", *arguments])
            step.show(command[:32], out / name if name else None)
            if name:
                (out / name).unlink()
    both = [str(folder / name) for name in ("no-model", "with-a-model")]
    Step.run([sys.executable, "-m", "hypertrack", "diff", *both]).show("diff of the two", None)


class Step(NamedTuple):
    """What a process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str

    @classmethod
    def run(cls, command: Sequence[str]) -> "Step":
        """Run a command to its end."""
        start_s = time.perf_counter()
        silent = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=silent, text=True) as process:
            assert process.stdout is not None
            said = process.stdout.read()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0, command
        wall_s = time.perf_counter() - start_s
        return cls(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_024, said)

    def show(self, name: str, file: Path | None) -> None:
        """Print a line of the table; a step that timed itself is believed."""
        wall_s, cpu_s = self.wall_s, self.cpu_s
        if self.said.startswith("took "):
            wall_s, cpu_s = map(float, self.said.split()[1:])
        size = f"{file.stat().st_size / 1e6:9.0f}" if file else ""
        print(f"  {name:32}{wall_s:8.1f}{cpu_s:8.1f}{self.peak_mb:9.0f}{size}", flush=True)


def classify(n_wallets: int, out: Path, *, has_model: bool) -> None:
    """Classify wallets of a made-up matrix as the command does, and print what that took."""
    rng = np.random.default_rng(0)
    matrix, model = make_matrix(n_wallets, rng), MadeModel(rng) if has_model else None
    slices = rng.integers(0, 9, (n_wallets, N_SLICES), dtype=np.int32)
    header = make_header(n_wallets, has_model=has_model)
    profit = make_profit(n_wallets, rng)
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    batches = profile_batches(
        matrix,
        slices,
        model,  # type: ignore[arg-type]
        RuleColumns(CategorySettings()),
        {"profit": profit},
    )
    write_profiles(out / "wallet_profiles.parquet", header, batches)
    print(f"took {time.perf_counter() - start_s:.2f} {time.process_time() - start_cpu_s:.2f}")


def make_matrix(n_wallets: int, rng: np.random.Generator) -> FeatureMatrix:
    """Return a matrix with every feature, skewed as real ones are."""
    values = rng.random((n_wallets, len(NAMES)))
    for name, (mean, deviation) in SPREAD.items():
        values[:, NAMES.index(name)] = rng.lognormal(mean, deviation, n_wallets)
    column = NAMES.index("tx_count")
    values[:, column] = np.ceil(values[:, column])
    count = values[:, column].astype(np.int64)
    momentum = NAMES.index("avg_candle_momentum")
    values[:, momentum] = rng.normal(0, 0.002, n_wallets)
    return FeatureMatrix(
        wallet_ids=np.arange(n_wallets, dtype=np.int32),
        wallets=tuple(f"0x{i:040x}" for i in range(n_wallets)),
        names=NAMES,
        values=values,
        n_executions=count,
        n_fills=count,
        n_candle_matches=count,
        first_seen_ms=rng.integers(0, 10**9, n_wallets),
        last_seen_ms=rng.integers(10**9, 2 * 10**9, n_wallets),
        start_ms=0,
        end_ms=2 * 10**9,
        observed_days=30.0,
    )


def make_profit(n_wallets: int, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """Return columns about profit, of 100 combinations of coins."""
    coins = np.array([f"BTC, C{n}, HYPE" for n in range(100)], dtype=object)
    return {
        **{name: rng.normal(0, 1e3, n_wallets) for name in PROFIT_NUMBERS},
        "pnl_source": rng.choice(np.array([*PnlSource], dtype=object), n_wallets),
        "funding_source": rng.choice(np.array([*FundingSource], dtype=object), n_wallets),
        "fees_source": rng.choice(np.array([*FeesSource], dtype=object), n_wallets),
        "coins": coins[rng.integers(0, len(coins), n_wallets)],
    }


class MadeModel:
    """Random scores, and five random reasons of each: what a model gives, without its time."""

    def __init__(self, rng: np.random.Generator):
        self._rng = rng
        self.summary = summarize_model()

    def predict(self, matrix: FeatureMatrix) -> NDArray[np.float32]:
        """Return scores, ``[wallets, targets]``."""
        return self._rng.random((len(matrix.wallets), len(TARGETS)), dtype=np.float32)

    def explain(self, matrix: FeatureMatrix) -> ReasonColumns:
        """Return five reasons for each of six scores of each wallet."""
        n_wallets, n_reasons = len(matrix.wallets), 5 * len(HEADS)
        return ReasonColumns(
            ends=np.arange(1, n_wallets + 1) * n_reasons,
            scores=TARGETS,
            score=np.tile(np.repeat(np.arange(len(HEADS), dtype=np.int8), 5), n_wallets),
            features=matrix.names,
            feature=self._rng.integers(0, len(NAMES), n_wallets * n_reasons, dtype=np.int16),
            contribution=self._rng.normal(0, 0.1, n_wallets * n_reasons),
        )


def make_header(n_wallets: int, *, has_model: bool) -> ProfileHeader:
    """Return what the profiles rest on."""
    asked = CategorySettings()
    half = (0.5,) * len(STYLE_DIMENSIONS)
    typical = Scores.of(dict(zip(TARGETS, (*(0.5,) * len(SCORE_NAMES), *half), strict=True)))
    return ProfileHeader(
        generated_ms=0,
        data=summarize_data(n_wallets),
        model=summarize_model() if has_model else None,
        typical=typical if has_model else None,
        typical_features=dict.fromkeys(NAMES, 1.0) if has_model else {},
        units={each.name: each.unit for each in FEATURES},
        edition=asked.edition,
        thresholds=asked.limits(),
    )


def summarize_model() -> ModelSummary:
    """Return a model whose heads were never evaluated."""
    heads = tuple(
        HeadEvaluation(
            head=head,
            n_test=0,
            masked_frac=1.0,
            base_rate=None,
            skill=None,
            skill_new_wallets=None,
            auc=None,
            rank_ic=None,
            calibration_error=None,
            baselines={},
            has_earned_weight=head != "risk_score",
            reason="not evaluated",
        )
        for head in HEADS
    )
    return ModelSummary(
        version="made",
        created_ms=0,
        estimator="net",
        is_forced=False,
        n_train_rows=1,
        n_validation_rows=1,
        n_test_rows=1,
        n_train_wallets=1,
        heads=heads,
    )


def summarize_data(n_wallets: int) -> DataSummary:
    """Return a month of made-up data."""
    return DataSummary(
        path="no_data",
        start_ms=0,
        end_ms=2 * 10**9,
        observed_days=30.0,
        observed_frac=1.0,
        n_trades=70_000_000,
        n_wallets=n_wallets,
        n_coins=246,
        n_self_trades=0,
        n_duplicate_trades=0,
        n_torn_lines=0,
        n_quarantined=0,
        notional_usd=1e11,
        n_rows_by_feed={"trades": 70_000_000},
        gaps=(),
        has_ledger=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["classify"]:
        n, place, model = sys.argv[2:]
        classify(int(n), Path(place), has_model=model != "--no-model")
    else:
        given = [int(text.replace("_", "")) for text in sys.argv[1:]]
        with tempfile.TemporaryDirectory() as temporary:
            main(*given, *(300_000,)[len(given) :], folder=Path(temporary))
