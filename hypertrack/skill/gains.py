"""Where a gain came from and whether it lasted: coins, single bets, halves of the time."""

from dataclasses import dataclass

import numpy as np

from hypertrack.skill.arrays import Floats, Ints, group_sizes, group_starts, largest, sums
from hypertrack.skill.bets import Bets
from hypertrack.skill.estimate import Estimates


@dataclass(frozen=True)
class Gains:
    """Of each entity with a bet, ``[entities]``.

    Attributes:
        coin_frac: Share of the gain that came from one coin, every bet of one size, after drift;
            infinite where there was none.
        bet_frac: From one bet.
        decay_se: Standard errors by which the second half of its bets was worse than the first.
    """

    coin_frac: Floats
    bet_frac: Floats
    decay_se: Floats


def gains(bets: Bets, measured: Estimates) -> Gains:
    """Return where gains came from.

    Args:
        bets: By entity, block and coin: in the order of time for each.
        measured: Their estimates.
    """
    starts = group_starts(bets.entity)
    total = sums(bets.markout_bps, starts)
    return Gains(
        coin_frac=_of_total(_best_coin(bets), total),
        bet_frac=_of_total(largest(bets.markout_bps, starts), total),
        decay_se=_decay_se(bets, starts, measured),
    )


def _of_total(part: Floats, total: Floats) -> Floats:
    found = np.full(len(total), np.inf)
    np.divide(part, total, out=found, where=total > 0)
    return found


def _best_coin(bets: Bets) -> Floats:
    order = np.lexsort((bets.coin, bets.entity))
    of_coin = group_starts(bets.entity[order], bets.coin[order])
    gain = sums(bets.markout_bps[order], of_coin)
    return largest(gain, group_starts(bets.entity[order][of_coin]))


def _decay_se(bets: Bets, starts: Ints, measured: Estimates) -> Floats:
    """Return the first half's edge less the second's, over the error of the difference.

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
        error = measured.error_bps * np.sqrt(whole / late_weight + whole / early_weight)
        return difference / error
