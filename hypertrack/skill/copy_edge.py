"""What somebody else would have earned: later, and at a cost."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hypertrack.skill.arrays import Flags, Floats, Ints, group_starts, sums
from hypertrack.skill.bets import Bets
from hypertrack.skill.estimate import Estimates
from hypertrack.skill.shrinkage import Posterior
from hypertrack.skill.walk_costs import WalkCosts, size_at

SHARE_SD = 0.3
"""How far entities lie around the population's share of the move that is still to come."""

LEVELS = (0.05, 0.95)
"""Of the interval that is shown."""


@dataclass(frozen=True)
class CopyTerms:
    """How somebody copies, and what it costs in each coin.

    Attributes:
        delay_ms: Of the copier.
        taker_bps: Fee of one leg, ``[coins]``.
        half_spread_bps: Where no fresh quote was recorded, ``[coins]``.
        walks: What its size costs.
    """

    delay_ms: int
    taker_bps: Floats
    half_spread_bps: Floats
    walks: WalkCosts


@dataclass(frozen=True)
class CopyEdges:
    """What is left for a copier of each entity with a bet as taker, in bps, ``[entities]`` each.

    Attributes:
        cost_bps: Of both legs at the size asked for.
        share: Of the move, what is still to come after the delay.
        edge_bps: Expected after delay and cost; ``low_bps`` to ``high_bps`` with 90 %.
        curve_bps: The same after each delay that was measured and without any, by delay in ms.
        p_positive: Chance that it is above 0.
        half_life_s: After which half of the move is over.
        capacity_usd: Size at which nothing is left to be expected; infinite where size is free.
        book_frac: Share of its openings in coins whose recorded books tell what size costs; of the
            others what takers of the tape paid.
    """

    cost_bps: Floats
    share: Floats
    edge_bps: Floats
    curve_bps: Mapping[int, Floats]
    low_bps: Floats
    high_bps: Floats
    p_positive: Floats
    half_life_s: Floats
    capacity_usd: Floats
    book_frac: Floats


def copy_edges(
    bets: Bets,
    measured: Estimates,
    known: Posterior,
    horizon_ms: Ints,
    terms: CopyTerms,
) -> CopyEdges:
    """Return what copying each entity would earn.

    Args:
        bets: Of openings as taker, with what was measured of them (see `Evidence`).
        measured: Their estimates.
        known: Their posteriors, a row an estimate.
        horizon_ms: By number of the entity.
        terms: How it is copied.
    """
    starts = group_starts(bets.entity)
    horizon = horizon_ms[measured.entity]
    shares = {delay: _share_to_come(bets, starts, known, horizon, delay) for delay in _delays(bets)}
    shares[0] = np.ones(len(starts))
    share = shares[terms.delay_ms]
    fixed = 2 * (
        _mean(bets, starts, terms.taker_bps[bets.coin]) + _half_spread(bets, starts, terms)
    )
    walk = 2 * np.stack(
        [_mean(bets, starts, each[bets.coin]) for each in terms.walks.bps.T], axis=1
    )
    cost = fixed + terms.walks.asked_bps(walk)
    least = np.divide(cost, share, out=np.full(len(cost), np.inf), where=share > 0)
    gain = known.mean_bps * share
    low, high = (known.quantile(level) * share - cost for level in LEVELS)
    return CopyEdges(
        cost_bps=cost,
        share=share,
        edge_bps=gain - cost,
        curve_bps={delay: known.mean_bps * left - cost for delay, left in shares.items()},
        low_bps=low,
        high_bps=high,
        p_positive=np.where(share > 0, known.p_above(np.minimum(least, 1e12)), 0.0),
        half_life_s=_half_life_s(shares, horizon),
        capacity_usd=size_at(terms.walks.sizes_usd, walk, gain - fixed),
        book_frac=_mean(bets, starts, terms.walks.are_recorded[bets.coin]),
    )


def _share_to_come(
    bets: Bets, starts: Ints, known: Posterior, horizon_ms: Ints, delay_ms: int
) -> Floats:
    """Return which part of its move each entity's openings have before them after a delay.

    What was over by then is measured far better than the whole; its share of the expected edge is
    drawn towards the population's, the more the less is known of the edge.
    """
    early = bets.measures[f"early_{delay_ms}ms"]
    weight = sums(bets.weight, starts)
    over = sums(bets.weight * early, starts) / weight
    n_each = np.diff(np.append(starts, len(bets)))
    off = early - np.repeat(over, n_each)
    over_se = np.sqrt(sums((bets.weight * off) ** 2, starts)) / weight
    edge = np.maximum(known.mean_bps, 0.0)
    usual = _usual_share_over(over, edge, np.minimum(delay_ms / horizon_ms, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        own, own_variance = over / edge, (over_se / edge) ** 2
        trust = SHARE_SD**2 / (SHARE_SD**2 + own_variance)
        drawn = trust * own + (1 - trust) * usual
    is_told = np.isfinite(drawn) & (n_each > 1)
    gone = np.where(is_told, drawn, usual)
    left: Floats = np.where(delay_ms < horizon_ms, np.clip(1 - gone, 0.0, 1.0), 0.0)
    return left


def _usual_share_over(over: Floats, edge: Floats, of_time: Floats) -> Floats:
    """Return the share of a move that is usually over: of all entities, by how skilled they are.

    Where nobody is, moves are taken to come evenly over time.
    """
    square = float((edge**2).sum())
    if square <= 0:
        return of_time
    usual = float((edge * over).sum()) / square
    return np.full(len(over), min(max(usual, 0.0), 1.0))


def _half_life_s(shares: dict[int, Floats], horizon_ms: Ints) -> Floats:
    """Return after how long half of the move is over, between the delays that were measured."""
    delays = sorted(shares)
    left = [shares[delay] for delay in delays]
    # At the horizon all of it is over, at the latest.
    times = np.stack([np.minimum(d, horizon_ms.astype(np.float64)) for d in (*delays, np.inf)])
    parts = np.minimum.accumulate(np.stack([*left, np.zeros(len(horizon_ms))]), axis=0)
    nth = (parts <= 0.5).argmax(axis=0)
    rows = np.arange(len(horizon_ms))
    above, below = parts[nth - 1, rows], parts[nth, rows]
    from_ms, to_ms = times[nth - 1, rows], times[nth, rows]
    frac = np.divide(above - 0.5, above - below, out=np.ones(len(rows)), where=above > below)
    found: Floats = (from_ms + frac * (to_ms - from_ms)) / 1000
    return found


def _delays(bets: Bets) -> list[int]:
    names = [name for name in bets.measures if name.startswith("early_")]
    return [int(name.removeprefix("early_").removesuffix("ms")) for name in names]


def _mean(bets: Bets, starts: Ints, values: Floats | Flags) -> Floats:
    """Return the mean of a quantity over the openings of each entity."""
    return sums(values * bets.n_openings, starts) / sums(bets.n_openings, starts)


def _half_spread(bets: Bets, starts: Ints, terms: CopyTerms) -> Floats:
    recorded = bets.measures["half_spread_bps"]
    return _mean(
        bets, starts, np.where(np.isnan(recorded), terms.half_spread_bps[bets.coin], recorded)
    )
