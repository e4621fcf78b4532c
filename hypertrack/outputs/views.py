"""The dashboard's finished strings and positions; the template only arranges them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hypertrack.clock import utc
from hypertrack.outputs.cards import category_names, unproven_names
from hypertrack.outputs.selection import Selection
from hypertrack.outputs.verdict_views import headline
from hypertrack.outputs.wording import (
    HEAD_NAMES,
    SKILL_MEANING,
    capitalized,
    duration,
    gaps,
    percent,
    plural,
    quality,
    signed,
    usd,
)
from hypertrack.records import (
    DAY_MS,
    HEAD_MEANINGS,
    DataSummary,
    HeadEvaluation,
    ModelSummary,
    ProfileHeader,
    WalletProfile,
)
from hypertrack.text import printable

AXIS_WIDTH = 240.0
AXIS_PADDING = 8.0
"""Of the skill axis, in its own drawing units."""


@dataclass(frozen=True)
class Stat:
    """One number of the summary."""

    label: str
    value: str
    note: str


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

    provenance: str
    explanation: str
    is_forced: bool
    zero: float
    heads: tuple[HeadView, ...]


@dataclass(frozen=True)
class CategoryView:
    """How many of the wallets shown hold a category."""

    name: str
    count: str
    share: float
    """Of the most frequent category, in percent."""
    is_proven: bool


@dataclass(frozen=True)
class PageView:
    """The page around the cards."""

    generated: str
    span_from: str
    span_to: str
    span_length: str
    gaps: str
    notice: str | None
    skill: str | None
    """Whether anybody can be told from luck; None where that was not judged."""
    stats: tuple[Stat, ...]
    model: ModelView | None
    categories: tuple[CategoryView, ...]
    shown: str


def page_view(
    header: ProfileHeader, selection: Selection, shown: Sequence[WalletProfile]
) -> PageView:
    """Return everything on the page but the cards."""
    data = header.data
    return PageView(
        generated=utc(header.generated_ms),
        span_from=utc(data.start_ms),
        span_to=utc(data.end_ms),
        span_length=duration((data.end_ms - data.start_ms) / 1000),
        gaps=gaps(data),
        notice=printable(header.notice) if header.notice else None,
        skill=None if header.skill is None else headline(header.skill),
        stats=tuple(_stats(header)),
        model=None if header.model is None else _model(header.model),
        categories=_categories(shown),
        shown=selection.sentence,
    )


def _stats(header: ProfileHeader) -> list[Stat]:
    data, n, n_categorized = header.data, header.n_wallets, header.n_with_category
    return [
        Stat("Wallets", f"{n:,}", f"in {plural(data.n_coins, 'coin')}"),
        Stat("With a category", f"{n_categorized:,}", _share_of(n_categorized, n)),
        _bots(header),
        Stat("Trades", f"{data.n_trades:,}", f"{_per_wallet(data)} per wallet"),
        Stat("Notional", usd(data.notional_usd), "counted once per trade"),
        _coverage(data),
    ]


def _bots(header: ProfileHeader) -> Stat:
    if header.model is None:
        return Stat("Bots", "–", "no model")
    counts = header.n_wallets_by_category
    earned = {head.head for head in header.model.heads if head.has_earned_weight}
    doubt = "" if "bot_probability" in earned else ", unproven"
    return Stat(
        "Bots", f"{counts.get('Bot', 0):,}", f"{counts.get('Possible Bot', 0):,} possible{doubt}"
    )


def _coverage(data: DataSummary) -> Stat:
    if not data.has_ledger:
        return Stat("Coverage", "–", "no coverage ledger")
    observed = duration(data.observed_days * DAY_MS / 1000)
    return Stat("Coverage", percent(data.observed_frac), f"{observed} observed")


def _per_wallet(data: DataSummary) -> str:
    return f"{2 * data.n_trades / data.n_wallets:,.1f} fills" if data.n_wallets else "0 fills"


def _share_of(part: int, whole: int) -> str:
    return f"{percent(part / whole)} of all" if whole else "of none"


def _model(model: ModelSummary) -> ModelView:
    bounds = [bound for head in model.heads for bound in _bounds(head)]
    low, high = max(-0.5, min([-0.1, *bounds])), min(1.0, max([0.3, *bounds]))
    return ModelView(
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


def _categories(shown: Sequence[WalletProfile]) -> tuple[CategoryView, ...]:
    counts = dict.fromkeys(category_names(shown), 0)
    for profile in shown:
        for category in profile.categories:
            counts[category.name] += 1
    most = max(counts.values(), default=1)
    doubted = unproven_names(shown)
    return tuple(
        CategoryView(printable(name), f"{n:,}", round(100 * n / most, 1), name not in doubted)
        for name, n in counts.items()
    )
