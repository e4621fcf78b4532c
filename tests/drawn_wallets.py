"""Wallets drawn at random: what the rules read of them, by kind."""

import math
import random
from collections import Counter
from typing import Any

from column_fakes import Numbers

from hypertrack.records import (
    DAY_MS,
    HEADS,
    STYLE_DIMENSIONS,
    Reason,
    Scores,
)

START_MS = 1_784_678_400_000
"""2026-07-22 00:00:00 UTC."""
SPAN_MS = 3 * DAY_MS
N_SLICES = 48

KINDS = ("retail", "once", "scalper", "maker", "momentum", "contrarian", "whale", "arbitrageur")
KIND_WEIGHTS = (30, 28, 10, 6, 9, 7, 4, 6)


# fmt: off
BASE_FEATURES = (
    "tx_count", "erc20_count", "unique_tokens", "unique_addresses", "age_days", "tx_per_day",
    "burstiness", "hour_entropy", "total_value", "avg_value", "max_value", "value_std",
    "erc20_volume", "token_diversity", "long_ratio", "flip_rate", "size_entropy",
    "contract_interaction_count", "avg_market_impact", "max_market_impact", "avg_slippage",
    "slippage_std", "momentum_score", "mean_reversion_score", "volatility_trading_score",
    "market_maker_score", "order_book_participation", "avg_candle_volatility",
    "max_candle_volatility", "volatility_std", "avg_candle_momentum", "momentum_std",
    "positive_momentum_ratio", "avg_trend_strength", "avg_candle_volume", "max_candle_volume",
    "volume_std",
)
# fmt: on


def features(**values: float) -> dict[str, float]:
    """Return base features of a wallet that no rule holds for, with the given ones set."""
    neutral = {"size_entropy": 0.9, "positive_momentum_ratio": 0.5, "long_ratio": 0.5}
    return {**dict.fromkeys(BASE_FEATURES, 0.0), **neutral, "tx_per_day": 200.0, **values}


def scores(**values: float) -> Scores:
    """Return scores that no rule holds for, with the given ones set."""
    low = {
        "profitability_score": 0.0,
        "risk_score": 0.0,
        "bot_probability": 0.0,
        "sophistication_score": 0.0,
        "influence_score": 0.0,
    }
    style = values.pop("trading_style", (0.0,) * 6)
    return Scores(**{**low, **values}, trading_style=style)


TYPICAL = scores(
    profitability_score=0.21,
    risk_score=0.19,
    bot_probability=0.07,
    sophistication_score=0.2,
    influence_score=0.01,
)
"""What the typical wallet scores."""


def draft(rng: random.Random, *, has_scores: bool) -> tuple[Numbers, dict[str, Any]]:
    """Return what the rules read of a wallet, and what else its profile holds."""
    kind = rng.choices(KINDS, KIND_WEIGHTS)[0]
    values = _behaviour(rng, kind)
    said = _scores(rng, kind) if has_scores else None
    n_matches = int(values["tx_count"]) if rng.random() < 0.9 else 0
    age_ms = int(values["age_days"] * DAY_MS)
    first_ms = START_MS + rng.randrange(max(1, SPAN_MS - age_ms))
    told = {
        "wallet": f"0x{rng.getrandbits(160):040x}",
        "first_seen_ms": first_ms,
        "last_seen_ms": first_ms + age_ms,
        "activity": _activity(rng, int(values["tx_count"])),
        "reasons": {} if said is None else _reasons(rng, values, said),
    }
    return (values, n_matches, said), told


