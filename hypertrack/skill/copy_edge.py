"""What somebody else would have earned: later, and at a cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.market.arrays import Flags, Floats, Ints, group_sizes, group_starts, in_order, sums
from hypertrack.skill.bets import Bets
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


@dataclass(frozen=True)
class CopyTally:
    """What the bets of entities as taker say of copying them, a row an entity, by its number.

    Attributes:
        n_bets: How many it has.
        over_bps: What was over after each delay that was measured, by delay in ms.
        over_error_bps: Standard error of that.
        coins: The same bets by coin.
    """

    entity: Ints
    n_bets: Ints
    over_bps: Mapping[int, Floats]
    over_error_bps: Mapping[int, Floats]
    coins: "CoinTally"

    def of(self, entity: Ints) -> "CopyTally":
        """Return the rows of some entities."""
        rows = np.isin(self.entity, entity)
        return CopyTally(
            entity=self.entity[rows],
            n_bets=self.n_bets[rows],
            over_bps={delay: over[rows] for delay, over in self.over_bps.items()},
            over_error_bps={delay: error[rows] for delay, error in self.over_error_bps.items()},
            coins=self.coins.take(np.isin(self.coins.entity, entity)),
        )

    @classmethod
    def joined(cls, parts: Sequence["CopyTally"]) -> "CopyTally":
        """Return tallies of different entities as one, in their order."""
        delays = parts[0].over_bps
        return cls(
            entity=np.concatenate([part.entity for part in parts]),
            n_bets=np.concatenate([part.n_bets for part in parts]),
            over_bps={d: np.concatenate([part.over_bps[d] for part in parts]) for d in delays},
            over_error_bps={
                d: np.concatenate([part.over_error_bps[d] for part in parts]) for d in delays
            },
            coins=CoinTally(
                **{
                    name: np.concatenate([vars(part.coins)[name] for part in parts])
                    for name in vars(parts[0].coins)
                }
            ),
        )


@dataclass(frozen=True)
class CoinTally:
    """What entities opened as taker in each coin, by entity and coin.

    Attributes:
        n_openings: How many.
        n_unquoted: Those beside which no fresh quote was recorded.
        spread_bps: The sum of half the recorded spreads beside the others.
    """

    entity: Ints
    coin: Ints
    n_openings: Floats
    n_unquoted: Floats
    spread_bps: Floats

    def take(self, rows: Flags) -> "CoinTally":
        """Return some of them."""
        return CoinTally(**{name: column[rows] for name, column in vars(self).items()})

    def mean(self, of_coin: NDArray[Any]) -> Floats:
        """Return the mean of a quantity of coins over the openings of each entity."""
        return self._mean_of(of_coin[self.coin] * self.n_openings)

    def half_spread_bps(self, unrecorded_bps: Floats) -> Floats:
        """Return half the mean spread of each entity's openings.

        Args:
            unrecorded_bps: Where no fresh quote was recorded, ``[coins]``.
        """
        return self._mean_of(self.spread_bps + self.n_unquoted * unrecorded_bps[self.coin])

    def _mean_of(self, totals: Floats) -> Floats:
        starts = group_starts(self.entity)
        return sums(totals, starts) / sums(self.n_openings, starts)


def copy_tally(bets: Bets) -> CopyTally:
    """Return what bets say of copying whoever made them.

    Args:
        bets: Of openings as taker, by entity, with what was measured of them: ``early_{delay}ms``,
            the part of the move that was over by then, bps, and ``half_spread_bps``, NaN where
            none was recorded.
    """
    starts = group_starts(bets.entity)
    over = {
        delay: _over(bets, starts, bets.measures[f"early_{delay}ms"]) for delay in _delays(bets)
    }
    return CopyTally(
        entity=bets.entity[starts],
        n_bets=group_sizes(starts, len(bets)),
        over_bps={delay: mean for delay, (mean, _) in over.items()},
        over_error_bps={delay: error for delay, (_, error) in over.items()},
        coins=_by_coin(bets),
    )


def _over(bets: Bets, starts: Ints, early: Floats) -> tuple[Floats, Floats]:
    """Return what was over of each entity's moves, bps, and the standard error of that."""
    weight = sums(bets.weight, starts)
    over = sums(bets.weight * early, starts) / weight
    off = early - np.repeat(over, group_sizes(starts, len(bets)))
    return over, np.sqrt(sums((bets.weight * off) ** 2, starts)) / weight


def _by_coin(bets: Bets) -> CoinTally:
    order = in_order(bets.entity, bets.coin)
    entity, coin = bets.entity[order], bets.coin[order]
    n_openings, spread = bets.n_openings[order], bets.measures["half_spread_bps"][order]
    starts = group_starts(entity, coin)
    return CoinTally(
        entity=entity[starts],
        coin=coin[starts],
        n_openings=sums(n_openings, starts),
        n_unquoted=sums(np.where(np.isnan(spread), n_openings, 0), starts),
        spread_bps=sums(np.nan_to_num(spread) * n_openings, starts),
    )


def copy_edges(tally: CopyTally, known: Posterior, horizon_ms: Ints, terms: CopyTerms) -> CopyEdges:
    """Return what copying each entity would earn.

    Args:
        tally: Of entities.
        known: Their posteriors, a row each.
        horizon_ms: By number of the entity, ``[all entities]``.
        terms: How it is copied.
    """
    horizon, coins = horizon_ms[tally.entity], tally.coins
    shares = {delay: _share_to_come(tally, known, horizon, delay) for delay in tally.over_bps}
    shares[0] = np.ones(len(tally.entity))
    share = shares[terms.delay_ms]
    fixed = 2 * (coins.mean(terms.taker_bps) + coins.half_spread_bps(terms.half_spread_bps))
    walk = 2 * np.stack([coins.mean(each) for each in terms.walks.bps.T], axis=1)
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
        book_frac=coins.mean(terms.walks.are_recorded),
    )


def _share_to_come(tally: CopyTally, known: Posterior, horizon_ms: Ints, delay_ms: int) -> Floats:
    """Return which part of its move each entity's openings have before them after a delay.

    What was over by then is measured far better than the whole; its share of the expected edge is
    drawn towards the population's, the more the less is known of the edge.
    """
    over, over_se = tally.over_bps[delay_ms], tally.over_error_bps[delay_ms]
    edge = np.maximum(known.mean_bps, 0.0)
    usual = _usual_share_over(over, edge, np.minimum(delay_ms / horizon_ms, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        own, own_variance = over / edge, (over_se / edge) ** 2
        trust = SHARE_SD**2 / (SHARE_SD**2 + own_variance)
        drawn = trust * own + (1 - trust) * usual
    is_told = np.isfinite(drawn) & (tally.n_bets > 1)
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
