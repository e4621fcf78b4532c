"""The training report's finished strings and positions; the template only arranges them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hypertrack.clock import utc
from hypertrack.outputs.charts import (
    ForestChart,
    LossChart,
    ReliabilityChart,
    Scale,
    forest_chart,
    loss_chart,
    reliability_chart,
)
from hypertrack.outputs.views import Stat
from hypertrack.outputs.wording import (
    HEAD_NAMES,
    SKILL_MEANING,
    capitalized,
    coverage,
    feature_name,
    gaps,
    interval,
    left_out,
    percent,
    plural,
    signed,
    span,
    usd,
)
from hypertrack.records import (
    BINARY_HEADS,
    CONSTANT,
    FEATURE_REMARKS,
    HEAD_MEANINGS,
    Card,
    DataSummary,
    HeadEvaluation,
    Interval,
    OutcomeWindow,
)
from hypertrack.text import duration, printable, with_minus

N_FEATURES = 8
"""Features shown for each head."""

TIMELINE_WIDTH = 1_000.0

UNKNOWN = "–"


@dataclass(frozen=True)
class HeadPanel:
    """One head beside what it has to beat."""

    name: str
    meaning: str
    is_earned: bool
    reason: str
    forest: ForestChart | None
    measures: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FeatureBar:
    """How far one feature moves a score."""

    name: str
    share: float
    """Of the head's strongest, in percent."""
    text: str


@dataclass(frozen=True)
class ImportancePanel:
    """The features that move one head most."""

    name: str
    bars: tuple[FeatureBar, ...]


@dataclass(frozen=True)
class CutRow:
    """Where the windows of one cut lie in the recording, from 0 to `TIMELINE_WIDTH`."""

    name: str
    cut: float
    outcome: float
    width: float
    text: str


