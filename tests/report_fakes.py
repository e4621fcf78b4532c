"""Wallets as reports show them, and the four reports as whole texts."""

import math

from drawn_wallets import BASE_FEATURES
from profile_fakes import NOBODY_TOLD_FROM_LUCK, MadeSet, profile_set, with_profiles

from hypertrack.config import ReportSettings
from hypertrack.outputs import report, report_json
from hypertrack.records import (
    SKILL_NUMBERS,
    Category,
    Reason,
    Scores,
    Verdict,
    WalletProfile,
    WalletSkill,
    replace,
)

ALL = ReportSettings()
STYLE = (0.23411, -0.1234, 0.5678, 0.1234, -0.2341, 0.3456)
HOSTILE = "</script><img src=x onerror=alert(1)>|`*_\n\u202e"


def render_report(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report.render_report(profiles, settings))


def render_json(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report_json.render_json(profiles, settings))


def render_csv(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report.render_csv(profiles, settings))


def render_markdown(profiles: MadeSet, settings: ReportSettings) -> str:
    return "".join(report.render_markdown(profiles, settings))


def wallet(name: str = "0x" + "a" * 40, *, scored: bool = True) -> WalletProfile:
    said = Scores(
        profitability_score=0.8123,
        risk_score=0.7234,
        bot_probability=0.85,
        sophistication_score=0.6789,
        influence_score=5.2341,
        trading_style=STYLE,
    )
    return WalletProfile(
        wallet=name,
        first_seen_ms=1_784_678_400_000,
        last_seen_ms=1_784_764_800_000,
        features={"tx_count": 1250.0, "age_days": 45.234, "median_gap_s": float("nan")},
        scores=said if scored else None,
        categories=(
            Category(
                name="Bot",
                group="Bot detection",
                confidence=0.85,
                evidence="bot probability 0.85 (above 0.7)",
                boost=0.1,
            ),
            Category(
                name="Profitable Trader",
                group="Model scores",
                confidence=0.72,
                evidence="profitability score 0.81 (above 0.6)",
                is_proven=False,
                caveat="profitability: skill −0.02, 95 % CI [−0.05, 0.01]",
            ),
        ),
        why_none=None,
        activity=(3, 0, 1),
    )


def without_category() -> WalletProfile:
    return WalletProfile(
        wallet="0x" + "b" * 40,
        first_seen_ms=0,
        last_seen_ms=0,
        features={"tx_count": 2.0, "age_days": 0.0, "median_gap_s": 1.5},
        scores=None,
        categories=(),
        why_none="nearest is Moderate Trader: transactions 2 (needs at least 5)",
        activity=(2,),
    )


def judged(profiles: MadeSet) -> MadeSet:
    """Return the same, where nobody could be told from luck."""
    header = replace(profiles.header, skill=NOBODY_TOLD_FROM_LUCK)
    return MadeSet(header, profiles.profiles)


def report_set(*some: WalletProfile, notice: str | None = None) -> MadeSet:
    return with_profiles(profile_set(0, notice=notice), *(some or (wallet(),)))


EXPLAINED = replace(
    wallet(),
    reasons={
        "bot_probability": tuple(
            Reason(feature=name, value=2.0, typical=8.0, contribution=added)
            for name, added in zip(BASE_FEATURES[:5], (0.4, 0.2, -0.1, 0.05, 0.01), strict=True)
        ),
        "momentum_15m": (
            Reason(feature="avg_slippage", value=None, typical=3.0, contribution=-0.2),
        ),
    },
)


LONG = "0x" + "f" * 140
TOLD_FROM_LUCK = WalletSkill(
    verdict=Verdict.WATCH,
    gate="copier",
    says="follows another wallet",
    follows=LONG,
    numbers=dict.fromkeys(SKILL_NUMBERS, 0.5) | {"days_needed": math.nan},
)


UNKNOWN = replace(
    wallet(),
    features={
        **wallet().features,
        "median_holding_s": float("nan"),
        "closed_episode_count": float("nan"),
        "flow_pnl_usd": -950.5,
    },
    reasons={
        "risk_score": (
            Reason(feature="median_holding_s", value=None, typical=60.0, contribution=0.5),
            Reason(feature="flow_pnl_usd", value=-950.5, typical=2.0, contribution=0.25),
        )
    },
    remarks={
        "median_holding_s": "position unknown",
        "closed_episode_count": "position unknown",
        "flow_pnl_usd": "of the trades seen, as if flat before",
    },
)
