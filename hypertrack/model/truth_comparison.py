"""What was found beside what is true, where the truth is known: on simulated wallets."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from hypertrack.records import BINARY_HEADS, ProfileSet, Record

KINDS_BY_CATEGORY: Mapping[str, tuple[str, ...]] = {
    "Scalper": ("scalper_bot",),
    "HODLer": ("holder",),
    "Dormant": ("dormant",),
    "Whale": ("whale",),
    "Arbitrageur": ("arbitrageur",),
    "Volatility Trader": ("volatility",),
    "Momentum Follower": ("momentum",),
    "Contrarian Trader": ("mean_reversion",),
    "Profitable Trader": ("informed",),
    "Sophisticated Trader": ("informed",),
}
"""The simulated kinds that a category's name claims; Bot is judged by who runs the wallet.

A rule describes behaviour and a kind is a cause, so that even a perfect rule scores below 1.
"""


class CategoryTruth(Record, frozen=True, kw_only=True):
    """One category, its "Possible" half included, against the truth."""

    category: str
    n_assigned: int
    n_true: int
    precision: float | None
    """Of the wallets assigned, those for which it is true."""
    recall: float | None
    """Of the wallets for which it is true, those assigned."""
    base_rate: float
    """Precision of drawing wallets blindly."""


class TruthComparison(Record, frozen=True, kw_only=True):
    """Scores and categories against the truth, over all wallets profiled."""

    n_wallets: int
    bot_auc: float | None
    """Of ``bot_probability`` against who really runs the wallet; 0.5 is blind."""
    profitability_ic: float | None
    """Rank correlation of the score with the true edge; 0 is blind."""
    sophistication_ic: float | None
    categories: tuple[CategoryTruth, ...]


def compare_with_truth(
    profiles: ProfileSet, truth: Mapping[str, NDArray[np.generic]]
) -> TruthComparison:
    """Return how much of the truth the profiles found.

    Args:
        truth: Columns ``wallet``, ``kind``, ``is_bot``, ``edge_bps``, a row per wallet.
    """
    row_by_wallet = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
    places = np.array([row_by_wallet.get(w, -1) for w in profiles.column("wallet").tolist()])
    is_known = places >= 0
    rows = places[is_known].astype(np.int64)
    is_bot = truth["is_bot"].astype(bool)[rows]
    edge_bps = truth["edge_bps"].astype(np.float64)[rows]
    kind = truth["kind"].astype(str)[rows]
    true_by_category = {"Bot": is_bot} | {
        category: np.isin(kind, kinds) for category, kinds in KINDS_BY_CATEGORY.items()
    }
    scores = {head: _scores(profiles, head, is_known) for head in BINARY_HEADS}
    return TruthComparison(
        n_wallets=len(rows),
        bot_auc=_auc(is_bot, scores["bot_probability"]),
        profitability_ic=_rank_ic(edge_bps, scores["profitability_score"]),
        sophistication_ic=_rank_ic(edge_bps, scores["sophistication_score"]),
        categories=tuple(
            _category(name, profiles.holds(_halves(name))[is_known], is_true)
            for name, is_true in true_by_category.items()
        ),
    )


def _scores(
    profiles: ProfileSet, head: str, is_known: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    scores: NDArray[np.float64] = profiles.column(head)[is_known]
    return None if np.isnan(scores).any() else scores


def _halves(category: str) -> frozenset[str]:
    return frozenset({category, f"Possible {category}", f"Possibly {category}"})


def _category(
    name: str, is_assigned: NDArray[np.bool_], is_true: NDArray[np.bool_]
) -> CategoryTruth:
    hits, n_assigned, n_true = (int(x.sum()) for x in (is_assigned & is_true, is_assigned, is_true))
    return CategoryTruth(
        category=name,
        n_assigned=n_assigned,
        n_true=n_true,
        precision=hits / n_assigned if n_assigned else None,
        recall=hits / n_true if n_true else None,
        base_rate=n_true / len(is_true) if len(is_true) else 0.0,
    )


def _auc(is_true: NDArray[np.bool_], scores: NDArray[np.float64] | None) -> float | None:
    if scores is None or is_true.all() or not is_true.any():
        return None
    return float(roc_auc_score(is_true, scores))


def _rank_ic(truth: NDArray[np.float64], scores: NDArray[np.float64] | None) -> float | None:
    if scores is None:
        return None
    is_known = ~np.isnan(truth)  # a wallet that never opened anything has no edge
    truth, scores = truth[is_known], scores[is_known]
    if len(scores) < 2 or np.ptp(truth) == 0 or np.ptp(scores) == 0:
        return None
    return float(spearmanr(truth, scores).statistic)
