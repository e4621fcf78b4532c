"""What following on paper has come to, beside others that began with the same capital."""

from collections.abc import Sequence
from decimal import localcontext

import numpy as np

from hypertrack.live.paper_opening import RANDOM_NAME
from hypertrack.live.paper_portfolio import Portfolio
from hypertrack.live.paper_state import PRECISION, PaperState
from hypertrack.live.paper_steps import LEADERS
from hypertrack.market.arrays import Floats
from hypertrack.model.confidence import block_means, independent_length, sequence_interval
from hypertrack.records import (
    RESOLUTION_BPS,
    ZERO,
    Answer,
    Beside,
    BlockMean,
    FollowResult,
    PaperPosition,
)

BPS = 10_000
HOURS_A_DAY = 24

ALPHA = 0.05 / 2
"""Shared by the two that we are held against."""


def result_of(state: PaperState) -> FollowResult:
    """Return how following stands after some steps, at the last prices that they say."""
    with localcontext(prec=PRECISION):
        ours = state.portfolios[LEADERS]
        return FollowResult(
            since_ms=state.begun_ms,
            until_ms=state.until_ms,
            terms=state.terms,
            leaders=tuple(wallet for wallet, _ in state.n_actions_by_leader.most_common()),
            n_actions=state.n_actions_by_leader.total(),
            n_gaps=state.n_gaps,
            paper=ours.result(state.marks),
            equity_usd=ours.equity_usd(state.marks),
            positions=tuple(_positions(ours, state)),
            beside=tuple(_all_beside(state)),
            hours_ms=tuple(hour.time_ms for hour in state.hours),
            equity_by_hour_usd=tuple(hour.equity_usd[LEADERS] for hour in state.hours),
        )


def _positions(ours: Portfolio, state: PaperState) -> list[PaperPosition]:
    """Return what is held, the largest first."""
    held = [
        PaperPosition(
            leader=wallet,
            coin=coin,
            size=holding.size,
            mark_px=state.marks[coin],
            notional_usd=holding.size * state.marks[coin],
        )
        for (wallet, coin), holding in ours.holdings.items()
        if holding.size
    ]
    return sorted(held, key=lambda one: (-abs(one.notional_usd), one.leader, one.coin))


def _all_beside(state: PaperState) -> list[Beside]:
    others = list(enumerate(state.portfolios))[LEADERS + 1 :]
    drawn = [nth for nth, one in others if one.name.startswith(RANDOM_NAME)]
    named = [nth for nth, one in others if nth not in drawn]
    found = [_beside(state, [nth], state.portfolios[nth].name) for nth in named]
    if drawn:
        found.append(_beside(state, drawn, f"{len(drawn)} draws of random active wallets"))
    return found


def _beside(state: PaperState, group: Sequence[int], name: str) -> Beside:
    """Return ours less the mean of some others, by blocks of hours."""
    nets = [
        state.portfolios[nth].equity_usd(state.marks) - state.terms.capital_usd for nth in group
    ]
    hourly = _hourly_bps(state, group)
    each_hour = np.ones(len(hourly))
    block_h = independent_length(hourly, each_hour)
    values = block_means(hourly, each_hour, block_h)
    found = _a_day(values)
    return Beside(
        name=name,
        net_usd=sum(nets, ZERO) / len(nets),
        n_portfolios=len(group),
        low_usd=min(nets) if len(group) > 1 else None,
        high_usd=max(nets) if len(group) > 1 else None,
        answer=_answer(found, state, group),
        difference_day_bps=found,
        n_blocks=len(values),
        block_h=block_h,
    )


def _hourly_bps(state: PaperState, group: Sequence[int]) -> Floats:
    """Return what we earned each hour beyond the mean of some others, bps of the capital."""
    if len(state.hours) < 2:
        return np.zeros(0)
    equity = np.array([[float(usd) for usd in hour.equity_usd] for hour in state.hours])
    earned = np.diff(equity, axis=0)  # [hours, portfolios]
    beyond = earned[:, LEADERS] - earned[:, list(group)].mean(axis=1)
    values: Floats = beyond / float(state.terms.capital_usd) * BPS
    return values


def _a_day(hourly: Floats) -> BlockMean | None:
    """Return the mean of blocks a day, with an interval that may be looked at any time.

    None before the first block; without an interval of few blocks, or of equal ones, which say
    nothing of how far their mean could be off.
    """
    if not len(hourly):
        return None
    mean = float(hourly.mean()) * HOURS_A_DAY
    found = sequence_interval(hourly * HOURS_A_DAY, ALPHA) if np.ptp(hourly) > 0 else None
    if found is None:
        return BlockMean(value=mean, low=None, high=None, error=None)
    return BlockMean(value=mean, low=found.low, high=found.high, error=None)


def _answer(found: BlockMean | None, state: PaperState, group: Sequence[int]) -> Answer:
    if not state.portfolios[LEADERS].n_orders:
        return Answer.FOLLOWED_NOBODY
    is_traded = any(state.portfolios[nth].n_orders for nth in group)
    if found is None or found.low is None or found.high is None or not is_traded:
        return Answer.CANNOT_TELL
    if found.low > 0:
        return Answer.BEATS
    return Answer.DOES_NOT_BEAT if found.high < RESOLUTION_BPS else Answer.CANNOT_TELL
