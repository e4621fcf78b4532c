"""Made-up classifications: varied wallets whose categories come from the real rules."""

import math
import random
from collections.abc import Mapping, Sequence

from column_fakes import profile_columns
from drawn_wallets import BASE_FEATURES, SPAN_MS, START_MS, TYPICAL, draft, features, scores
from profile_set_fakes import MadeSet, made_set

from hypertrack.categories.cases import make_profiles
from hypertrack.config import CategorySettings
from hypertrack.records import (
    FEATURE_REMARKS,
    HEADS,
    MINUTE_MS,
    Category,
    DataSummary,
    FeesSource,
    FundingSource,
    GapCount,
    HeadEvaluation,
    Interval,
    ModelSummary,
    PnlSource,
    ProfileHeader,
    Quality,
    Reason,
    SkillSummary,
    WalletAccount,
    WalletProfile,
    WalletProfit,
    replace,
)

ORIGINAL = CategorySettings(edition="original")
"""Whose rules ask for the base features alone."""


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
    funding_source=FundingSource.ORACLE,
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
    drafts = [draft(rng, has_scores=summary is not None) for _ in range(n_wallets)]
    by_head = {} if summary is None else {each.head: each for each in summary.heads}
    columns = profile_columns([numbers for numbers, _ in drafts], ORIGINAL, by_head)
    made = make_profiles(columns, header)
    some = [replace(each, **told) for each, (_, told) in zip(made, drafts, strict=True)]
    return made_set(header, *some)


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
