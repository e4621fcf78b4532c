"""The estimate of each entity's edge, its error, and the error's own error."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import digamma, polygamma
from scipy.stats import norm, t

from hypertrack.market.arrays import Flags, Floats, Ints, group_sizes, group_starts, in_order, sums
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.skill.bets import Bets

MIN_BETS = 10
"""Fewer say nothing, whatever they show."""

MIN_BLOCKS = 10
"""A placebo in fewer is beyond three errors 3 to 7 times as often as it should be: nobody knows
the volatility of a few blocks. From ten on it is as often as it should be."""

SMALLEST = 1e-9
"""Of what a block leaves to the others of its entity."""

ROUNDING_BPS = 1e-9
"""Less is what floating point leaves of markouts that are all the same: none of it on one machine,
some of it on another."""

MOST_DF = 1e6
"""Degrees of freedom from which on Student's distribution is the normal one."""


@dataclass(frozen=True)
class Estimates:
    """Edges of entities as measured: one row an entity with a bet, in the order of its number.

    Attributes:
        edge_bps: Precision-weighted mean of its bets' markouts.
        error_bps: Standard error of it, moderated.
        df: Degrees of freedom of that error.
        n_bets: Those with an opening as taker; so ``n_openings``.
        n_blocks: Blocks with a bet, of resting orders alone, too.
        n_hours: Different hours with a bet.
        is_tested: It has bets enough.
    """

    entity: Ints
    edge_bps: Floats
    error_bps: Floats
    df: Floats
    n_bets: Ints
    n_openings: Ints
    n_blocks: Ints
    n_hours: Ints
    is_tested: Flags

    @property
    def z(self) -> Floats:
        """Return edges in standard errors, as normal quantiles, ``[entities]``; NaN untested."""
        score: Floats = norm.isf(self.p)
        return np.where(self.is_tested, score, np.nan)

    @property
    def p(self) -> Floats:
        """Return how likely luck alone is to do as well, ``[entities]``; NaN untested."""
        tested = self.is_tested
        tail = np.full(len(tested), np.nan)
        tail[tested] = t.sf(self.edge_bps[tested] / self.error_bps[tested], self.df[tested])
        return tail


@dataclass(frozen=True)
class Pooled:
    """What the dispersions of all entities say of one that is not known.

    Source: limma's empirical Bayes (Smyth 2004), worked by hand in tests/skill/test_estimate.py.
    """

    df: float
    """As many degrees of freedom as the pooled value counts as."""
    dispersion: float


@dataclass(frozen=True)
class Tally:
    """What the bets of each entity come to by themselves, a row an entity.

    Attributes:
        edge_bps, n_bets, n_openings, n_blocks, n_hours: As of `Estimates`.
        variance: Of the edge, from its blocks; NaN of one.
        expected: What that would be, were bets independent, all as sure, and prices random walks.
        n_equal: Blocks of equal weight that its blocks are worth.
    """

    entity: Ints
    edge_bps: Floats
    variance: Floats
    expected: Floats
    n_equal: Floats
    n_bets: Ints
    n_openings: Ints
    n_blocks: Ints
    n_hours: Ints

    @property
    def has_bets_enough(self) -> Flags:
        """Return which entities may be tested, if their markouts are not all the same."""
        enough: Flags = (self.n_bets >= MIN_BETS) & (self.n_blocks >= MIN_BLOCKS)
        return enough

    @classmethod
    def joined(cls, parts: Sequence["Tally"]) -> "Tally":
        """Return tallies of different entities as one, in their order."""
        columns = ([getattr(part, field.name) for part in parts] for field in fields(cls))
        return cls(*(np.concatenate(column) for column in columns))


def estimate(bets: Bets, horizon_ms: Ints) -> Estimates:
    """Return the edge of every entity that has bets.

    Args:
        bets: By entity, block and coin.
        horizon_ms: By number of the entity, ``[all entities]``.
    """
    return moderated(tally(bets, horizon_ms))


def tally(bets: Bets, horizon_ms: Ints) -> Tally:
    """Return what the bets of each entity come to, whatever those of the others do.

    Args:
        bets: As for `estimate`.
        horizon_ms: As for `estimate`.
    """
    starts = group_starts(bets.entity)
    entity = bets.entity[starts]
    total_weight = sums(bets.weight, starts)
    edge = sums(bets.weight * bets.markout_bps, starts) / total_weight
    variance, n_blocks, n_equal = block_variance(bets, edge, total_weight, starts)
    n_rows = group_sizes(starts, len(bets))
    return Tally(
        entity=entity,
        edge_bps=edge,
        variance=variance,
        # A weight is one over the standard deviation of a minute.
        expected=horizon_ms[entity] / MINUTE_MS * n_rows / total_weight**2,
        n_equal=n_equal,
        n_bets=sums(bets.n_openings > 0, starts).astype(np.int64),
        n_openings=sums(bets.n_openings, starts).astype(np.int64),
        n_blocks=n_blocks,
        n_hours=_count_hours(bets, len(starts)),
    )


