"""The wallet report for reading: as text in the predecessor's layout, as CSV and Markdown."""

import csv
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from math import isnan

from hypertrack.clock import utc
from hypertrack.config import ReportSettings
from hypertrack.outputs.account_views import account_lines
from hypertrack.outputs.profit_views import profit_lines, profit_sentence
from hypertrack.outputs.reason_views import (
    N_REASONS,
    N_SHORT,
    REASONS_MEANING,
    head_of,
    score_views,
)
from hypertrack.outputs.selection import Selection, in_order, select
from hypertrack.outputs.verdict_views import headline, verdict_sentence
from hypertrack.outputs.wording import (
    HEAD_NAMES,
    SKILL_MEANING,
    coverage,
    doubt,
    feature_name,
    gaps,
    left_out,
    quality,
    signed,
    span,
    usd,
)
from hypertrack.records import (
    ACCOUNT_NUMBERS,
    ACCOUNT_TEXTS,
    EVERYBODY,
    HEAD_MEANINGS,
    HEADS,
    PROFIT_NUMBERS,
    PROFIT_TEXTS,
    SCORE_NAMES,
    SKILL_NUMBERS,
    STYLE_DIMENSIONS,
    Category,
    Choice,
    ModelSummary,
    ProfileHeader,
    ProfileSet,
    WalletAccount,
    WalletProfile,
    WalletProfit,
    WalletSkill,
)
from hypertrack.text import csv_cell, printable

WIDTH = 100
"""Columns that no line of the text passes."""

RULE, THIN_RULE = "=" * 80, "-" * 80

SCORE_LINES = (
    ("Risk Score", "risk_score"),
    ("Profitability Score", "profitability_score"),
    ("Bot Probability", "bot_probability"),
    ("Influence Score", "influence_score"),
    ("Sophistication Score", "sophistication_score"),
)
"""Order and names of the predecessor."""


def render_report(
    profiles: ProfileSet, settings: ReportSettings, choice: Choice = EVERYBODY
) -> Iterator[str]:
    """Yield the text report: what was observed, how good the model is, every wallet."""
    selection, header = select(profiles, settings, choice=choice), profiles.header
    unproven = _unproven_heads(header.model)
    yield _lines((*_text_head(header, selection), "", RULE))
    for number, profile in enumerate(in_order(profiles, selection.rows), 1):
        text = (*_text_wallet(number, profile, unproven), *_text_reasons(header, profile))
        yield _lines(("", *(part for line in text for part in _wrap(line, 4))))


def render_csv(
    profiles: ProfileSet, settings: ReportSettings, choice: Choice = EVERYBODY
) -> Iterator[str]:
    """Yield one row a wallet: categories, scores, style, features.

    A cell is empty where there is no number, or says why where that is known.
    """
    shown = in_order(profiles, select(profiles, settings, choice=choice).rows)
    first = next(shown, None)
    features = () if first is None else tuple(first.features)
    yield _csv_line(_csv_headings(profiles.header, features))
    for profile in () if first is None else chain((first,), shown):
        yield _csv_line(_csv_row(profiles.header, profile, features))


def render_markdown(
    profiles: ProfileSet, settings: ReportSettings, choice: Choice = EVERYBODY
) -> Iterator[str]:
    """Yield a Markdown document: the same facts as tables, then the evidence by wallet."""
    selection, header = select(profiles, settings, choice=choice), profiles.header
    yield _lines(_markdown_head(header, selection))
    yield _lines(_markdown_table_head())
    for profile in in_order(profiles, selection.rows):
        yield _markdown_row(profile)
    why = f"Why a score is what it is: {_plain(REASONS_MEANING)}"
    yield _lines(("", "## Evidence", "", why))
    for profile in in_order(profiles, selection.rows):
        yield _lines(_markdown_evidence(header, profile))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


# --- text ---------------------------------------------------------------------------------------


