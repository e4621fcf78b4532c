"""Verdicts in finished strings: what a recording can say of skill, and of whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite

from hypertrack.outputs.account_views import vault_words
from hypertrack.outputs.wording import COSTS_ALONE, bps, bps_interval
from hypertrack.records import SkillSummary, Verdict, WalletProfile, WalletSkill
from hypertrack.text import printable, with_minus

PLACEBO_RANGE = (0.9, 1.1)
"""In which the placebo's z must spread for errors to be trusted."""


AFTER_S = (5, 30, 300, 1_800)
"""Times after an opening at which it is shown where the price went, as `SKILL_NUMBERS` has them."""


@dataclass(frozen=True)
class VerdictRow:
    """One wallet of the table; `why` tells of a vault what it is called."""

    wallet: str
    verdict: str
    bets: str
    edge: str
    copied: str
    q: str
    why: str


def headline(skill: SkillSummary) -> str:
    """Return the sentence about the whole recording that stands before everything else."""
    n_copy = skill.n_by_verdict.get(Verdict.COPY, 0)
    hours = _hours(skill.span_hours)
    if skill.n_flagged == 0:
        return f"no wallet can be told from luck in {hours}{_outlook(skill)}"
    told = (
        f"{_count(skill.n_flagged, 'entity', 'entities')} of {skill.n_tested:,} tested can be told "
        f"from luck in {hours}"
    )
    terms = f"{skill.delay_s:g} s later with ${skill.size_usd:,.0f}"
    if n_copy == 0:
        return f"{told}; none is worth copying {terms}"
    are = "is" if n_copy == 1 else "are"
    return f"{_count(n_copy, 'wallet', 'wallets')} {are} worth copying {terms}; {told}"


def reliability(skill: SkillSummary) -> Iterator[str]:
    """Yield what the telling rests on: its power, and whether its errors are right."""
    if skill.power is not None:
        yield (
            f"of wallets with a true edge of {skill.power_edge_bps:g} bps, {skill.power:.0%} of "
            f"those tested would be told from luck (false discoveries at most "
            f"{skill.max_false_discovery_frac:.0%})"
        )
    if skill.placebo_z_sd is not None:
        low, high = PLACEBO_RANGE
        text = f"placebo over {skill.n_placebo:,} entities: z spreads by {skill.placebo_z_sd:.2f}"
        if low <= skill.placebo_z_sd <= high:
            yield f"{text}, as it should ({low} to {high})"
        else:
            yield f"{text}, not {low} to {high}: the errors are not to be trusted"
    if (skill.estimator, skill.estimator_why) != ("shrinkage", "as asked"):
        yield f"edges are expected by {skill.estimator}: {skill.estimator_why}"
    if skill.n_by_profit:
        yield (
            f"{_count(skill.n_by_profit, 'wallet was', 'wallets were')} chosen by past profit: "
            "only what came after counts"
        )


def verdict_row(profile: WalletProfile) -> VerdictRow:
    """Return a wallet's row; dashes where it was not judged."""
    skill = profile.skill
    if skill is None:
        return VerdictRow(profile.wallet, "–", "–", "–", "–", "–", "not judged")
    n, vault = skill.numbers, vault_words(profile.account)
    return VerdictRow(
        wallet=profile.wallet,
        verdict=skill.verdict.value,
        bets=f"{n['n_bets']:,.0f}",
        edge=bps_interval(n["edge_bps"], n["edge_low_bps"], n["edge_high_bps"]),
        copied=_copied(n),
        q=_number(n["q"], ".2f"),
        why=f"{skill.says}; {vault}" if vault else skill.says,
    )


def verdict_sentence(skill: WalletSkill) -> str:
    """Return the verdict and what decided it."""
    return printable(with_minus(f"{skill.verdict.value}: {skill.says}"))