def moderated(found: Tally) -> Estimates:
    """Return estimates whose errors are drawn towards those of all."""
    is_tested = found.has_bets_enough
    own_df = found.n_equal - 1
    dispersion = found.variance / found.expected
    pooled = pool(dispersion[is_tested], own_df[is_tested])
    drawn, df = moderate(dispersion, own_df, pooled)
    error = np.sqrt(drawn * found.expected)
    return Estimates(
        entity=found.entity,
        edge_bps=found.edge_bps,
        error_bps=error,
        df=df,
        n_bets=found.n_bets,
        n_openings=found.n_openings,
        n_blocks=found.n_blocks,
        n_hours=found.n_hours,
        is_tested=is_tested & (error > 0),  # markouts that are all the same tell nothing
    )


def tested_only(measured: Estimates) -> Estimates:
    """Return the estimates that have bets enough."""
    return Estimates(**{name: c[measured.is_tested] for name, c in vars(measured).items()})


def block_variance(
    bets: Bets, edge: Floats, total_weight: Floats, starts: Ints
) -> tuple[Floats, Ints, Floats]:
    """Return the variance of each edge from the sums of its blocks, and how many blocks it has.

    Residuals are added up over the coins of a block; neighbouring blocks may move together, since
    a horizon can reach into the next one. An edge lies nearer to a block that weighs more, by which
    its residual is raised: where all weigh the same, by m / (m − 1). NaN of one block.

    Returns:
        Variances, blocks, and the number of blocks of equal weight that they are worth: without
        both, entities with a few heavy blocks had a placebo's z of 1.1 to 1.3.
    """
    of_row = np.repeat(np.arange(len(starts)), group_sizes(starts, len(bets)))
    blocks = group_starts(bets.entity, bets.block)
    of_block, number = of_row[blocks], bets.block[blocks]
    leverage = sums(bets.weight, blocks) / total_weight[of_block]
    residual = sums(bets.weight * (bets.markout_bps - edge[of_row]), blocks)
    residual /= np.sqrt(np.maximum(1 - leverage, SMALLEST))
    is_next = (of_block[1:] == of_block[:-1]) & (number[1:] == number[:-1] + 1)
    lagged = np.append(np.where(is_next, residual[1:] * residual[:-1], 0.0), 0.0)
    n_blocks = np.bincount(of_block, minlength=len(starts))
    square = np.bincount(of_block, residual**2, len(starts))
    both = square + 2 * np.bincount(of_block, lagged, len(starts))
    variance = np.maximum(both, square) / total_weight**2
    variance[variance < ROUNDING_BPS**2] = 0.0
    variance[n_blocks < 2] = np.nan
    return variance, n_blocks, 1 / np.bincount(of_block, leverage**2, len(starts))


def pool(dispersion: Floats, df: Floats) -> Pooled:
    """Return the distribution that dispersions with so many degrees of freedom are drawn from.

    Args:
        dispersion: Positive, ``[entities]``; others are left out.
        df: Of each.
    """
    is_of_use = (dispersion > 0) & (df > 0)
    if is_of_use.sum() < 2:
        return Pooled(0.0, 1.0)
    half = df[is_of_use] / 2
    log_value = np.log(dispersion[is_of_use]) - digamma(half) + np.log(half)
    mean = float(log_value.mean())
    spread = float(log_value.var(ddof=1) - polygamma(1, half).mean())
    if spread <= 0:
        return Pooled(MOST_DF, float(np.exp(mean)))
    half_df = inverse_trigamma(spread)
    return Pooled(2 * half_df, float(np.exp(mean + digamma(half_df) - np.log(half_df))))


def moderate(dispersion: Floats, df: Floats, pooled: Pooled) -> tuple[Floats, Floats]:
    """Return dispersions drawn towards the pooled one, and their degrees of freedom."""
    own = np.where(np.isnan(dispersion), 0.0, dispersion)
    total = np.maximum(df, 0.0) + pooled.df
    weighted = pooled.df * pooled.dispersion + np.maximum(df, 0.0) * own
    moderated = np.full(len(own), np.nan)
    np.divide(weighted, total, out=moderated, where=total > 0)
    return moderated, total


def inverse_trigamma(value: float) -> float:
    """Return where the trigamma function has a value, by Newton's method.

    Source: limma's ``trigammaInverse``: convergence is monotone from this start.
    """
    found = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(polygamma(1, found))
        step = trigamma * (1 - trigamma / value) / float(polygamma(2, found))
        found += step
        if -step / found < 1e-10:
            break
    return found


def _count_hours(bets: Bets, n_entities: int) -> Ints:
    hour = bets.first_ms // HOUR_MS
    order = in_order(bets.entity, hour)
    starts = group_starts(bets.entity[order], hour[order])
    of_row = np.cumsum(np.isin(np.arange(len(bets)), group_starts(bets.entity))) - 1
    return np.bincount(of_row[order][starts], minlength=n_entities)