def _behaviour(rng: random.Random, kind: str) -> dict[str, float]:
    busy = {"once": (1, 2), "scalper": (300, 9_000), "maker": (800, 40_000)}.get(kind, (4, 260))
    tx_count = float(int(busy[0] * (busy[1] / busy[0]) ** rng.random()))
    trade_usd = rng.lognormvariate(6.2, 1.6) * (60 if kind == "whale" else 1)
    rising = {"momentum": 0.75, "contrarian": 0.25}.get(kind, 0.5)
    drift = {"momentum": 0.004, "contrarian": -0.004}.get(kind, 0.0)
    return features(
        tx_count=tx_count,
        tx_per_day=tx_count / 2.94,
        age_days=0.0 if tx_count < 2 else 2.9 * rng.random() ** 0.4,
        unique_tokens=float(rng.randint(6, 20) if kind == "arbitrageur" else rng.randint(1, 4)),
        unique_addresses=float(1 + int(tx_count * rng.uniform(0.4, 1.6))),
        burstiness=rng.uniform(0.1, 0.5) if kind == "scalper" else rng.uniform(0.5, 4.0),
        hour_entropy=rng.random(),
        size_entropy=rng.uniform(0.05, 0.45) if kind == "scalper" else rng.uniform(0.3, 0.95),
        flip_rate=rng.uniform(0.4, 0.8) if kind in {"arbitrageur", "maker"} else rng.random() / 2,
        total_value=tx_count * trade_usd,
        avg_value=trade_usd,
        max_value=trade_usd * rng.uniform(1, 8),
        long_ratio=rng.random(),
        avg_candle_volatility=rng.lognormvariate(-6.0, 0.9),
        avg_candle_momentum=rng.gauss(drift, 0.0015),
        positive_momentum_ratio=min(1.0, max(0.0, rng.gauss(rising, 0.09))),
        avg_candle_volume=rng.lognormvariate(4.6, 1.1),
        order_book_participation=rng.uniform(0.8, 1.0) if kind == "maker" else rng.random(),
    )


def _scores(rng: random.Random, kind: str) -> Scores:
    bot = {"scalper": 6.0, "maker": 5.0, "arbitrageur": 3.0}.get(kind, 1.0)
    style = [max(-1.0, min(1.0, rng.gauss(0.0, 0.35))) for _ in range(6)]
    style[0] = {"momentum": 0.55, "contrarian": -0.55}.get(kind, style[0])
    style[3] = 0.8 if kind == "maker" else style[3]
    return Scores(
        profitability_score=rng.betavariate(2.0, 4.5),
        risk_score=rng.betavariate(2.0, 5.0),
        bot_probability=rng.betavariate(bot, 2.2),
        sophistication_score=rng.betavariate(2.2, 6.0),
        influence_score=rng.expovariate(0.5) if kind in {"maker", "whale"} else rng.random() / 5,
        trading_style=(style[0], style[1], style[2], style[3], style[4], style[5]),
    )


def _reasons(
    rng: random.Random, values: dict[str, float], said: Scores
) -> dict[str, tuple[Reason, ...]]:
    """Return five reasons a score that make most of its difference from `TYPICAL`."""
    differs = {name: getattr(said, name) - getattr(TYPICAL, name) for name in HEADS[:5]}
    differs[STYLE_DIMENSIONS[0]] = said.trading_style[0] - TYPICAL.trading_style[0]
    reasons = {}
    for score, difference in differs.items():
        parts = sorted((rng.gauss(difference / 6, 0.06) for _ in range(5)), key=abs, reverse=True)
        reasons[score] = tuple(
            Reason(
                feature=name,
                value=values[name],
                typical=None if name == "volume_std" else values[name] / 3,
                contribution=part,
            )
            for name, part in zip(rng.sample(BASE_FEATURES, 5), parts, strict=True)
        )
    return reasons


def _activity(rng: random.Random, tx_count: int) -> tuple[int, ...]:
    """A daily wave with a peak hour of the wallet's own, in 48 slices of three days."""
    peak, depth = rng.uniform(0, 16), rng.uniform(0.2, 1.0)
    weights = [
        max(0.02, 1 + depth * math.cos((i - peak) / 16 * 2 * math.pi)) * rng.lognormvariate(0, 0.5)
        for i in range(N_SLICES)
    ]
    drawn = Counter(rng.choices(range(N_SLICES), weights, k=min(tx_count, 2_000)))
    return tuple(drawn[i] for i in range(N_SLICES))
