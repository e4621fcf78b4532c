"""Random active wallets followed, many times: what choosing at all is worth."""

from collections.abc import Sequence

import numpy as np

from hypertrack.market.arrays import Floats, Ints
from hypertrack.records import BlockMean, Draws
from hypertrack.skill.course import Course

N_DRAWS = 200

LEVELS = (0.05, 0.5, 0.95)
"""Between the outer ones most draws lie."""


class RandomDraws:
    """As many random active wallets followed as a ranking would follow, many times."""

    def __init__(self, course: Course, rng: np.random.Generator):
        self.course = course
        drawn = [self._keys(rng) for _ in range(N_DRAWS)]
        self.n_bets = _by_round(drawn, course.count)
        self.net = _by_round(drawn, course.sums_by_key(course.copies.net_bps))
        self.adjusted = _by_round(drawn, course.sums_by_key(course.copies.adjusted_bps))
        self.expected, self.n_expected = self._true_gains(drawn)
        self.drawn = drawn

    def draws(self) -> Draws:
        """Return all that is told of them."""
        course = self.course
        everything = range(len(course.rounds))
        equity = np.quantile(self._equity(), LEVELS, axis=0)
        with np.errstate(invalid="ignore"):
            expected = self.expected.sum(axis=1) / self.n_expected.sum(axis=1)
        total = self.net.sum(axis=1) / (course.top * course.days(everything))
        return Draws(
            n_draws=N_DRAWS,
            n_bets=float(self.n_bets.sum(axis=1).mean()),
            net_bps=_spread_of(self._mean(self.net, everything)),
            adjusted_bps=_spread_of(self._mean(self.adjusted, everything)),
            net_day_bps=float(np.median(total)),
            expected_bps=float(np.nanmedian(expected)) if np.isfinite(expected).any() else None,
            equity_low_bps=tuple(equity[0].tolist()),
            equity_bps=tuple(equity[1].tolist()),
            equity_high_bps=tuple(equity[2].tolist()),
        )

    def share_below(self, net_bps: Floats, rounds: Sequence[int]) -> float | None:
        """Return the share of draws that earned less a bet than some bets in the same rounds."""
        found = self._mean(self.net, rounds)
        found = found[~np.isnan(found)]
        if not len(net_bps) or not len(found):
            return None
        return float((found < net_bps.mean()).mean())

    def _keys(self, rng: np.random.Generator) -> list[Ints]:
        """Return whom one draw follows in each round."""
        keys = []
        for nth, known in enumerate(self.course.everybody):
            active = np.flatnonzero(known.is_active)
            n_picks = min(self.course.top, len(active))
            picks = rng.choice(active, n_picks, replace=False)
            keys.append(self.course.first_key[nth] + picks)
        return keys

    def _mean(self, total: Floats, rounds: Sequence[int]) -> Floats:
        """Return what a bet of each draw earned, NaN without any, ``[draws]``."""
        asked = list(rounds)
        count = self.n_bets[:, asked].sum(axis=1)
        found = np.full(len(count), np.nan)
        np.divide(total[:, asked].sum(axis=1), count, out=found, where=count > 0)
        return found

    def _true_gains(self, drawn: list[list[Ints]]) -> tuple[Floats, Floats]:
        course = self.course
        if course.expected_bps is None:
            nothing = np.zeros_like(self.n_bets)
            return nothing, nothing
        gain = course.expected_bps[course.copies.wallet]
        is_told = ~np.isnan(gain)
        return (
            _by_round(drawn, course.sums_by_key(np.where(is_told, gain, 0.0))),
            _by_round(drawn, course.sums_by_key(is_told.astype(np.float64))),
        )

    def _equity(self) -> Floats:
        """Return the equity of each draw, ``[draws, steps]``."""
        course = self.course
        seen = np.flatnonzero(course.is_seen)
        n_steps = len(course.times_ms)
        step, key = course.steps(course.copies.closed_ms[seen]), course.key[seen]
        net = course.copies.net_bps[seen]
        curves = np.zeros((len(self.drawn), n_steps))
        is_drawn = np.zeros(int(course.first_key[-1]), dtype=np.bool_)
        for nth, keys in enumerate(self.drawn):
            picked = np.concatenate(keys)
            is_drawn[picked] = True
            rows = is_drawn[key]
            curves[nth] = np.cumsum(np.bincount(step[rows], net[rows], n_steps))
            is_drawn[picked] = False
        return curves / course.top


def _by_round(drawn: list[list[Ints]], by_key: Floats) -> Floats:
    """Return the sums over whom each draw follows, ``[draws, rounds]``."""
    return np.array([[by_key[keys].sum() for keys in draw] for draw in drawn])


def _spread_of(values: Floats) -> BlockMean | None:
    """Return the median of the draws, and from where to where most of them lie."""
    told = values[~np.isnan(values)]
    if not len(told):
        return None
    low, middle, high = np.quantile(told, LEVELS).tolist()
    return BlockMean(value=middle, low=low, high=high, error=None)
