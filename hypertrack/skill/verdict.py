"""The verdict: gates in their order, each a question with a number and a threshold."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import CopySettings, SkillSettings
from hypertrack.market.arrays import Floats
from hypertrack.records import PASSED, Verdict
from hypertrack.skill.counterparties import MIN_MUTUAL_FRAC

FEWEST_EXITS = 10
"""From which on a share of winning exits means anything."""

RECENT_FRAC = 0.75
"""Of the window: who did nothing since may have left."""


@dataclass(frozen=True)
class Facts:
    """What the gates ask, one number an entity, NaN where it is not known.

    Attributes:
        n_bets: As taker; ``n_taker_bets`` the same, 0 where they alone lie in too few blocks of
            time to be judged without the openings by resting orders.
        q: Rate of false discoveries at which it would be told from luck.
        p_loses: Chance that its edge is worse than the cost turned around.
        p_copy: Chance that something is left for a copier.
        coin_frac: Share of the gain as taker that came from one coin; ``bet_frac`` from one bet.
        last_frac: Where in the window it opened last, 0 to 1.
        decay_se: Standard errors by which its second half was worse than its first.
        known_frac: Share of its openings whose position was known.
        n_flat: How often it was flat again.
        is_copier: 1 where it follows another.
        n_uncounted: What it did before it was chosen for its profit, which is no evidence.
        wash_frac: Share of its trades that go in a circle with one other wallet.
        cash_usd: Profit of the window, or where positions are unknown that of the trades seen.
        win_frac: Share of its exits with a gain.
    """

    n_bets: Floats
    n_taker_bets: Floats
    n_hours: Floats
    n_days: Floats
    q: Floats
    p_loses: Floats
    p_copy: Floats
    capacity_usd: Floats
    coin_frac: Floats
    bet_frac: Floats
    last_frac: Floats
    decay_se: Floats
    known_frac: Floats
    n_flat: Floats
    is_copier: Floats
    n_uncounted: Floats
    wash_frac: Floats
    cash_usd: Floats
    win_frac: Floats
    n_exits: Floats


@dataclass(frozen=True)
class Gate:
    """One thing that COPY needs.

    Attributes:
        without: The verdict where it is not so.
        value: The number asked for, an entity each.
        threshold: What it must reach, or stay at or below where ``is_limit``.
        passes_unknown: Whether a number that is not known passes.
    """

    name: str
    without: Verdict
    value: Callable[[Facts], Floats]
    threshold: Callable[[CopySettings, SkillSettings], float]
    is_limit: bool = False
    passes_unknown: bool = False

    def passes(self, value: Floats, threshold: float) -> NDArray[np.bool_]:
        """Return who passes."""
        reached = value <= threshold if self.is_limit else value >= threshold
        return np.where(np.isnan(value), self.passes_unknown, reached)


def _hidden_loss(facts: Facts) -> Floats:
    """Return the share of winning exits of whoever lost all the same, 0 for the others."""
    is_loser = (facts.cash_usd < 0) & (facts.n_exits >= FEWEST_EXITS)
    return np.where(is_loser, facts.win_frac, 0.0)


def _irrelevance(facts: Facts) -> Floats:
    """Return how often it was flat again; without end where most positions were known."""
    return np.where(facts.known_frac >= 0.5, np.inf, facts.n_flat)


def _bets_since_chosen(facts: Facts) -> Floats:
    """Return the bets of whoever was chosen by its profit, all since; others need none of these."""
    return np.where(facts.n_uncounted > 0, facts.n_bets, np.inf)


GATES: tuple[Gate, ...] = (
    Gate(
        "loses",
        Verdict.AVOID,
        lambda f: f.p_loses,
        lambda copy, _: copy.min_p_positive,
        is_limit=True,
        passes_unknown=True,
    ),
    Gate(
        "hidden loss",
        Verdict.AVOID,
        _hidden_loss,
        lambda copy, _: copy.min_loser_win_frac,
        is_limit=True,
        passes_unknown=True,
    ),
    Gate(
        "chosen by profit",
        Verdict.NOT_ENOUGH_DATA,
        _bets_since_chosen,
        lambda copy, _: copy.min_bets,
    ),
    Gate(
        "bets",
        Verdict.NOT_ENOUGH_DATA,
        lambda f: f.n_bets,
        lambda copy, _: copy.min_bets,
    ),
    Gate(
        "hours",
        Verdict.NOT_ENOUGH_DATA,
        lambda f: f.n_hours,
        lambda copy, _: copy.min_hours,
    ),
    Gate(
        "days",
        Verdict.NOT_ENOUGH_DATA,
        lambda f: f.n_days,
        lambda copy, _: copy.min_days,
    ),
    Gate(
        "luck",
        Verdict.NOT_ENOUGH_DATA,
        lambda f: f.q,
        lambda _, skill: skill.max_false_discovery_frac,
        is_limit=True,
    ),
    Gate(
        "bets as taker",
        Verdict.WATCH,
        lambda f: f.n_taker_bets,
        lambda copy, _: copy.min_bets,
    ),
    Gate(
        "copy edge",
        Verdict.WATCH,
        lambda f: f.p_copy,
        lambda copy, _: copy.min_p_positive,
    ),
    Gate(
        "capacity",
        Verdict.WATCH,
        lambda f: f.capacity_usd,
        lambda copy, _: copy.size_usd,
    ),
    Gate(
        "one coin",
        Verdict.WATCH,
        lambda f: f.coin_frac,
        lambda copy, _: copy.max_coin_frac,
        is_limit=True,
    ),
    Gate(
        "one bet",
        Verdict.WATCH,
        lambda f: f.bet_frac,
        lambda copy, _: copy.max_bet_frac,
        is_limit=True,
    ),
    Gate(
        "activity",
        Verdict.WATCH,
        lambda f: f.last_frac,
        lambda _copy, _skill: RECENT_FRAC,
    ),
    Gate(
        "decay",
        Verdict.WATCH,
        lambda f: f.decay_se,
        lambda copy, _: copy.max_decay_se,
        is_limit=True,
    ),
    Gate(
        "positions",
        Verdict.WATCH,
        _irrelevance,
        lambda copy, _: copy.min_flat_returns,
    ),
    Gate(
        "copier",
        Verdict.WATCH,
        lambda f: f.is_copier,
        lambda _copy, _skill: 0.0,
        is_limit=True,
    ),
    Gate(
        "circle",
        Verdict.WATCH,
        lambda f: f.wash_frac,
        lambda _copy, _skill: MIN_MUTUAL_FRAC,
        is_limit=True,
    ),
    Gate(
        "cash",
        Verdict.WATCH,
        lambda f: f.cash_usd,
        lambda _copy, _skill: 0.0,
    ),
)


@dataclass(frozen=True)
class Decisions:
    """Verdicts, and what decided each: ``gate`` with its ``value`` and ``threshold``.

    COPY is decided by the last thing it needed: the chance that something is left for a copier.
    """

    verdict: NDArray[np.object_]
    gate: NDArray[np.object_]
    value: Floats
    threshold: Floats


def decide(facts: Facts, copy: CopySettings, skill: SkillSettings) -> Decisions:
    """Return the verdict on every entity: that of the first gate that it does not pass."""
    n_entities = len(facts.q)
    found = Decisions(
        verdict=np.full(n_entities, Verdict.COPY.value, dtype=object),
        gate=np.full(n_entities, PASSED, dtype=object),
        value=facts.p_copy.copy(),
        threshold=np.full(n_entities, copy.min_p_positive),
    )
    is_open = np.ones(n_entities, dtype=np.bool_)
    for gate in GATES:
        value, threshold = gate.value(facts), gate.threshold(copy, skill)
        is_stopped = is_open & ~gate.passes(value, threshold)
        found.verdict[is_stopped] = gate.without.value
        found.gate[is_stopped] = gate.name
        found.value[is_stopped] = value[is_stopped]
        found.threshold[is_stopped] = threshold
        is_open &= ~is_stopped
    return found
