"""Made-up classifications: varied wallets whose categories come from the real rules."""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from column_fakes import Numbers, profile_columns
from profile_set_fakes import MadeSet, made_set

from hypertrack.categories.cases import make_profiles
from hypertrack.config import CategorySettings
from hypertrack.records import (
    DAY_MS,
    FEATURE_REMARKS,
    HEADS,
    MINUTE_MS,
    STYLE_DIMENSIONS,
    Category,
    DataSummary,
    FeesSource,
    GapCount,
    HeadEvaluation,
    Interval,
    ModelSummary,
    PnlSource,
    ProfileHeader,
    Quality,
    Reason,
    Scores,
    SkillSummary,
    WalletAccount,
    WalletProfile,
    WalletProfit,
    replace,
)

START_MS = 1_784_678_400_000
"""2026-07-22 00:00:00 UTC."""
SPAN_MS = 3 * DAY_MS
N_SLICES = 48

ORIGINAL = CategorySettings(edition="original")
"""Whose rules ask for the base features alone."""

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


def baseline(skill: float) -> Quality:
    """Return what a baseline of that skill is worth."""
    return Quality(
        skill=Interval(skill, skill - 0.05, skill + 0.05),
        skill_new_wallets=skill,
        auc=None,
        rank_ic=None,
        calibration_error=None,
    )


def head(name: str, *, earned: bool = True, skill: Interval | None = None) -> HeadEvaluation:
    """Return an evaluation; skill is clearly above zero where earned, around zero where not."""
    skill = skill or (Interval(0.21, 0.15, 0.27) if earned else Interval(-0.02, -0.05, 0.01))
    is_binary = name not in {"influence_score", "trading_style"}
    return HeadEvaluation(
        head=name,
        n_test=812,
        masked_frac=0.17,
        base_rate=0.21 if is_binary else None,
        skill=skill,
        skill_new_wallets=skill.value - 0.03,
        auc=Interval(0.71, 0.66, 0.75) if is_binary else None,
        rank_ic=Interval(0.24, 0.17, 0.31),
        calibration_error=Interval(0.031, 0.012, 0.058) if is_binary else None,
        baselines={"constant": baseline(0.0), "persistence": baseline(skill.value - 0.08)},
        has_earned_weight=earned,
        reason=f"skill {skill.value:+.2f}, 95 % CI [{skill.low:+.2f}, {skill.high:+.2f}]",
    )


def heads(*unearned: str) -> dict[str, HeadEvaluation]:
    """Return an evaluation of every head: all have earned weight but those named."""
    return {name: head(name, earned=name not in unearned) for name in HEADS}


def model(*unearned: str) -> ModelSummary:
    """Return a model whose heads have all earned weight but those named."""
    return model_of(heads(*unearned))


def model_of(by_head: Mapping[str, HeadEvaluation]) -> ModelSummary:
    """Return a model with these heads."""
    return ModelSummary(
        version="20260725-0312-a1b2c3d",
        created_ms=START_MS + SPAN_MS,
        estimator="net",
        is_forced=False,
        n_train_rows=2_894,
        n_validation_rows=311,
        n_test_rows=812,
        n_train_wallets=1_044,
        heads=tuple(by_head.values()),
    )


def data(n_wallets: int) -> DataSummary:
    """Return the facts of a three-day recording with two gaps."""
    return DataSummary(
        path="recorded_data",
        start_ms=START_MS,
        end_ms=START_MS + SPAN_MS,
        observed_days=2.94,
        observed_frac=0.98,
        n_trades=n_wallets * 412,
        n_wallets=n_wallets,
        n_coins=24,
        n_self_trades=3,
        n_duplicate_trades=118,
        n_torn_lines=1,
        n_quarantined=0,
        notional_usd=n_wallets * 61_300.0,
        n_rows_by_feed={"trades": n_wallets * 412, "bbo": n_wallets * 2_000},
        gaps=(
            GapCount(cause="silence", n_intervals=2, duration_s=1_310.0, n_missed=None),
            GapCount(cause="closed", n_intervals=5, duration_s=212.5, n_missed=37),
        ),
        has_ledger=True,
    )


NOBODY_TOLD_FROM_LUCK = SkillSummary(
    span_hours=5.8,
    n_wallets=900,
    n_entities=880,
    n_tested=60,
    n_flagged=0,
    max_false_discovery_frac=0.1,
    power_edge_bps=5.0,
    power=0.07,
    placebo_z_sd=1.02,
    n_placebo=58,
    least_days_needed=9.2,
    n_by_verdict={"NOT ENOUGH DATA": 900},
    delay_s=5.0,
    size_usd=1_000.0,
)


