"""Measures of predictions: skill with its interval, ranking, calibration."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import roc_auc_score

from hypertrack.records import Interval

Array = NDArray[np.float64]

N_BINS = 10
CONFIDENCE = 0.95


def skill(loss: Array, loss_of_constant: Array, resamples: NDArray[np.int64]) -> Interval | None:
    """Return 1 - loss / loss of the constant, with its bootstrap interval.

    Args:
        loss: Summed over what each unit of resampling has, ``[wallets]``; 0 where it has nothing.
        loss_of_constant: The same of the constant.
        resamples: How often each resample drew each wallet, ``[resamples, wallets]``.

    Returns:
        None where the constant is never wrong.
    """
    base = float(loss_of_constant.sum())
    if base <= 0:
        return None
    bases = resamples @ loss_of_constant  # [resamples]
    is_defined = bases > 0
    skills = 1 - (resamples @ loss)[is_defined] / bases[is_defined]
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(skills, [tail, 1 - tail])
    return Interval(1 - float(loss.sum()) / base, float(low), float(high))


def draw_resamples(n_wallets: int, n_resamples: int, seed: int) -> NDArray[np.int64]:
    """Return how often each resample draws each wallet, with replacement."""
    rng = np.random.default_rng([seed, n_wallets])
    if n_wallets == 0:
        return np.zeros((n_resamples, 0), dtype=np.int64)
    return rng.multinomial(n_wallets, np.full(n_wallets, 1 / n_wallets), size=n_resamples)


def auc(is_yes: Array, score: Array) -> float | None:
    """Return the chance that a yes is scored above a no; None without both."""
    if len(np.unique(is_yes)) < 2:
        return None
    return float(roc_auc_score(is_yes, score))


def rank_ic(outcome: Array, score: Array) -> float | None:
    """Return Spearman's rank correlation; None where either is constant."""
    if len(outcome) < 3 or np.ptp(outcome) == 0 or np.ptp(score) == 0:
        return None
    return float(spearmanr(outcome, score).statistic)


def calibration_error(is_yes: Array, probability: Array) -> float | None:
    """Return the expected calibration error over ten equally filled bins; None without rows.

    The mean over bins, by rows, of |share of yes − mean probability|.
    """
    if len(is_yes) == 0:
        return None
    place = (rankdata(probability, method="ordinal") - 1) * N_BINS // len(probability)
    bins = place.astype(np.int64)
    gap = np.bincount(bins, is_yes - probability, minlength=N_BINS)
    return float(np.abs(gap).sum() / len(is_yes))
