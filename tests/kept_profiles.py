"""Profiles in a file, of wallets of which a test names what it is about."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from column_fakes import profile_columns
from drawn_wallets import features, scores
from profile_fakes import NOBODY_TOLD_FROM_LUCK, ORIGINAL, model, profile_header

from hypertrack.records import (
    PROFIT_NUMBERS,
    SKILL_NUMBERS,
    SKILL_TEXTS,
    ProfileHeader,
    Scores,
    Verdict,
)
from hypertrack.records import replace as replace_in
from hypertrack.store.profiles import write_profiles


@dataclass(frozen=True)
class Kept:
    """One wallet: what is not named is as of the typical one.

    Attributes:
        features: Of the base group.
        skill: Numbers by name; NaN where not named.
    """

    wallet: str
    features: Mapping[str, float] = field(default_factory=dict)
    scores: Scores | None = None
    verdict: Verdict | None = None
    skill: Mapping[str, float] = field(default_factory=dict)
    profit_usd: float = math.nan


def write_kept(file: Path, *wallets: Kept, header: ProfileHeader | None = None) -> Path:
    """Write profiles in the order given, with categories by the real rules; return the file."""
    is_scored = any(each.scores for each in wallets)
    summary = model() if is_scored else None
    by_head = {} if summary is None else {head.head: head for head in summary.heads}
    numbers = [
        (features(**each.features), 1, (each.scores or scores()) if is_scored else None)
        for each in wallets
    ]
    columns = replace(
        profile_columns(numbers, ORIGINAL, by_head),
        wallets=np.array([each.wallet for each in wallets], dtype=object),
        skill=_skill(wallets) if any(each.verdict for each in wallets) else {},
        profit=_profit(wallets),
    )
    told = header or profile_header(len(wallets), summary=summary)
    if columns.skill:
        told = replace_in(told, skill=NOBODY_TOLD_FROM_LUCK)
    write_profiles(file, told, [columns])
    return file


def _profit(wallets: tuple[Kept, ...]) -> dict[str, np.ndarray]:
    numbers = {name: np.full(len(wallets), np.nan) for name in PROFIT_NUMBERS}
    numbers["profit_usd"] = np.array([each.profit_usd for each in wallets])
    numbers["n_coins"] = np.ones(len(wallets))
    sources = ["as_if_flat" if np.isnan(each.profit_usd) else "exact" for each in wallets]
    texts = {"pnl_source": sources, "fees_source": ["schedule"] * len(wallets)}
    texts["funding_source"] = ["unknown"] * len(wallets)
    texts["coins"] = ["BTC"] * len(wallets)
    return {**numbers, **{name: np.array(text, dtype=object) for name, text in texts.items()}}


def _skill(wallets: tuple[Kept, ...]) -> dict[str, np.ndarray]:
    told = {
        name: np.array([each.skill.get(name, np.nan) for each in wallets]) for name in SKILL_NUMBERS
    }
    told["n_bets"] = np.nan_to_num(told["n_bets"])
    texts = {name: np.array([""] * len(wallets), dtype=object) for name in SKILL_TEXTS}
    verdicts = ["" if each.verdict is None else each.verdict.value for each in wallets]
    return {**told, **texts, "verdict": np.array(verdicts, dtype=object)}
