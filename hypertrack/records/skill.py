"""What is known of the skill of a recording's wallets, and of one of them."""

from collections.abc import Mapping
from enum import StrEnum
from math import isnan

from hypertrack.records.base import Record


class Verdict(StrEnum):
    """Whether a wallet is worth copying."""

    COPY = "COPY"
    WATCH = "WATCH"
    AVOID = "AVOID"
    NOT_ENOUGH_DATA = "NOT ENOUGH DATA"


class SkillSummary(Record, frozen=True, kw_only=True):
    """What could be told from luck, and how much the telling is to be trusted."""

    span_hours: float
    n_wallets: int
    """Judged: system wallets are not."""
    n_entities: int
    """Wallets that act as one are one."""
    n_tested: int
    """Entities with bets enough."""
    n_flagged: int
    """Told from luck."""
    max_false_discovery_frac: float
    power_edge_bps: float
    power: float | None
    """Share of the tested that would be told from luck, had each an edge so large."""
    placebo_z_sd: float | None
    """Of entities whose bets were moved in time; 1 where errors are right."""
    n_placebo: int
    least_days_needed: float | None
    """Further days at the present rate until the nearest could be told from luck, were its edge
    what was measured; None where nobody's is positive."""
    n_by_verdict: dict[str, int]
    delay_s: float
    size_usd: float
    estimator: str = "shrinkage"
    """By what edges are expected."""
    estimator_why: str = "as asked"
    n_by_profit: int = 0
    """Wallets of which only what they did since they were chosen by their profit counts."""


class WalletSkill(Record, frozen=True, kw_only=True):
    """What is known of one wallet's skill."""

    verdict: Verdict
    gate: str
    """What decided the verdict."""
    says: str
    """The same as a sentence, with its number and threshold."""
    follows: str | None
    """The wallet it copies."""
    numbers: dict[str, float]
    """By the names of `SKILL_NUMBERS`; NaN where unknown."""


SKILL_NUMBERS: Mapping[str, str] = {
    "entity_id": "number of the entity that it belongs to",
    "entity_size": "wallets of its entity",
    "n_openings": "openings as taker with a markout",
    "n_bets": "bets: openings as taker of an entity, coin and block of time",
    "n_blocks": "blocks of time with a bet, of resting orders alone, too",
    "horizon_s": "seconds after which openings are judged",
    "markout_bps": "mean markout of its bets, as measured",
    "markout_error_bps": "standard error of it",
    "edge_bps": "edge to be expected after shrinkage, before costs",
    "edge_sd_bps": "standard deviation of what is known of it",
    "edge_low_bps": "90 % interval",
    "edge_high_bps": "90 % interval",
    "p_edge_positive": "chance that its edge is above 0",
    "false_sign": "chance that its edge is not of the sign that is more likely",
    "q": "rate of false discoveries at which it would be told from luck",
    "cost_bps": "of a copier, both legs",
    "copy_edge_bps": "left for a copier after delay and cost, to be expected",
    "copy_edge_low_bps": "90 % interval",
    "copy_edge_high_bps": "90 % interval",
    "copy_edge_bps_0s": "left for a copier who is there at once",
    "copy_edge_bps_1s": "left for a copier 1 s later",
    "copy_edge_bps_5s": "left for a copier 5 s later",
    "copy_edge_bps_30s": "left for a copier 30 s later",
    "copy_edge_bps_300s": "left for a copier 5 min later",
    "p_copy_positive": "chance that something is left for a copier",
    "half_life_s": "seconds after which half of the move is over",
    "capacity_usd": "size of a trade at which nothing is left",
    "n_maker_openings": "openings by a resting order",
    "taker_paid_bps": "what its openings as taker paid beyond the mid before them",
    "taker_after_5s_bps": "mean move after an opening as taker, 5 s later",
    "taker_after_30s_bps": "mean move after an opening as taker, 30 s later",
    "taker_after_300s_bps": "mean move after an opening as taker, 5 min later",
    "taker_after_1800s_bps": "mean move after an opening as taker, 30 min later",
    "taker_gain_bps": "mean gain of an opening as taker on its own price, 5 min later",
    "taker_gain_low_bps": "95 % interval, from blocks of half an hour",
    "taker_gain_high_bps": "95 % interval, from blocks of half an hour",
    "maker_paid_bps": "what its openings by a resting order paid beyond the mid before them",
    "maker_after_5s_bps": "mean move after an opening by a resting order, 5 s later",
    "maker_after_30s_bps": "mean move after an opening by a resting order, 30 s later",
    "maker_after_300s_bps": "mean move after an opening by a resting order, 5 min later",
    "maker_after_1800s_bps": "mean move after an opening by a resting order, 30 min later",
    "maker_gain_bps": "mean gain of an opening by a resting order on its own price, 5 min later",
    "maker_gain_low_bps": "95 % interval, from blocks of half an hour",
    "maker_gain_high_bps": "95 % interval, from blocks of half an hour",
    "book_frac": "share of its openings in coins whose recorded books tell what size costs",
    "bets_needed": "bets that would tell it from luck, were its edge what was measured",
    "days_needed": "further days until then at its rate",
    "verdict_value": "number that decided the verdict",
    "verdict_threshold": "and what it is held against",
}
"""Columns of profiles about skill, and what they are."""

SKILL_TEXTS = ("follows", "verdict", "verdict_gate")
"""Columns of profiles about skill that are texts; null where there is none."""

PASSED = "all gates"
"""What decided where no gate closed."""

GATE_SAYS: Mapping[str, str] = {
    "loses": "loses more than costs with a chance of {value:.2f}, at most {threshold:.2f}",
    "hidden loss": "won {value:.0%} of its exits, at most {threshold:.0%}, and lost all the same",
    "chosen by profit": "chosen by its past profit, which is no evidence: {value:.0f} bets since, "
    "{threshold:.0f} needed",
    "bets": "{value:.0f} bets as taker, {threshold:.0f} needed",
    "hours": "bets in {value:.0f} different hours, {threshold:.0f} needed",
    "days": "bets over {value:.1f} days, {threshold:.1f} needed",
    "luck": "not to be told from luck: q {value:.2f}, at most {threshold:.2f}",
    "bets as taker": "{value:.0f} bets as taker, {threshold:.0f} needed: a maker cannot be copied",
    "copy edge": "a chance of {value:.2f} that a copier earns anything, {threshold:.2f} needed",
    "capacity": "nothing is left at ${value:,.0f} a trade, ${threshold:,.0f} asked for",
    "one coin": "{value:.0%} of the gain from one coin, at most {threshold:.0%}",
    "one bet": "{value:.0%} of the gain from one bet, at most {threshold:.0%}",
    "activity": "opened last at {value:.0%} of the recording, {threshold:.0%} needed",
    "decay": "its second half was worse by {value:.1f} errors, at most {threshold:.1f}",
    "positions": "flat again {value:.0f} times, {threshold:.0f} needed where positions are unknown",
    "copier": "follows another wallet",
    "circle": "{value:.0%} of its trades go in a circle with one wallet, at most {threshold:.0%}",
    "cash": "lost money in the window: ${value:,.0f}",
    PASSED: "a chance of {value:.2f} that a copier earns something, {threshold:.2f} needed",
}
"""By the gate that decided, the sentence about it."""


def gate_sentence(gate: str, value: float, threshold: float) -> str:
    """Return in words what decided a verdict."""
    if isnan(value):
        return f"{gate}: not known"
    return GATE_SAYS[gate].format(value=value, threshold=threshold)
