"""Columns of made-up wallets, as the rules read them and as profiles are kept."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.classify import classify
from hypertrack.config import CategorySettings
from hypertrack.features.registry import select
from hypertrack.records import (
    SCORE_NAMES,
    STYLE_DIMENSIONS,
    HeadEvaluation,
    ProfileColumns,
    Scores,
)

BASE = tuple(each.name for each in select(["base"]))

Numbers = tuple[Mapping[str, float], int, Scores | None]
"""Features, executions with a candle, and scores of one wallet."""


def quantities(wallets: Sequence[Numbers]) -> dict[str, NDArray[np.float64]]:
    """Return what the rules read of some wallets, as columns."""
    return {
        **_columns([features for features, _, _ in wallets]),
        "n_candle_matches": np.array([n for _, n, _ in wallets], dtype=np.float64),
        **_score_columns([said for _, _, said in wallets]),
    }


def profile_columns(
    wallets: Sequence[Numbers],
    settings: CategorySettings,
    by_head: Mapping[str, HeadEvaluation],
) -> ProfileColumns:
    """Return wallets with the verdicts of the real rules; of nothing else anything is known."""
    nothing = np.zeros(len(wallets), dtype=np.int64)
    return ProfileColumns(
        wallets=np.array([f"0x{i:040x}" for i in range(len(wallets))], dtype=object),
        first_seen_ms=nothing,
        last_seen_ms=nothing,
        n_candle_matches=np.array([n for _, n, _ in wallets], dtype=np.int64),
        features=_columns([features for features, _, _ in wallets]),
        scores=_score_columns([said for _, _, said in wallets]),
        activity=np.zeros((len(wallets), 2), dtype=np.int32),
        verdicts=classify(quantities(wallets), settings, by_head),
        reasons=None,
    )


def _columns(rows: Sequence[Mapping[str, float]]) -> dict[str, NDArray[np.float64]]:
    names = rows[0] if rows else dict.fromkeys(BASE)
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in names}


def _score_columns(scores: Sequence[Scores | None]) -> dict[str, NDArray[np.float64]]:
    known = [each for each in scores if each is not None]
    if not known:
        return {}
    styles = np.array([each.trading_style for each in known], dtype=np.float64)
    return {
        **{name: np.array([getattr(each, name) for each in known]) for name in SCORE_NAMES},
        **dict(zip(STYLE_DIMENSIONS, styles.T, strict=True)),
    }