def _text_head(header: ProfileHeader, selection: Selection) -> Iterator[str]:
    yield from (RULE, "WALLET PROFILING REPORT", RULE)
    yield f"Generated: {utc(header.generated_ms)}"
    yield f"Total wallets analyzed: {selection.n_total}"
    yield from _wrap(f"Shown: {selection.sentence}", 2)
    if header.notice:
        yield from ("", *_wrap(f"NOTICE: {printable(header.notice)}"))
    if header.skill is not None:
        yield from ("", *_wrap(f"SKILL: {headline(header.skill)}"))
    yield from ("", "WHAT WAS OBSERVED")
    for name, fact in _observed(header):
        yield from _wrap(f"  {name:<10}{fact}", 12)
    yield from ("", "HOW GOOD THE MODEL IS")
    yield from _text_model(header.model)


def _text_model(model: ModelSummary | None) -> Iterator[str]:
    if model is None:
        yield "  no model: categories come from the rules alone"
        return
    yield from _wrap(f"  {_provenance(model)}", 2)
    yield from _wrap(f"  {SKILL_MEANING}", 2)
    for head in model.heads:
        yield from _wrap(f"  {HEAD_NAMES[head.head]}: {HEAD_MEANINGS[head.head]}", 4)
        yield from _wrap(f"    {quality(head)}", 4)
    yield from _wrap(f"  Why, under each wallet: {REASONS_MEANING}", 2)


def _text_wallet(number: int, profile: WalletProfile, unproven: frozenset[str]) -> Iterator[str]:
    yield f"Wallet #{number}: {printable(profile.wallet)}"
    yield THIN_RULE
    yield f"Categories: {', '.join(map(_category, profile.categories)) or 'None'}"
    if profile.why_none:
        yield f"  why: {printable(profile.why_none)}"
    for category in profile.categories:
        yield f"  {category.name}: {printable(category.evidence)}{_remarks(category)}"
    if profile.skill is not None:
        yield f"Verdict: {verdict_sentence(profile.skill)}"
    yield from ("", f"Trading Style Score (6D vector): {_style(profile, unproven)}")
    for name, head in SCORE_LINES:
        yield f"{name}: {_score(profile, head, unproven)}"
    yield ""
    yield f"Transaction Count: {profile.features['tx_count']:.0f}"
    yield f"Age (days): {profile.features['age_days']:.2f}"
    for name, value in _facts(profile):
        yield from _wrap(f"{name.capitalize()}: {value}", 2)


def _facts(profile: WalletProfile) -> Iterator[tuple[str, str]]:
    """Yield name and value of what is known of profit and account."""
    if profile.profit is not None:
        yield from profit_lines(profile.profit)
    if profile.account is not None:
        yield from account_lines(profile.account)


def _text_reasons(header: ProfileHeader, profile: WalletProfile) -> Iterator[str]:
    if not profile.reasons:
        return
    yield from ("", "Why, against the typical wallet:")
    for score in score_views(header, profile):
        yield from _wrap(f"  {score.title}: {score.because(N_SHORT)}", 4)


def _style(profile: WalletProfile, unproven: frozenset[str]) -> str:
    if profile.scores is None:
        return "no model"
    vector = [f"{value:.4f}" for value in profile.scores.trading_style]
    return f"{vector}{_mark('trading_style', unproven)}"


def _score(profile: WalletProfile, head: str, unproven: frozenset[str]) -> str:
    if profile.scores is None:
        return "no model"
    return f"{getattr(profile.scores, head):.4f}{_mark(head, unproven)}"


def _mark(head: str, unproven: frozenset[str]) -> str:
    return " (unproven)" if head in unproven else ""


def _wrap(text: str, indent: int = 0) -> list[str]:
    """Return lines that fit, broken between words."""
    if len(text) <= WIDTH:  # nearly always, and `textwrap` takes its time
        return [text]
    whole = text.replace(" %", "\N{NO-BREAK SPACE}%")
    lines = textwrap.wrap(whole, WIDTH, subsequent_indent=" " * indent, break_on_hyphens=False)
    return [line.replace("\N{NO-BREAK SPACE}%", " %") for line in lines]


