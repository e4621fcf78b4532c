"""The backtest: at each cut everybody is judged by the past alone, and then followed."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from hypertrack.config import Settings
from hypertrack.errors import NotEnoughDataError
from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.market.engine.market import Market
from hypertrack.market.fees import scheduled_rates
from hypertrack.records import HOUR_MS, Backtest, RoundFound, Verdict
from hypertrack.skill.bets import SHORTEST_BLOCK_MS
from hypertrack.skill.course import Course
from hypertrack.skill.estimate import MIN_BETS
from hypertrack.skill.evidence import counts_from_ms, n_chosen_after
from hypertrack.skill.expectation import LearnPrior
from hypertrack.skill.fetching import fetch
from hypertrack.skill.following import CURVE_DELAYS_MS, Copies, FollowTerms, Round, follow_all
from hypertrack.skill.judging import judge
from hypertrack.skill.performance import Ranked
from hypertrack.skill.random_draws import RandomDraws
from hypertrack.skill.rankings import EXPECTED, PROFIT, Candidates, candidates

SEED = 20_260_107
"""Of the random draws: one recording has one backtest."""

ScoresAt = Callable[[int], Mapping[str, Floats]]
"""From a cut, ms, to further rankings, ``[wallets]`` each; none where they would know more."""


def choose_from(
    con: Market,
    each: Round,
    is_judged: Flags,
    settings: Settings,
    scores_at: ScoresAt,
    learn_prior: LearnPrior | None = None,
) -> Candidates:
    """Return who could be followed from a cut on, looking at nothing after it.

    Whoever was chosen for what it earned later is not among them.
    """
    is_unbiased = counts_from_ms(con, len(is_judged)) <= each.past.end_ms
    skill = judge(con, each.past, is_judged & is_unbiased, settings, learn_prior)
    return candidates(skill, scores_at(each.past.end_ms))


def backtest(
    con: Market,
    wallets: Sequence[str],
    chosen: Sequence[tuple[Round, Candidates]],
    settings: Settings,
    *,
    top: int,
    expected: tuple[float, Floats] | None = None,
) -> Backtest:
    """Follow the best of each ranking in every round.

    Args:
        con: Holds the dataset.
        wallets: Addresses by id.
        chosen: Each round with its candidates (see `choose_from`).
        top: How many each ranking follows at once.
        expected: True gain of a copy of each wallet, bps, ``[wallets]``, and of which delay, s;
            nothing else depends on it.

    Raises:
        NotEnoughDataError: Nobody could be ranked, or nobody followed.
    """
    rounds, everybody = [each for each, _ in chosen], [known for _, known in chosen]
    _require_ranked(rounds, everybody)
    copies = _copies(con, rounds, everybody, settings)
    expected_bps = None if expected is None else expected[1]
    block_ms = _block_ms(everybody, copies.nth_round, copies.entity)
    course = Course(rounds, everybody, copies, expected_bps, wallets, top, block_ms)
    draws = RandomDraws(course, np.random.default_rng(SEED))
    profit = Ranked(course, PROFIT)
    names = dict.fromkeys(name for each in everybody for name in each.scores)
    return Backtest(
        start_ms=rounds[0].past.start_ms,
        end_ms=rounds[-1].future.end_ms,
        notice=None,
        top=top,
        delay_s=settings.copy.delay_s,
        size_usd=settings.copy.size_usd,
        days_followed=course.days(range(len(rounds))),
        block_s=course.block_ms / 1000,
        judged=EXPECTED,
        rounds=tuple(map(_found, rounds, everybody)),
        rankings=tuple(Ranked(course, name).followed(profit, draws) for name in names),
        random=draws.draws(),
        delays_s=tuple(delay / 1000 for delay in CURVE_DELAYS_MS),
        times_ms=tuple(course.times_ms.tolist()),
        n_by_profit=n_chosen_after(con, len(wallets), rounds[0].past.end_ms),
        truth_delay_s=None if expected is None else expected[0],
    )


def _copies(
    con: Market, rounds: Sequence[Round], everybody: Sequence[Candidates], settings: Settings
) -> Copies:
    """Return everybody's copied bets, of which at least one can be valued."""
    terms = follow_terms(con, rounds[-1].future.end_ms, settings)
    copies = follow_all(con, rounds, everybody, terms)
    if not np.isfinite(copies.gross_bps).any():
        raise NotEnoughDataError(
            "a backtest needs openings as taker after a cut that can be copied, found none in "
            f"{_hours(rounds)}: record longer, or more coins"
        )
    return copies


def _require_ranked(rounds: Sequence[Round], everybody: Sequence[Candidates]) -> None:
    """Refuse where nobody had bets enough at any cut.

    Raises:
        NotEnoughDataError: So it is.
    """
    if any(each.summary.n_tested for each in everybody):
        return
    most = max((int(each.is_active.sum()) for each in everybody), default=0)
    raise NotEnoughDataError(
        f"a backtest needs wallets with {MIN_BETS} bets before a cut, found {most} that opened "
        f"anything and none with so many in {_hours(rounds)}: record longer"
    )


def _hours(rounds: Sequence[Round]) -> str:
    return f"{(rounds[-1].future.end_ms - rounds[0].past.start_ms) / HOUR_MS:.1f} h"


def follow_terms(con: Market, until_ms: int, settings: Settings) -> FollowTerms:
    """Return how the user of the settings follows, until a recording ends."""
    asked = settings.copy
    rates = fetch(con, scheduled_rates(con, settings.fees).order_by("coin_id"))
    scheduled = rates["taker_bps"].astype(np.float64)
    own = asked.taker_bps
    return FollowTerms(
        delay_ms=round(asked.delay_s * 1000),
        size_usd=asked.size_usd,
        taker_bps=scheduled if own is None else np.full(len(scheduled), own),
        half_spread_bps=asked.half_spread_bps,
        until_ms=until_ms,
    )


def _block_ms(everybody: Sequence[Candidates], nth_round: Ints, entity: Ints) -> int:
    """Return the longest horizon that anybody is followed for: bets overlap no longer."""
    longest = [
        int(each.horizon_ms[entity[nth_round == nth]].max(initial=0))
        for nth, each in enumerate(everybody)
    ]
    return max(SHORTEST_BLOCK_MS, *longest)


def _found(each: Round, known: Candidates) -> RoundFound:
    summary = known.summary
    return RoundFound(
        cut_ms=each.future.start_ms,
        until_ms=each.future.end_ms,
        n_active=int(known.is_active.sum()),
        n_tested=summary.n_tested,
        n_flagged=summary.n_flagged,
        n_copy=summary.n_by_verdict.get(Verdict.COPY.value, 0),
    )
