"""Who can be told from luck, what the test could have seen, and what it would take."""

import numpy as np
from scipy.stats import norm, t

from hypertrack.skill.arrays import Floats
from hypertrack.skill.estimate import Estimates

LEAST_T = 3.0
"""Below which nobody is told from luck among many, whatever the threshold of a few would be."""

POWER_Z = 0.84
"""Standard errors above a threshold at which it is reached with a power of 80 %."""


def q_values(p: Floats) -> Floats:
    """Return the false discovery rate at which each would be flagged; NaN where p is.

    Source: Benjamini and Hochberg 1995, worked by hand in tests/skill/test_discovery.py.
    """
    tested = np.flatnonzero(~np.isnan(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    ratio = p[order] * len(order) / np.arange(1, len(order) + 1)
    found = np.full(len(p), np.nan)
    found[order] = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1.0)
    return found


def power_at(edge_bps: float, measured: Estimates, q: Floats, max_q: float) -> float:
    """Return which share of the tested would be flagged, had each this true edge.

    A test that can see nothing flags nobody: this is to stand beside how many it flagged. Who is
    flagged depends on the others; the threshold in force is that of the last one flagged, or of
    the first where nobody is. NaN where nobody is tested.
    """
    is_tested = measured.is_tested
    if not is_tested.any():
        return float("nan")
    needed = t.isf(_p_in_force(measured, q, max_q), measured.df[is_tested])
    found = norm.sf(needed - edge_bps / measured.error_bps[is_tested])
    return float(found.mean())


def t_needed(measured: Estimates, q: Floats, max_q: float) -> float:
    """Return the errors above 0 from which on an edge is told from luck among so many, 3 at least.

    Of many bets, whose errors are certain.
    """
    if not measured.is_tested.any():
        return LEAST_T
    return max(LEAST_T, float(norm.isf(_p_in_force(measured, q, max_q))))


def bets_needed(measured: Estimates, needed_t: float = LEAST_T) -> Floats:
    """Return how many bets would tell each from luck, were its edge what was measured.

    With a power of 80 %. NaN where nothing positive was measured: no number of bets will show an
    edge below 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        snr = measured.edge_bps / (measured.error_bps * np.sqrt(measured.n_bets))
        needed = np.ceil(((needed_t + POWER_Z) / snr) ** 2)
    return np.where(snr > 0, needed, np.nan)


def _p_in_force(measured: Estimates, q: Floats, max_q: float) -> float:
    """Return the p of the last one flagged, or that the first would need where nobody is."""
    n_tested = int(measured.is_tested.sum())
    n_flagged = int((q[measured.is_tested] <= max_q).sum())
    return max_q * max(n_flagged, 1) / n_tested