PROFIT = WalletProfit(
    pnl_source=PnlSource.DERIVED,
    profit_usd=-1_234.5,
    flow_pnl_usd=900.0,
    realised_pnl_usd=math.nan,
    fees_usd=12.4,
    fees_source=FeesSource.SCHEDULE,
    funding_usd=-3.0,
    return_bps=-4.25,
    win_rate=0.625,
    profit_factor=0.5,
    max_drawdown_usd=2_000.0,
    n_closed_episodes=8.0,
    median_holding_s=7_200.0,
    positions_known_frac=1.0,
    n_coins=5.0,
    coins="BTC, ETH, HYPE",
)
"""Of a wallet that lost, whose positions are known."""


ACCOUNT = WalletAccount(
    account_told_ms=1_767_600_000_000.0,
    equity_usd=1_500.0,
    leverage=2.0,
    liquidation_distance_frac=0.125,
    net_flow_usd=math.nan,
    account_return_frac=-0.032,
    account_positions="BTC +2.5; ETH -1",
    account_links="",
)
"""Of a wallet that was not asked about its flows."""


def profile_header(
    n_wallets: int = 0, *, summary: ModelSummary | None = None, notice: str | None = None
) -> ProfileHeader:
    """Return what the profiles of a made-up classification rest on."""
    return ProfileHeader(
        generated_ms=START_MS + SPAN_MS + 90 * MINUTE_MS,
        data=data(n_wallets),
        model=summary,
        notice=notice,
        typical=None if summary is None else TYPICAL,
        units=UNITS,
        remarks=dict(FEATURE_REMARKS),
        needs_position=("median_holding_s", "closed_episode_count"),
        edition=ORIGINAL.edition,
        thresholds=ORIGINAL.limits(),
    )


def profile_set(
    n_wallets: int = 60,
    *,
    seed: int = 1,
    unearned: Sequence[str] | None = ("profitability_score", "influence_score"),
    notice: str | None = None,
) -> MadeSet:
    """Return a classification of made-up wallets.

    Args:
        unearned: Heads without earned weight; None leaves the model out.
    """
    rng = random.Random(seed)
    summary = None if unearned is None else model(*unearned)
    header = profile_header(n_wallets, summary=summary, notice=notice)
    drafts = [_draft(rng, has_scores=summary is not None) for _ in range(n_wallets)]
    by_head = {} if summary is None else {each.head: each for each in summary.heads}
    columns = profile_columns([numbers for numbers, _ in drafts], ORIGINAL, by_head)
    made = make_profiles(columns, header)
    some = [replace(each, **told) for each, (_, told) in zip(made, drafts, strict=True)]
    return made_set(header, *some)


TYPICAL = scores(
    profitability_score=0.21,
    risk_score=0.19,
    bot_probability=0.07,
    sophistication_score=0.2,
    influence_score=0.01,
)
"""What the typical wallet scores."""

UNITS = {
    **dict.fromkeys(BASE_FEATURES, "ratio"),
    "tx_count": "count",
    "total_value": "USD",
    "avg_slippage": "bps",
    "avg_candle_volume": "kUSD/min",
    "median_holding_s": "s",
    "closed_episode_count": "count",
    "flow_pnl_usd": "USD",
}

HOSTILE = "</script><img src=x onerror=alert(1)>\u2028'\"`${1}{{ 7 * 7 }}&amp;"
"""Text that breaks out of markup, scripts, templates or attributes that do not hold it."""


def hostile_set() -> MadeSet:
    """Return a set in which every free text is `HOSTILE`."""
    wallet = WalletProfile(
        wallet=f"0xdead{HOSTILE}",
        first_seen_ms=START_MS,
        last_seen_ms=START_MS,
        features=features(tx_count=9.0),
        scores=scores(bot_probability=0.9),
        categories=(
            Category(
                name=f"Bot {HOSTILE}",
                group=HOSTILE,
                confidence=0.5,
                evidence=HOSTILE,
                is_proven=False,
                caveat=HOSTILE,
            ),
        ),
        why_none=None,
        activity=(1, 2),
        reasons={
            "bot_probability": (
                Reason(feature=f"gap {HOSTILE}", value=1.5, typical=4.5, contribution=0.4),
            ),
        },
    )
    nobody = WalletProfile(
        wallet=HOSTILE,
        first_seen_ms=START_MS,
        last_seen_ms=START_MS,
        features=features(tx_count=1.0),
        scores=None,
        categories=(),
        why_none=HOSTILE,
        activity=(),
    )
    return with_profiles(profile_set(0, notice=HOSTILE), wallet, nobody)


def with_profiles(profiles: MadeSet, *some: WalletProfile) -> MadeSet:
    """Return the same set with other profiles."""
    return made_set(profiles.header, *some)


def _draft(rng: random.Random, *, has_scores: bool) -> tuple[Numbers, dict[str, Any]]:
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
