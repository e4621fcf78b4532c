"""Scores beside what is true, where the truth is known: on simulated wallets."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from hypertrack.records import BINARY_HEADS, ProfileSet, Record


class TruthComparison(Record, frozen=True, kw_only=True):
    """Scores against the truth, over all wallets profiled."""

    n_wallets: int
    bot_auc: float | None
    """Of ``bot_probability`` against who really runs the wallet; 0.5 is blind."""
    profitability_ic: float | None
    """Rank correlation of the score with the true edge; 0 is blind."""
    sophistication_ic: float | None


def compare_with_truth(
    profiles: ProfileSet, truth: Mapping[str, NDArray[np.generic]]
) -> TruthComparison:
    """Return how much of the truth the scores found.

    Args:
        truth: Columns ``wallet``, ``is_bot``, ``edge_bps``, a row per wallet.
    """
    row_by_wallet = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
    places = np.array([row_by_wallet.get(w, -1) for w in profiles.column("wallet").tolist()])
    is_known = places >= 0
    rows = places[is_known].astype(np.int64)
    is_bot = truth["is_bot"].astype(bool)[rows]
    edge_bps = truth["edge_bps"].astype(np.float64)[rows]
    scores = {head: _scores(profiles, head, is_known) for head in BINARY_HEADS}
    return TruthComparison(
        n_wallets=len(rows),
        bot_auc=_auc(is_bot, scores["bot_probability"]),
        profitability_ic=_rank_ic(edge_bps, scores["profitability_score"]),
        sophistication_ic=_rank_ic(edge_bps, scores["sophistication_score"]),
    )


def _scores(
    profiles: ProfileSet, head: str, is_known: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    scores: NDArray[np.float64] = profiles.column(head)[is_known]
    return None if np.isnan(scores).any() else scores


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