def skill_lines(skill: WalletSkill) -> Iterator[tuple[str, str]]:
    """Yield name and value of what is known of one wallet's skill."""
    n = skill.numbers
    yield "verdict", verdict_sentence(skill)
    blocks = f"{n['n_blocks']:,.0f} block{'' if n['n_blocks'] == 1 else 's'} of time"
    judged = f"judged {n['horizon_s']:,.0f} s later; bets of either role in {blocks}"
    yield "bets as taker", f"{n['n_bets']:,.0f}, {judged}"
    if n["entity_size"] > 1:
        yield "entity", f"acts as one with {n['entity_size'] - 1:,.0f} other wallets"
    if skill.follows:
        yield "follows", skill.follows
    yield from _edge_lines(n)
    yield from _copy_lines(n)
    yield from _role_lines(n)
    if isfinite(n["bets_needed"]) and n["days_needed"] > 0:  # it has them already
        needed = f"{n['bets_needed']:,.0f} bets, {_days(n['days_needed'])} at its rate"
        yield "needs", f"{needed}, to be told from luck, were its edge what was measured"


def _edge_lines(n: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    if isfinite(n["edge_bps"]):
        measured = f"{bps(n['markout_bps'])} ± {n['markout_error_bps']:.1f} bps a bet"
        yield "measured", f"{measured}, before costs"
        edge = bps_interval(n["edge_bps"], n["edge_low_bps"], n["edge_high_bps"], unit=" bps")
        chance = f"above 0 with a chance of {n['p_edge_positive']:.2f}; q {n['q']:.2f}"
        yield "edge", f"{edge}, after shrinkage; {chance}"


def _copy_lines(n: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    if isfinite(n["cost_bps"]):
        yield "copied", f"{_copied(n, unit=' bps')}, after {n['cost_bps']:.1f} bps of costs"
        if n["half_life_s"] > 0 and bps(n["edge_low_bps"]) != bps(n["edge_high_bps"]):
            half_life = f"{n['half_life_s']:,.1f}".removesuffix(".0")
            yield "half-life", f"half of the move is over in {half_life} s"
        size = f"{_usd(n['capacity_usd'])} a trade" if n["capacity_usd"] else "any size"
        yield "capacity", f"nothing is left at {size}{_priced(n['book_frac'])}"


def _priced(book_frac: float) -> str:
    """Return by what it is told what size costs; nothing where that is not known."""
    if not isfinite(book_frac):
        return ""
    tape, books = "what takers paid", "recorded books"
    if 0 < book_frac < 1:
        return f", by {books} in {book_frac:.0%} of its openings, else by {tape}"
    return f", by {books if book_frac else tape}"


def _role_lines(n: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for role in ("taker", "maker"):
        moves = [n[f"{role}_after_{after_s}s_bps"] for after_s in AFTER_S]
        if any(map(isfinite, moves)):
            ends = n[f"{role}_gain_low_bps"], n[f"{role}_gain_high_bps"]
            yield (
                f"as {role}",
                f"{' '.join(map(bps, moves))} bps from the mid after 5 s, 30 s, 5 min, 30 min; "
                f"gained on its own price {_gain(n[f'{role}_gain_bps'], *ends)} in 5 min: "
                "shown, not tested",
            )


ALIKE = "alike in all blocks of time"


def _gain(value: float, low: float, high: float) -> str:
    """Return a gain with its interval; without one where it is of a single block of time."""
    return bps_interval(value, low, high, no_width=ALIKE) if isfinite(low) else bps(value)


def _copied(n: Mapping[str, float], unit: str = "") -> str:
    ends = n["copy_edge_low_bps"], n["copy_edge_high_bps"]
    return bps_interval(n["copy_edge_bps"], *ends, no_width=COSTS_ALONE, unit=unit)


def _outlook(skill: SkillSummary) -> str:
    if skill.n_tested == 0:
        return ": none made enough bets that could be judged"
    if skill.least_days_needed is None:
        return ""
    return f"; the nearest would need {_days(skill.least_days_needed)}"


def _days(days: float) -> str:
    if days < 1:
        hours = max(round(days * 24), 1)
        return f"{hours} more hour{'' if hours == 1 else 's'}"
    return f"{days:,.0f} more days" if days >= 1.5 else "1 more day"


def _hours(hours: float) -> str:
    return f"{hours / 24:,.1f} days" if hours >= 48 else f"{hours:,.1f} h"


def _count(n: int, one: str, more: str) -> str:
    return f"{n:,} {one if n == 1 else more}"


def _number(value: float, form: str) -> str:
    return format(value, form) if isfinite(value) else "–"


def _usd(value: float) -> str:
    return f"${value:,.0f}" if isfinite(value) else "no size"
