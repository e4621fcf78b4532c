"""Example wallets on every side of every rule, with verdicts in ``categories/verdicts.json``.

The verdicts were written down when rules were asked wallet by wallet; they hold for columns too.
"""

import math
import random
from functools import partial
from pathlib import Path

from profile_fakes import features, heads, scores

from hypertrack.config import CategorySettings
from hypertrack.records import HEADS, HeadEvaluation, Scores

original = partial(CategorySettings, edition="original")

VERDICTS = Path(__file__).parent / "categories" / "verdicts.json"

N_WALLETS = 80
"""Of each case."""

NEAR = (0.0, 0.5, 0.9999, 1.0, 1.0001, 1.7, 3.0)
"""Shares of a threshold: below it, next to it, on it and above it."""

SCALES = {
    "tx_per_day": (0.1, 0.5, 1.0, 30.0, 50.0),
    "size_entropy": (0.4, 0.5),
    "burstiness": (0.3,),
    "age_days": (30.0, 60.0),
    "max_value": (10_000.0, 50_000.0),
    "total_value": (50_000.0, 100_000.0, 200_000.0, 500_000.0),
    "unique_tokens": (3.0, 5.0, 10.0),
    "flip_rate": (0.3, 0.5),
    "avg_candle_volatility": (0.01, 0.02),
    "avg_candle_momentum": (-0.001, 0.001),
    "positive_momentum_ratio": (0.3, 0.4, 0.6, 0.7),
    "avg_candle_volume": (100.0,),
}
"""The thresholds that a quantity is held against."""

CASES: dict[str, tuple[CategorySettings, dict[str, HeadEvaluation] | None]] = {
    "rules alone": (original(), None),
    "rules alone, the original's gates": (
        original(min_evidence_tx=0, min_candle_matches=0),
        None,
    ),
    "every head earned": (original(), heads()),
    "some heads earned": (
        original(min_candle_matches=2),
        heads("profitability_score", "bot_probability", "trading_style"),
    ),
    "no head earned": (original(min_evidence_tx=0), heads(*HEADS)),
    "no head evaluated": (original(), {}),
}
"""By name: the thresholds, and how the heads did; None is no model."""


def example_wallets(case: str) -> list[tuple[dict[str, float], int, Scores | None]]:
    """Return the features, the number of candle matches and the scores of a case's wallets."""
    rng = random.Random(case)
    has_scores = CASES[case][1] is not None
    return [_wallet(rng, has_scores=has_scores) for _ in range(N_WALLETS)]


def _wallet(rng: random.Random, *, has_scores: bool) -> tuple[dict[str, float], int, Scores | None]:
    values = features(
        **{
            name: rng.choice(scales) * rng.choice(NEAR) if rng.random() < 0.6 else 0.0
            for name, scales in SCALES.items()
        }
    )
    values["tx_count"] = float(rng.choice((0, 1, 2, 3, 4, 5, 6, 9, 40, 1_234)))
    values["erc20_count"] = values["tx_count"] * rng.choice((0, 0, 0, 1, 2, 3)) + rng.choice((0, 1))
    if rng.random() < 0.1:
        values[rng.choice(list(SCALES))] = rng.choice((math.nan, math.inf))
    said = scores(
        profitability_score=rng.random(),
        risk_score=rng.random(),
        bot_probability=rng.random(),
        sophistication_score=rng.random(),
        influence_score=rng.choice((0.0, 0.5, 1.0, 3.0, 9.0, 60.0)),
        trading_style=tuple(rng.uniform(-1, 1) for _ in range(6)),
    )
    return values, rng.choice((0, 1, 2, 7)), said if has_scores else None
