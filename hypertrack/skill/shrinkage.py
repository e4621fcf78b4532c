"""Adaptive shrinkage: how edges are distributed, and what that says of each measured one.

Edges are nothing, or normal around nothing with one of many spreads; how common each spread is,
the measured edges say themselves. Source: Stephens 2017, "False discovery rates: a new deal".
Who is measured with a larger error holds longer, or moves wilder coins, and has larger edges: they
spread by the root of the error (`ALPHA`).
A single normal distribution instead claims too much: a realised false discovery rate of .20 at
.10, and somebody flagged in 8 of 10 markets where nobody has skill.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, ndtr

from hypertrack.market.arrays import Floats

NULL_WEIGHT = 10.0
"""Observations that the null counts as before any is made: it has to be beaten."""

ALPHA = 0.5
"""Power of its error by which an edge's spread grows; Stephens calls it so.

Of 0 to 1 in fourths the likelihood of 18 simulated markets, of a day and of a week, is highest here
(its logarithm by 14 above that of 0, where all spread alike): the best 20 truly have 8.8 bps, not
8.1, in days and 19.0, not 15.5, in weeks, and .37 of the edges above 5 bps are told from
luck in days instead of .30."""

MOST_STEPS = 2_000
CONVERGED = 1e-6

SPREAD_RATIO = 2**0.5

MOST_SPREADS = 60
"""Of the grid; they are √2 apart, so that these reach over nine orders of magnitude."""

NORMAL_DF = 1e4

SCALE_NODES = np.arange(-9.0, 4.6, 0.5)
"""Of the integral over the scale of Student's distribution, in standard deviations of its log.

