"""Who can be told from luck, what the test could have seen, and what it would take."""

import numpy as np
from scipy.stats import norm, t

from hypertrack.market.arrays import Floats
from hypertrack.skill.estimate import Estimates
from hypertrack.skill.shrinkage import fit, posterior

MANY = 100
"""Tested entities that show how edges are distributed."""

LUCK_ALONE = 2.0
"""Times its rate at which the rule of luck flags whom shrinkage does not: two rules are asked."""

BEYOND_LUCK = 3.0
"""Times a rate up to which shrinkage may go beyond the rule of luck. Without it those of the
smallest errors were flagged on a percent of luck each, as soon as anybody was."""

LEAST_T = 3.0
"""Below which nobody is told from luck among many, whatever the threshold of a few would be."""

POWER_Z = 0.84
"""Standard errors above a threshold at which it is reached with a power of 80 %."""


def q_values(measured: Estimates) -> Floats:
    """Return the false discovery rate at which each would be flagged; NaN untested.

    Of few tested by Benjamini's and Hochberg's rule, by which luck alone would flag as many: they
    do not show how edges are distributed. Of many also by adaptive shrinkage with no weight on the
    null beforehand: the share without an edge above 0 that is to be expected among those at least
    as surely above it. Either finds what the other does not: shrinkage many small edges where many
    have one, the rule the few large ones of a market in which hardly anybody has any. What each may
    say alone is bounded (`LUCK_ALONE`, `BEYOND_LUCK`), and nobody is flagged at a rate at which
    luck would flag nobody.

    Source: Stephens 2017, worked by hand in tests/skill/test_discovery.py.
    """
    rows = np.flatnonzero(measured.is_tested)
    found = np.full(len(measured.is_tested), np.nan)
    by_luck = step_up(measured.p[rows])
    if len(rows) < MANY:
        found[rows] = by_luck
        return found
    of = measured.edge_bps[rows], measured.error_bps[rows], measured.df[rows]
    known = posterior(*of, fit(*of, null_weight=1.0))
    shrunk = expected_false_frac(1 - known.p_positive)
    shrunk = np.maximum(shrunk, np.maximum(by_luck / BEYOND_LUCK, by_luck.min()))
    found[rows] = np.minimum(shrunk, by_luck * LUCK_ALONE)
    return found


def step_up(p: Floats) -> Floats:
    """Return the false discovery rate at which each would be flagged, by luck's chances alone.

    Source: Benjamini and Hochberg 1995, worked by hand in tests/skill/test_discovery.py.
    """
    order = np.argsort(p, kind="stable")
    ratio = p[order] * len(p) / np.arange(1, len(p) + 1)
    found = np.empty(len(p))
    found[order] = np.minimum(np.minimum.accumulate(ratio[::-1])[::-1], 1.0)
    return found


def expected_false_frac(p_none: Floats) -> Floats:
    """Return the mean chance of having no edge, of each and all who are surer to have one."""
    surest = np.argsort(p_none, kind="stable")
    ordered = p_none[surest]
    frac = np.cumsum(ordered) / np.arange(1, len(surest) + 1)
    found = np.empty(len(surest))
    found[surest] = frac[np.searchsorted(ordered, ordered, side="right") - 1]  # equals are one
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
    """Return the p of the last one flagged, or of the first where nobody is, were luck all known.

    Shrinkage flags some beyond it, whose errors are small: what follows is rather too little.
    """
    n_tested = int(measured.is_tested.sum())
    n_flagged = int((q[measured.is_tested] <= max_q).sum())
    return max_q * max(n_flagged, 1) / n_tested