# --- shared -------------------------------------------------------------------------------------


def _observed(header: ProfileHeader) -> tuple[tuple[str, str], ...]:
    data = header.data
    trades = f"{data.n_trades:,} in {data.n_coins:,} coins, {usd(data.notional_usd)} notional"
    return (
        ("span", span(data)),
        ("coverage", coverage(data)),
        ("trades", trades),
        ("wallets", f"{data.n_wallets:,}"),
        ("left out", left_out(data)),
        ("gaps", gaps(data)),
    )


def _provenance(model: ModelSummary) -> str:
    forced = ", FORCED on less data than training asks for" if model.is_forced else ""
    return (
        f"{model.version} ({model.estimator}), trained on {model.n_train_rows:,} rows of "
        f"{model.n_train_wallets:,} wallets, tested on {model.n_test_rows:,} later rows{forced}"
    )


def _unproven_heads(model: ModelSummary | None) -> frozenset[str]:
    heads = () if model is None else model.heads
    return frozenset(head.head for head in heads if not head.has_earned_weight)


def _category(category: Category) -> str:
    why_not = doubt(category)
    return f"{category.name} ({category.confidence:.2f}{f', {why_not}' if why_not else ''})"


def _remarks(category: Category) -> str:
    boost = f"; network {signed(category.boost)}" if category.boost else ""
    if not category.caveat:
        return boost
    return f"{boost}; {'' if category.is_proven else 'unproven, '}{printable(category.caveat)}"


# --- CSV ----------------------------------------------------------------------------------------


def _csv_headings(header: ProfileHeader, features: Sequence[str]) -> list[str]:
    return [
        *("wallet", "categories", "unproven", "why_none", "first_seen_ms", "last_seen_ms"),
        *("verdict", "why_verdict", "follows", *SKILL_NUMBERS),
        *SCORE_NAMES,
        *(f"style_{name}" for name in STYLE_DIMENSIONS),
        *(f"why_{head}" for head in HEADS),
        *_profit_names(features),
        *_account_names(features),
        *(feature_name(name, header.remarks) for name in features),
    ]


def _csv_row(
    header: ProfileHeader, profile: WalletProfile, features: Sequence[str]
) -> list[str | float]:
    said = profile.scores
    why = {
        head_of(view.score): f"{view.title}: {view.because(N_REASONS)}"
        for view in score_views(header, profile)
    }
    n_scores = len(SCORE_NAMES) + len(STYLE_DIMENSIONS)
    cells = [
        profile.wallet,
        "; ".join(_category(category) for category in profile.categories if category.is_proven),
        "; ".join(_category(category) for category in profile.categories if not category.is_proven),
        profile.why_none or "",
        profile.first_seen_ms,
        profile.last_seen_ms,
        *_csv_skill(profile.skill),
        *([""] * n_scores if said is None else [getattr(said, name) for name in SCORE_NAMES]),
        *(() if said is None else said.trading_style),
        *(why.get(head, "") for head in HEADS),
        *(_csv_fact(profile.profit, name) for name in _profit_names(features)),
        *(_csv_fact(profile.account, name) for name in _account_names(features)),
        *(_csv_number(profile, name) for name in features),
    ]
    return [csv_cell(cell) if isinstance(cell, str) else cell for cell in cells]


def _csv_skill(skill: WalletSkill | None) -> Iterator[str | float]:
    if skill is None:
        return iter([""] * (3 + len(SKILL_NUMBERS)))
    numbers = (skill.numbers[name] for name in SKILL_NUMBERS)
    told = ("" if isnan(number) else number for number in numbers)
    return chain((skill.verdict.value, skill.says, skill.follows or ""), told)


def _profit_names(features: Sequence[str]) -> Iterator[str]:
    """Yield the columns about profit that stand not among the features."""
    return (name for name in (*PROFIT_TEXTS, *PROFIT_NUMBERS) if name not in features)