The left end reaches far: a measured edge of eight errors is told by the scales that are rare."""

ROWS_AT_ONCE = 1_024


@dataclass(frozen=True)
class Spreads:
    """How edges are distributed.

    Attributes:
        sd_bps: Of the normal parts, of an edge with an error of 1 bps; the first 0: no edge.
        share: How common each is; they add up to 1.
    """

    sd_bps: Floats
    share: Floats


@dataclass(frozen=True)
class Posterior:
    """What is known of each true edge after its measurement, ``[entities]`` each.

    Attributes:
        mean_bps: Of the edge.
        sd_bps: Of the edge.
        p_positive: Chance that it is above 0.
        false_sign: Chance that its sign is not the one that is more likely.
        part_share: Of each part of the mixture, ``[entities, parts]``.
        part_mean_bps: Mean of the edge, were it of that part, ``[entities, parts]``.
        part_sd_bps: Standard deviation of it.
    """

    mean_bps: Floats
    sd_bps: Floats
    p_positive: Floats
    false_sign: Floats
    part_share: Floats
    part_mean_bps: Floats
    part_sd_bps: Floats

    def p_above(self, threshold_bps: Floats) -> Floats:
        """Return the chance that each edge is above a threshold of its own, ``[entities]``."""
        above = threshold_bps[:, None]
        spread = self.part_sd_bps
        gap = np.where(spread > 0, self.part_mean_bps - above, 0.0)
        normal = ndtr(gap / np.where(spread > 0, spread, 1.0))
        each = np.where(spread > 0, normal, (self.part_mean_bps > above).astype(np.float64))
        chance: Floats = (self.part_share * each).sum(axis=1)
        return chance

    def quantile(self, level: float) -> Floats:
        """Return below which value each edge is with a chance of ``level``, by halving."""
        reach = 8 * self.part_sd_bps + np.abs(self.part_mean_bps)
        high = reach.max(axis=1, initial=0.0) + 1e-9
        low = -high
        for _ in range(50):
            middle = (low + high) / 2
            is_below = 1 - self.p_above(middle) >= level
            low, high = np.where(is_below, low, middle), np.where(is_below, middle, high)
        return np.asarray(high, dtype=np.float64)


def spread_grid(edge_bps: Floats, error_bps: Floats) -> Floats:
    """Return the spreads that edges may have: from a tenth of the smallest error, √2 apart.

    The largest is twice the largest edge that errors do not explain.
    """
    least = float(error_bps.min()) / 10
    excess = float((edge_bps**2 - error_bps**2).max())
    most = 2 * np.sqrt(excess) if excess > 0 else 8 * least
    n_steps = min(max(int(np.ceil(np.log(most / least) / np.log(SPREAD_RATIO))), 0), MOST_SPREADS)
    return np.append(0.0, least * SPREAD_RATIO ** np.arange(n_steps + 1))


def fit(
    edge_bps: Floats, error_bps: Floats, df: Floats, *, null_weight: float = NULL_WEIGHT
) -> Spreads:
    """Return how the true edges are distributed that were measured so.

    Args:
        edge_bps: As measured, ``[entities]``, at least one.
        error_bps: Standard error of each, positive.
        df: Degrees of freedom of each error.
        null_weight: Observations that the null counts as, 1 for none.
    """
    unit = error_bps**ALPHA
    edge_bps, error_bps = edge_bps / unit, error_bps / unit
    grid = spread_grid(edge_bps, error_bps)
    # The best part of each row is 1: what all parts make equally unlikely tells nothing.
    likelihood = np.concatenate(
        [
            _likelihood(edge_bps[rows], error_bps[rows], df[rows], grid).sum(axis=2)
            for rows in _chunks(len(edge_bps))
        ]
    )
    likelihood /= likelihood.max(axis=1, keepdims=True)
    prior = np.ones(len(grid))
    prior[0] = null_weight
    return Spreads(grid, mixture_shares(likelihood, prior))


def mixture_shares(likelihood: Floats, prior: Floats) -> Floats:
    """Return how common each part of a mixture is, by expectation and maximisation.

    Args:
        likelihood: Of each observation under each part, ``[observations, parts]``.
        prior: Dirichlet weights, 1 for none, ``[parts]``.
    """
    share = np.full(likelihood.shape[1], 1 / likelihood.shape[1])
    for _ in range(MOST_STEPS):
        joint = likelihood * share
        joint /= joint.sum(axis=1, keepdims=True)
        wanted = np.maximum(joint.sum(axis=0) + prior - 1, 0.0)
        wanted /= wanted.sum()
        change = float(np.abs(wanted - share).max())
        share = wanted
        if change < CONVERGED:
            break
    return share


def posterior(edge_bps: Floats, error_bps: Floats, df: Floats, spreads: Spreads) -> Posterior:
    """Return what is known of each true edge (see `fit` for the arguments)."""
    parts = [
        _posterior_of(edge_bps[rows], error_bps[rows], df[rows], spreads)
        for rows in _chunks(len(edge_bps))
    ]
    names = Posterior.__dataclass_fields__
    if not parts:
        nothing, no_parts = np.zeros(0), np.zeros((0, len(spreads.share)))
        return Posterior(*[no_parts if name.startswith("part") else nothing for name in names])
    return Posterior(*[np.concatenate([getattr(part, name) for part in parts]) for name in names])


def _posterior_of(edge_bps: Floats, error_bps: Floats, df: Floats, spreads: Spreads) -> Posterior:
    unit = error_bps**ALPHA
    edge, error = edge_bps / unit, error_bps / unit
    scale, _ = _scales(df)  # [rows, nodes]
    joint = spreads.share[None, :, None] * _likelihood(edge, error, df, spreads.sd_bps)
    joint /= joint.sum(axis=(1, 2), keepdims=True)  # [rows, parts, nodes]
    noise = (error[:, None] ** 2 / scale)[:, None, :]
    prior = (spreads.sd_bps**2)[None, :, None]
    kept = prior / (prior + noise)  # of the measured edge
    mean, variance = kept * edge[:, None, None], kept * noise
    z = np.divide(mean, np.sqrt(variance), out=np.zeros_like(mean), where=variance > 0)
    is_null = spreads.sd_bps == 0
    p_positive = np.where(is_null[None, :, None], 0.0, joint * ndtr(z)).sum(axis=(1, 2))
    p_null = joint[:, is_null].sum(axis=(1, 2))
    share = joint.sum(axis=2)
    safe = np.where(share > 0, share, 1.0)
    part_mean = (joint * mean).sum(axis=2) / safe
    part_square = (joint * (variance + mean**2)).sum(axis=2) / safe
    total_mean = (share * part_mean).sum(axis=1)
    total_square = (share * part_square).sum(axis=1)
    return Posterior(
        mean_bps=total_mean * unit,
        sd_bps=np.sqrt(np.maximum(total_square - total_mean**2, 0.0)) * unit,
        p_positive=p_positive,
        false_sign=p_null + np.minimum(p_positive, 1 - p_null - p_positive),
        part_share=share,
        part_mean_bps=part_mean * unit[:, None],
        part_sd_bps=np.sqrt(np.maximum(part_square - part_mean**2, 0.0)) * unit[:, None],
    )


def _likelihood(edge: Floats, error: Floats, df: Floats, grid: Floats) -> Floats:
    """Return the density of each measured edge under each spread and scale, scaled by row.

    Student's distribution is a normal one of random scale, so that with a normal edge added it
    stays a mixture of normals: one a scale, ``[entities, spreads, scales]``.
    """
    scale, weight = _scales(df)
    variance = (error[:, None] ** 2 / scale)[:, None, :] + (grid**2)[None, :, None]
    log_density = -0.5 * (edge[:, None, None] ** 2 / variance + np.log(variance))
    log_density -= log_density.max(axis=(1, 2), keepdims=True)
    density: Floats = weight[:, None, :] * np.exp(log_density)
    return density


def _scales(df: Floats) -> tuple[Floats, Floats]:
    """Return scales of Student's distribution and their weights, ``[entities, scales]`` each.

    A scale is chi-squared over its degrees of freedom; the trapezoidal rule in its logarithm.
    """
    half = np.minimum(df, NORMAL_DF)[:, None] / 2
    width = 1 / np.sqrt(half)
    log_scale = SCALE_NODES[None, :] * width
    log_weight = half * np.log(half) - gammaln(half) + half * (log_scale - np.exp(log_scale))
    weight = np.exp(log_weight)
    weight /= weight.sum(axis=1, keepdims=True)
    return np.exp(log_scale), weight


def _chunks(n_rows: int) -> Iterator[slice]:
    for first in range(0, n_rows, ROWS_AT_ONCE):
        yield slice(first, first + ROWS_AT_ONCE)
