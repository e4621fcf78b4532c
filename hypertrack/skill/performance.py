"""What following the best of one ranking brought, and how that compares."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.stats import rankdata

from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.records import (
    RESOLUTION_BPS,
    Answer,
    BlockMean,
    Comparison,
    Contribution,
    Followed,
)
from hypertrack.skill.course import Course
from hypertrack.skill.following import CURVE_DELAYS_MS
from hypertrack.skill.random_draws import RandomDraws
from hypertrack.skill.time_blocks import (
    block_difference,
    block_mean,
    recordings_needed,
    running_error,
)

N_QUANTILES = 5
FEWEST_RANKED = 10
"""Entities that traded in a round, for a rank correlation."""
FEWEST_COPIES = 3
"""Of an entity in it."""

MOST_CONTRIBUTIONS = 12


class Ranked:
    """What the best of one ranking did, in the rounds in which it ranks anybody."""

    def __init__(self, course: Course, ranking: str):
        self.course = course
        self.ranking = ranking
        self.rounds = [n for n, each in enumerate(course.everybody) if ranking in each.scores]
        picks = [course.everybody[n].best(ranking, course.top) for n in self.rounds]
        self.n_picks = sum(map(len, picks))
        keys = [course.first_key[n] + best for n, best in zip(self.rounds, picks, strict=True)]
        is_picked = np.isin(course.key, np.concatenate([np.zeros(0, dtype=np.int64), *keys]))
        self.n_unseen = int((is_picked & ~course.is_seen).sum())
        self.n_leaders = len(np.unique(course.key[is_picked]))
        self.copies = course.copies.take(is_picked & course.is_seen)
        self.blocks = course.blocks(self.copies.opened_ms)

    def in_rounds(self, rounds: Sequence[int]) -> Flags:
        """Return which copies were made in some of the rounds."""
        return np.isin(self.copies.nth_round, rounds)

    def followed(self, profit: "Ranked", draws: RandomDraws) -> Followed:
        """Return all that is told of it.

        Args:
            profit: The ranking that it is held against.
        """
        course, copies = self.course, self.copies
        days, net, adjusted = course.days(self.rounds), copies.net_bps, copies.adjusted_bps
        of_capital = course.top * days
        return Followed(
            ranking=self.ranking,
            n_rounds=len(self.rounds),
            n_picks=self.n_picks,
            n_leaders=self.n_leaders,
            n_bets=len(copies),
            n_unseen=self.n_unseen,
            net_bps=block_mean(net, self.blocks),
            adjusted_bps=block_mean(adjusted, self.blocks),
            cost_bps=_mean(copies.cost_bps),
            net_day_bps=_share(net.sum(), of_capital),
            adjusted_day_bps=_share(adjusted.sum(), of_capital),
            hit_frac=_mean((net > 0).astype(np.float64)),
            max_drawdown_bps=self._max_drawdown_bps(),
            turnover_day=_share(2 * len(copies), of_capital),
            peak_exposure_frac=_peak(copies.opened_ms, copies.closed_ms) / course.top,
            rank_ic=tuple(self._rank_ic(nth) for nth in range(len(course.rounds))),
            quantile_bps=self._quantiles(),
            delay_bps=self._by_delay(),
            over_profit=None if self.ranking == profit.ranking else self._against(profit),
            above_random_frac=draws.share_below(net, self.rounds),
            expected_bps=_mean(self._expected),
            equity_bps=tuple(course.equity_bps(copies).tolist()),
            equity_error_bps=tuple(self._equity_error().tolist()),
            contributions=self._contributions(),
        )

    @cached_property
    def _expected(self) -> Floats:
        """True gains of the copies that one can be told of."""
        if self.course.expected_bps is None:
            return np.zeros(0)
        found = self.course.expected_bps[self.copies.wallet]
        return found[~np.isnan(found)]

    def _against(self, profit: "Ranked") -> Comparison:
        own, other = self.in_rounds(profit.rounds), profit.in_rounds(self.rounds)
        blocks = (self.blocks[own], profit.blocks[other])
        adjusted, net = (
            block_difference(ours[own], blocks[0], theirs[other], blocks[1])
            for ours, theirs in (
                (self.copies.adjusted_bps, profit.copies.adjusted_bps),
                (self.copies.net_bps, profit.copies.net_bps),
            )
        )
        answer = _answer(adjusted) if len(self.copies) else Answer.FOLLOWED_NOBODY
        is_open = answer is Answer.CANNOT_TELL and adjusted is not None
        error = adjusted.error if is_open and adjusted else None
        mine, others = _mean(self._expected), _mean(profit._expected)
        return Comparison(
            answer=answer,
            adjusted_bps=adjusted,
            net_bps=net,
            expected_bps=None if mine is None or others is None else mine - others,
            recordings_needed=None if error is None else recordings_needed(error, RESOLUTION_BPS),
        )

    def _equity_error(self) -> Floats:
        """Return the error of the equity at each step."""
        course = self.course
        seen_until = course.blocks(course.times_ms - 1)
        blocks = np.minimum(course.blocks(self.copies.closed_ms), seen_until[-1])
        error = running_error(self.copies.net_bps, blocks, int(seen_until[-1]) + 1)
        return error[seen_until] / course.top

    def _max_drawdown_bps(self) -> float:
        order = np.argsort(self.copies.closed_ms, kind="stable")
        equity = np.append(0.0, np.cumsum(self.copies.net_bps[order])) / self.course.top
        return float((np.maximum.accumulate(equity) - equity).max())

    def _rank_ic(self, nth_round: int) -> float | None:
        """Return the rank correlation of scores with what a bet gained then, before costs."""
        known, course = self.course.everybody[nth_round], self.course
        if self.ranking not in known.scores:
            return None
        rows = slice(int(course.first_key[nth_round]), int(course.first_key[nth_round + 1]))
        count = course.count[rows]
        gained = course.sums_by_key(course.copies.gross_bps - course.copies.drift_bps)[rows]
        score = known.scores[self.ranking]
        asked = (count >= FEWEST_COPIES) & ~np.isnan(score)
        a, b = rankdata(score[asked]), rankdata(gained[asked] / count[asked])
        if len(a) < FEWEST_RANKED or np.ptp(a) == 0 or np.ptp(b) == 0:
            return None
        return float(np.corrcoef(a, b)[0, 1])

    def _quantiles(self) -> tuple[float | None, ...]:
        """Return what bets earned by fifths of the score, of all who are ranked and traded."""
        course = self.course
        count = course.count
        earned = course.sums_by_key(course.copies.adjusted_bps)
        totals = np.zeros((2, N_QUANTILES))
        for nth in self.rounds:
            rows = slice(int(course.first_key[nth]), int(course.first_key[nth + 1]))
            score = course.everybody[nth].scores[self.ranking]
            asked = np.flatnonzero((count[rows] > 0) & ~np.isnan(score))
            if len(asked) < N_QUANTILES:
                continue
            fifth = ((rankdata(score[asked], "ordinal") - 1) * N_QUANTILES // len(asked)).astype(
                np.int64
            )
            totals[0] += np.bincount(fifth, earned[rows][asked], N_QUANTILES)
            totals[1] += np.bincount(fifth, count[rows][asked], N_QUANTILES)
        return tuple(e / n if n else None for e, n in totals.T.tolist())

    def _by_delay(self) -> tuple[float | None, ...]:
        """Return what bets would have earned at each delay, those known at all of them."""
        is_known = ~np.isnan(self.copies.by_delay).any(axis=0)
        earned = self.copies.by_delay[:, is_known] - self.copies.cost_bps[is_known]
        if not is_known.any():
            return (None,) * len(CURVE_DELAYS_MS)
        return tuple(earned.mean(axis=1).tolist())

    def _contributions(self) -> tuple[Contribution, ...]:
        wallet, rows, n_bets = np.unique(
            self.copies.wallet, return_inverse=True, return_counts=True
        )
        total = np.bincount(rows, self.copies.net_bps, len(wallet))
        largest = np.argsort(-np.abs(total), kind="stable")[:MOST_CONTRIBUTIONS]
        best_first = largest[np.argsort(-total[largest], kind="stable")]
        return tuple(
            Contribution(
                wallet=self.course.wallets[int(wallet[n])],
                n_bets=int(n_bets[n]),
                net_bps=float(total[n] / n_bets[n]),
                total_bps=float(total[n] / self.course.top),
            )
            for n in best_first
        )


def _answer(difference: BlockMean | None) -> Answer:
    if difference is None or difference.low is None or difference.high is None:
        return Answer.CANNOT_TELL
    if difference.low > 0:
        return Answer.BEATS
    return Answer.DOES_NOT_BEAT if difference.high < RESOLUTION_BPS else Answer.CANNOT_TELL


def _peak(opened_ms: Ints, closed_ms: Ints) -> int:
    """Return how many positions were open at once; one that ends then makes room."""
    time_ms = np.append(opened_ms, closed_ms)
    change = np.append(np.ones(len(opened_ms)), -np.ones(len(closed_ms)))
    return int(np.cumsum(change[np.lexsort((change, time_ms))]).max(initial=0))


def _mean(values: Floats) -> float | None:
    return float(values.mean()) if len(values) else None


def _share(total: float, of: float) -> float:
    return float(total / of) if of > 0 else 0.0
