"""Who can be told from luck, what the test could have seen, and what it would take."""

import numpy as np
from scipy.stats import norm, t

from hypertrack.skill.arrays import Floats
from hypertrack.skill.estimate import Estimates

BETS_FOR_SNR = 3.84
"""Standard errors at which t of 3 is reached with a power of 80 %: 3 + 0.84."""


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
    n_tested = int(is_tested.sum())
    if not n_tested:
        return float("nan")
    n_flagged = int((q[is_tested] <= max_q).sum())
    needed = t.isf(max_q * max(n_flagged, 1) / n_tested, measured.df[is_tested])
    found = norm.sf(needed - edge_bps / measured.error_bps[is_tested])
    return float(found.mean())


def bets_needed(measured: Estimates) -> Floats:
    """Return how many bets would tell each from luck, were its edge what was measured.

    NaN where nothing positive was measured: no number of bets will show an edge below 0.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        snr = measured.edge_bps / (measured.error_bps * np.sqrt(measured.n_bets))
        needed = np.ceil((BETS_FOR_SNR / snr) ** 2)
    return np.where(snr > 0, needed, np.nan)