def _account_names(features: Sequence[str]) -> Iterator[str]:
    """Yield the columns about accounts that stand not among the features."""
    return (name for name in (*ACCOUNT_TEXTS, *ACCOUNT_NUMBERS) if name not in features)


def _csv_fact(told: WalletProfit | WalletAccount | None, name: str) -> str | float:
    """Return a fact about profit or account; an empty cell where it is not known."""
    value: str | float = "" if told is None else getattr(told, name)
    return "" if isinstance(value, float) and isnan(value) else value


def _csv_number(profile: WalletProfile, name: str) -> str | float:
    """Return a feature; where it has no value, why, if that is known."""
    value = profile.features[name]
    return profile.remarks.get(name, "") if isnan(value) else value


def _csv_line(cells: Sequence[str | float]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


# --- Markdown -----------------------------------------------------------------------------------


def _markdown_head(header: ProfileHeader, selection: Selection) -> Iterator[str]:
    yield from ("# Wallet profiling report", "")
    yield f"Generated {utc(header.generated_ms)}. {selection.sentence}."
    if header.notice:
        yield from ("", f"> **{_plain(header.notice)}**")
    if header.skill is not None:
        yield from ("", f"**{_plain(headline(header.skill))}**")
    yield from ("", "## What was observed", "", "| | |", "|---|---|")
    for name, fact in _observed(header):
        yield f"| {name} | {_plain(fact)} |"
    yield from ("", "## How good the model is", "")
    if header.model is None:
        yield "No model: categories come from the rules alone."
        return
    yield from (f"{_plain(_provenance(header.model))}. {_plain(SKILL_MEANING)}", "")
    yield from ("| score | what it is | on held-out rows |", "|---|---|---|")
    for head in header.model.heads:
        name, meaning = HEAD_NAMES[head.head], HEAD_MEANINGS[head.head]
        yield f"| {name} | {meaning} | {_plain(quality(head))} |"


def _markdown_table_head() -> Iterator[str]:
    names = " | ".join(name.removesuffix(" Score") for name, _ in SCORE_LINES)
    yield from ("", "## Wallets", "")
    yield f"| wallet | categories | {names} | transactions | days | profit |"
    yield "|---|---|" + "---:|" * 7 + "---|"


def _markdown_row(profile: WalletProfile) -> str:
    scores = " | ".join(_short_score(profile, head) for _, head in SCORE_LINES)
    held = ", ".join(map(_category, profile.categories)) or "none"
    count, age = profile.features["tx_count"], profile.features["age_days"]
    made = "–" if profile.profit is None else _plain(profit_sentence(profile.profit))
    row = f"`{_plain(profile.wallet)}` | {held} | {scores} | {count:,.0f} | {age:.2f} | {made}"
    return f"| {row} |\n"


def _markdown_evidence(header: ProfileHeader, profile: WalletProfile) -> Iterator[str]:
    yield from ("", f"`{_plain(profile.wallet)}`", "")
    if profile.skill is not None:
        yield f"- verdict {_plain(verdict_sentence(profile.skill))}"
    for name, value in () if profile.account is None else account_lines(profile.account):
        yield f"- {name}: {_plain(value)}"
    if profile.why_none:
        yield f"- none: {_plain(profile.why_none)}"
    for category in profile.categories:
        why = _plain(category.evidence + _remarks(category))
        yield f"- **{_category(category)}**: {why}"
    for score in score_views(header, profile) if profile.reasons else ():
        yield f"- why {_plain(score.title)}: {_plain(score.because(N_SHORT))}"


def _short_score(profile: WalletProfile, head: str) -> str:
    return "–" if profile.scores is None else f"{getattr(profile.scores, head):.2f}"


def _plain(text: str) -> str:
    """Return text in which Markdown and HTML find nothing to interpret."""
    text = printable(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join(f"\\{c}" if c in "\\|*_`[]" else c for c in text)