@dataclass(frozen=True)
class TextTable:
    """Headings and cells; no column in which nothing is known."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of_known(cls, headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> "TextTable":
        """Return a table without the columns of dashes."""
        known = [i for i in range(len(headings)) if any(row[i] != UNKNOWN for row in rows)]

        def kept(cells: tuple[str, ...]) -> tuple[str, ...]:
            return tuple(cells[i] for i in known)

        return cls(kept(headings), tuple(map(kept, rows)))


@dataclass(frozen=True)
class Fact:
    """A name and what there is to say of it."""

    name: str
    text: str


@dataclass(frozen=True)
class TrainingView:
    """The whole report."""

    version: str
    created: str
    notice: str | None
    is_forced: bool
    explanation: str
    stats: tuple[Stat, ...]
    heads: tuple[HeadPanel, ...]
    losses: tuple[LossChart, ...]
    reliabilities: tuple[ReliabilityChart, ...]
    importance: tuple[ImportancePanel, ...]
    data: tuple[Fact, ...]
    cuts: tuple[CutRow, ...]
    labelling: TextTable
    checks: tuple[Fact, ...]
    settings: tuple[Fact, ...]
    versions: tuple[Fact, ...]


def training_view(card: Card) -> TrainingView:
    """Return everything on the page."""
    summary, details = card.summary, card.details
    return TrainingView(
        version=printable(summary.version),
        created=utc(summary.created_ms),
        notice=printable(details.notice) if details.notice else None,
        is_forced=summary.is_forced,
        explanation=SKILL_MEANING,
        stats=tuple(_stats(card)),
        heads=tuple(map(_head_panel, summary.heads)),
        losses=tuple(_losses(card)),
        reliabilities=tuple(_reliabilities(summary.heads)),
        importance=tuple(_importance(card)),
        data=tuple(_data(details.data)),
        cuts=tuple(_cut_rows(details.data, details.cuts)),
        labelling=_labelling(card),
        checks=tuple(_checks(card)),
        settings=tuple(_flat(details.settings)),
        versions=tuple(Fact(printable(n), printable(v)) for n, v in details.versions.items()),
    )


def _stats(card: Card) -> Iterator[Stat]:
    summary = card.summary
    earned = sum(head.has_earned_weight for head in summary.heads)
    yield Stat("Heads with a say", f"{earned} of {len(summary.heads)}", "skill above zero")
    wallets = f"{summary.n_train_wallets:,} wallets"
    if summary.n_by_profit:
        wallets += f"; {summary.n_by_profit:,} chosen by past profit left out until they were"
    if card.details.n_wallets is not None:
        wallets += f"; drawn by chance from {card.details.n_wallets:,}"
    yield Stat("Training rows", f"{summary.n_train_rows:,}", wallets)
    yield Stat("Validation rows", f"{summary.n_validation_rows:,}", "other wallets, same time")
    drawn_from = card.details.n_test_wallets
    drawn = "" if drawn_from is None else f"; drawn by chance from {drawn_from:,}"
    yield Stat(
        "Test rows", f"{summary.n_test_rows:,}", f"later, a fifth of them new wallets{drawn}"
    )
    yield Stat("Features", f"{len(card.feature_names)}", f"hash {card.feature_hash[:8]}")
    lowest = f"lowest loss in {card.epochs[_best_epoch(card)].epoch}" if card.epochs else "none"
    yield Stat("Epochs", f"{len(card.epochs)}", lowest)


def _best_epoch(card: Card) -> int:
    """Return the place of the epoch with the lowest loss on rows that were not learnt from."""
    losses = [each.validation_loss for each in card.epochs]
    return losses.index(min(losses))


# --- heads --------------------------------------------------------------------------------------


def _head_panel(head: HeadEvaluation) -> HeadPanel:
    return HeadPanel(
        name=HEAD_NAMES[head.head],
        meaning=capitalized(HEAD_MEANINGS[head.head]),
        is_earned=head.has_earned_weight,
        reason=with_minus(printable(capitalized(head.reason))),
        forest=_forest(head),
        measures=tuple(_measures(head)),
    )


def _forest(head: HeadEvaluation) -> ForestChart | None:
    if head.skill is None:
        return None
    baselines = [
        (printable(name), baseline.skill, _skill_text(baseline.skill), False)
        for name, baseline in head.baselines.items()
        if baseline.skill is not None and name != CONSTANT
    ]
    own = (printable(head.estimator), head.skill, _skill_text(head.skill), True)
    return forest_chart([own, *sorted(baselines, key=lambda baseline: -baseline[1].value)])


def _skill_text(skill: Interval) -> str:
    return f"{signed(skill.value)} [{signed(skill.low)}, {signed(skill.high)}]"


def _measures(head: HeadEvaluation) -> Iterator[tuple[str, str]]:
    masked = f"{head.n_test:,} ({percent(head.masked_frac)} had no outcome)"
    yield ("test rows", masked)
    if head.skill_new_wallets is not None:
        yield ("skill on new wallets", signed(head.skill_new_wallets))
    if head.base_rate is not None:
        yield ("base rate", percent(head.base_rate))
    for name, measured in (
        ("AUC", head.auc),
        ("rank IC", head.rank_ic),
        ("calibration error", head.calibration_error),
    ):
        if measured is not None:
            low, high = f"{measured.low:.2f}", f"{measured.high:.2f}"
            yield (name, with_minus(f"{measured.value:.2f} [{low}, {high}]"))


# --- curves -------------------------------------------------------------------------------------


def _losses(card: Card) -> Iterator[LossChart]:
    epochs = card.epochs
    if not epochs:
        return
    numbers, best = [each.epoch for each in epochs], _best_epoch(card)
    total = [(each.train_loss, each.validation_loss) for each in epochs]
    yield loss_chart("All heads, weighted", numbers, total, best)
    for head, name in HEAD_NAMES.items():
        known = [
            (each.train_loss_by_head[head], each.validation_loss_by_head[head])
            for each in epochs
            if head in each.train_loss_by_head and head in each.validation_loss_by_head
        ]
        if len(known) == len(epochs):
            yield loss_chart(name, numbers, known, best)


def _reliabilities(heads: tuple[HeadEvaluation, ...]) -> Iterator[ReliabilityChart]:
    for head in heads:
        if head.head in BINARY_HEADS and head.reliability:
            error = head.calibration_error
            note = "" if error is None else f"calibration error {error.value:.3f}"
            yield reliability_chart(HEAD_NAMES[head.head], head.reliability, note)


def _importance(card: Card) -> Iterator[ImportancePanel]:
    for head, by_feature in card.importance.items():
        if head not in HEAD_NAMES:
            continue
        strongest = sorted(by_feature.items(), key=lambda each: -each[1])[:N_FEATURES]
        most = strongest[0][1] if strongest and strongest[0][1] > 0 else 1.0
        unit = " %" if head == "influence_score" else ""
        yield ImportancePanel(
            name=HEAD_NAMES[head],
            bars=tuple(
                FeatureBar(
                    printable(feature_name(name, FEATURE_REMARKS)),
                    round(100 * moved / most, 1),
                    f"{moved:.3f}{unit}",
                )
                for name, moved in strongest
                if moved > 0
            ),
        )


# --- data ---------------------------------------------------------------------------------------


def _data(data: DataSummary) -> Iterator[Fact]:
    yield Fact("span", span(data))
    yield Fact("coverage", coverage(data))
    yield Fact("known gaps", printable(gaps(data)))
    trades = f"{data.n_trades:,} in {plural(data.n_coins, 'coin')}"
    yield Fact("trades", f"{trades}, {usd(data.notional_usd)} notional")
    yield Fact("wallets", f"{data.n_wallets:,}")
    yield Fact("left out", left_out(data))


def _cut_rows(data: DataSummary, cuts: tuple[OutcomeWindow, ...]) -> Iterator[CutRow]:
    end_ms = max([data.end_ms, *(cut.outcome_end_ms for cut in cuts)])
    x = Scale(data.start_ms, end_ms, 0, TIMELINE_WIDTH)
    for number, cut in enumerate(cuts, 1):
        length = duration((cut.outcome_end_ms - cut.outcome_start_ms) / 1_000)
        outcome = x.place(cut.outcome_start_ms)
        yield CutRow(
            name="Test" if cut.is_test else f"Training {number}",
            cut=x.place(cut.at_ms),
            outcome=outcome,
            width=round(x.place(cut.outcome_end_ms) - outcome, 1),
            text=f"features until {utc(cut.at_ms)}, {length} of outcomes from "
            f"{utc(cut.outcome_start_ms)}",
        )


def _labelling(card: Card) -> TextTable:
    rows = [
        (
            *(printable(each.says), printable(each.vote), percent(each.coverage)),
            *(_share(each.agreement), _share(each.conflict)),
        )
        for each in card.labelling_functions
    ]
    return TextTable.of_known(("rule", "vote", "coverage", "agreement", "conflict"), rows)


def _checks(card: Card) -> Iterator[Fact]:
    details, leaks = card.details, card.leaks
    shortened = ", shortened to fit" if details.embargo_is_shortened else ""
    yield Fact("embargo", f"{duration(details.embargo_s)} between features and outcomes{shortened}")
    for name, value in details.thresholds.items():
        yield Fact(
            printable(name.replace("_", " ")), "not measured" if value is None else f"{value:.4g}"
        )
    if leaks is None:
        return
    for head, skill in leaks.permutation.items():
        name = HEAD_NAMES.get(head, head)
        text = "not measured" if skill is None else f"skill {interval(skill)}"
        yield Fact(f"{name}, outcomes shuffled", text)
    for head, why in leaks.failed.items():
        yield Fact(f"{HEAD_NAMES.get(head, head)}: FAILED", printable(why))


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[Fact]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield Fact(printable(prefix + name), printable(text))


def _share(value: float | None) -> str:
    return UNKNOWN if value is None else percent(value)
