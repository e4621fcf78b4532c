"""The dashboard's finished strings and positions; the template only arranges them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hypertrack.clock import utc
from hypertrack.outputs.ranking import VERDICT_ORDER
from hypertrack.outputs.selection import Selection
from hypertrack.outputs.verdict_views import headline, reliability
from hypertrack.outputs.wording import (
    HEAD_NAMES,
    SKILL_MEANING,
    capitalized,
    coverage,
    gaps,
    percent,
    plural,
    quality,
    signed,
    usd,
)
from hypertrack.records import (
    HEAD_MEANINGS,
    HeadEvaluation,
    ModelSummary,
    ProfileHeader,
    SkillSummary,
)
from hypertrack.text import duration, printable

AXIS_WIDTH = 240.0
AXIS_PADDING = 8.0
"""Of the skill axis, in its own drawing units."""


@dataclass(frozen=True)
class SkillMarks:
    """Where a head's skill, its interval and its best baseline lie on the axis."""

    low: float
    high: float
    value: float
    baseline: float | None


@dataclass(frozen=True)
class HeadView:
    """How good one head is."""

    name: str
    meaning: str
    is_earned: bool
    skill: str
    details: tuple[str, ...]
    marks: SkillMarks | None


@dataclass(frozen=True)
class ModelView:
    """How good the model is, head by head, on one axis."""

    proven: str
    """``3 of 6 heads proven``."""
    provenance: str
    explanation: str
    is_forced: bool
    zero: float
    heads: tuple[HeadView, ...]


@dataclass(frozen=True)
class Stat:
    """One number of a summary."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class VerdictView:
    """How many wallets got a verdict."""

    name: str
    words: str
    count: str


@dataclass(frozen=True)
class PageView:
    """The page around the wallets."""

    generated: str
    notice: str | None
    answer: str
    """What the recording can say of skill, before everything else."""
    reliability: tuple[str, ...]
    """What the answer rests on."""
    facts: tuple[Stat, ...]
    verdicts: tuple[VerdictView, ...]
    """Empty where skill was not judged."""
    model: ModelView | None
    shown: str


NOT_JUDGED = "skill was not judged: there is nothing to say of luck"

VERDICT_WORDS = {verdict: capitalized(verdict.value.lower()) for verdict in VERDICT_ORDER}
"""In the order of the evidence for copying."""


def page_view(header: ProfileHeader, selection: Selection) -> PageView:
    """Return everything on the page but the wallets."""
    skill = header.skill
    return PageView(
        generated=utc(header.generated_ms),
        notice=printable(header.notice) if header.notice else None,
        answer=_unbroken(capitalized(NOT_JUDGED if skill is None else headline(skill))),
        reliability=() if skill is None else tuple(reliability(skill)),
        facts=tuple(_facts(header)),
        verdicts=() if skill is None else tuple(_verdicts(skill)),
        model=None if header.model is None else _model(header.model),
        shown=selection.sentence,
    )


def _unbroken(text: str) -> str:
    """Return text in which a number keeps its unit beside it."""
    return re.sub(r"(?<=\d) (?=\w)", "\N{NO-BREAK SPACE}", text)


def _facts(header: ProfileHeader) -> Iterator[Stat]:
    data = header.data
    length = duration((data.end_ms - data.start_ms) / 1000)
    yield Stat("Observed", length, f"{utc(data.start_ms)} to {utc(data.end_ms)}")
    yield Stat("Coverage", coverage(data), f"gaps: {gaps(data)}")
    yield Stat("Wallets", f"{header.n_wallets:,}", _traded(header))
    trades = f"{data.n_trades:,} in {plural(data.n_coins, 'coin')}"
    yield Stat("Trades", trades, f"{usd(data.notional_usd)} of notional, counted once per trade")


def _traded(header: ProfileHeader) -> str:
    if header.data.n_wallets == header.n_wallets:
        return "profiled; all of them traded"
    return f"profiled; {header.data.n_wallets:,} wallets in recorded trades"


def _verdicts(skill: SkillSummary) -> Iterator[VerdictView]:
    for verdict, words in VERDICT_WORDS.items():
        yield VerdictView(verdict.value, words, f"{skill.n_by_verdict.get(verdict, 0):,}")


def _model(model: ModelSummary) -> ModelView:
    bounds = [bound for head in model.heads for bound in _bounds(head)]
    low, high = max(-0.5, min([-0.1, *bounds])), min(1.0, max([0.3, *bounds]))
    n_earned = sum(head.has_earned_weight for head in model.heads)
    return ModelView(
        proven=f"{n_earned} of {plural(len(model.heads), 'head')} proven",
        provenance=printable(
            f"{model.version} · {model.estimator} · {model.n_train_rows:,} training rows of "
            f"{model.n_train_wallets:,} wallets · {model.n_test_rows:,} later, held-out rows"
        ),
        explanation=SKILL_MEANING,
        is_forced=model.is_forced,
        zero=_place(0.0, low, high),
        heads=tuple(_head(head, low, high) for head in model.heads),
    )


def _bounds(head: HeadEvaluation) -> Iterator[float]:
    """Yield what the axis must reach."""
    if head.skill is not None:
        yield from (head.skill.low, head.skill.high)
        if head.best_baseline is not None:
            yield head.best_baseline[1]


def _head(head: HeadEvaluation, low: float, high: float) -> HeadView:
    return HeadView(
        name=HEAD_NAMES[head.head],
        meaning=capitalized(HEAD_MEANINGS[head.head]),
        is_earned=head.has_earned_weight,
        skill="–" if head.skill is None else signed(head.skill.value),
        details=tuple(_details(head)),
        marks=_marks(head, low, high),
    )


def _details(head: HeadEvaluation) -> Iterator[str]:
    """Yield the numbers beside the drawing; the sentence of why where there is none."""
    if head.skill is None:
        yield printable(quality(head))
        return
    yield f"95 % CI {signed(head.skill.low)} to {signed(head.skill.high)}"
    baseline = head.best_baseline
    if baseline is not None:
        yield f"{printable(baseline[0])} {signed(baseline[1])}"
    if head.base_rate is not None:
        yield f"base rate {percent(head.base_rate)}"
    if head.auc is not None:
        yield f"AUC {head.auc.value:.2f}"


def _marks(head: HeadEvaluation, low: float, high: float) -> SkillMarks | None:
    if head.skill is None:
        return None
    baseline = head.best_baseline
    return SkillMarks(
        low=_place(head.skill.low, low, high),
        high=_place(head.skill.high, low, high),
        value=_place(head.skill.value, low, high),
        baseline=None if baseline is None else _place(baseline[1], low, high),
    )


def _place(skill: float, low: float, high: float) -> float:
    share = min(1.0, max(0.0, (skill - low) / (high - low)))
    return round(AXIS_PADDING + share * (AXIS_WIDTH - 2 * AXIS_PADDING), 1)
