"""Where a gain came from and whether it lasted: coins, single bets, halves of the time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hypertrack.market.arrays import (
    Floats,
    Ints,
    group_sizes,
    group_starts,
    in_order,
    largest,
    sums,
)
from hypertrack.skill.bets import Bets


@dataclass(frozen=True)
class Gains:
    """Of entities with a bet, a row each, in the order of their numbers.

    Attributes:
        coin_frac: Share of the gain that came from one coin, every bet of one size, after drift;
            infinite where there was none.
        bet_frac: From one bet.
        decay_bps: By which the second half of its bets was worse than the first.
        decay_errors: Standard error of that, in standard errors of the whole edge.
    """

    entity: Ints
    coin_frac: Floats
    bet_frac: Floats
    decay_bps: Floats
    decay_errors: Floats

    @classmethod
    def joined(cls, parts: Sequence["Gains"]) -> "Gains":
        """Return those of different entities as one, in their order."""
        names = vars(parts[0])
        return cls(**{name: np.concatenate([vars(part)[name] for part in parts]) for name in names})

    def of(self, entity: Ints) -> "Gains":
        """Return the rows of some entities."""
        rows = np.isin(self.entity, entity)
        return Gains(**{name: column[rows] for name, column in vars(self).items()})

    def decay_se(self, error_bps: Floats) -> Floats:
        """Return the decay in standard errors of its own, of edges with such errors."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.decay_bps / (error_bps * self.decay_errors)


def gains(bets: Bets) -> Gains:
    """Return where gains came from.

    Args:
        bets: By entity, block and coin: in the order of time for each.
    """
    starts = group_starts(bets.entity)
    total = sums(bets.markout_bps, starts)
    decay_bps, decay_errors = _decay(bets, starts)
    return Gains(
        entity=bets.entity[starts],
        coin_frac=_of_total(_best_coin(bets), total),
        bet_frac=_of_total(largest(bets.markout_bps, starts), total),
        decay_bps=decay_bps,
        decay_errors=decay_errors,
    )


def _of_total(part: Floats, total: Floats) -> Floats:
    found = np.full(len(total), np.inf)
    np.divide(part, total, out=found, where=total > 0)
    return found


def _best_coin(bets: Bets) -> Floats:
    order = in_order(bets.entity, bets.coin)
    of_coin = group_starts(bets.entity[order], bets.coin[order])
    gain = sums(bets.markout_bps[order], of_coin)
    return largest(gain, group_starts(bets.entity[order][of_coin]))


def _decay(bets: Bets, starts: Ints) -> tuple[Floats, Floats]:
    """Return the first half's edge less the second's, and its error in errors of the whole edge.

    The error of a half is the whole one's, as if evidence were spread as the weights are.
    """
    size = group_sizes(starts, len(bets))
    nth = np.arange(len(bets)) - np.repeat(starts, size)
    is_late = nth >= np.repeat(size, size) / 2
    late = bets.weight * is_late
    early = bets.weight - late
    late_weight, early_weight = sums(late, starts), sums(early, starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = (
            sums(early * bets.markout_bps, starts) / early_weight
            - sums(late * bets.markout_bps, starts) / late_weight
        )
        whole = late_weight + early_weight
        return difference, np.sqrt(whole / late_weight + whole / early_weight)
