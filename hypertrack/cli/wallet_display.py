"""One wallet on the terminal."""

from collections.abc import Iterator, Mapping, Sequence
from math import isnan
from types import MappingProxyType
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hypertrack.cli.account_display import account_table
from hypertrack.cli.tables import number
from hypertrack.clock import utc
from hypertrack.records import (
    BINARY_HEADS,
    DAY_MS,
    HEAD_MEANINGS,
    PROFIT_NUMBERS,
    STYLE_DIMENSIONS,
    AccountCheck,
    HeadEvaluation,
    ProfileHeader,
    WalletProfile,
)
from hypertrack.text import duration, printable, six_digits, with_minus

if TYPE_CHECKING:
    from hypertrack.pipeline.wallet import ScoreView

SPARKS = " ▁▂▃▄▅▆▇█"
BAR_CELLS = 12
REASON_CELLS = 8

TOLD_BY_PROFIT = {*PROFIT_NUMBERS, "closed_episode_count", "return_on_notional_bps"}
"""Features that the section about profit shows, under its own names or others."""


def wallet_view(
    header: ProfileHeader,
    profile: WalletProfile,
    reasons: "Sequence[ScoreView]" = (),
    told: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType({}),
) -> RenderableType:
    """Return scores, categories, evidence, activity and what all of it rests on.

    Args:
        reasons: What moved the scores; none without a model.
        told: By subject, what is known beside scores, name and value.
    """
    parts: list[RenderableType] = [Text(profile.wallet, "bold")]
    if header.notice:
        parts.append(Text(printable(header.notice), "yellow"))
    parts += [
        _section("activity", Group(_facts(profile), Text(sparkline(profile.activity), "cyan"))),
        *_positions(header, profile),
        *(_section(subject, facts_table(lines)) for subject, lines in told.items()),
        _section("scores", _scores(header, profile)),
        *(
            [_section("why, compared with the typical wallet", _reasons(reasons))]
            if reasons
            else []
        ),
        _section("categories", _categories(profile)),
        _section("coverage", _coverage(header)),
    ]
    return Group(*parts)


def facts_table(facts: Sequence[tuple[str, str]]) -> RenderableType:
    """Return what is known of a wallet, name and value; a verdict stands out."""
    table = Table.grid(padding=(0, 2))
    for name, value in facts:
        table.add_row(Text(name, "dim"), Text(value, "bold" if name == "verdict" else ""))
    return table


def account_view(check: AccountCheck, *, has_profile: bool = False) -> RenderableType:
    """Return what the venue says of the wallet, where it was asked.

    Args:
        has_profile: Leave out what a profile says of the account.
    """
    return _section("account, by the venue", account_table(check, has_profile=has_profile))


def sparkline(counts: tuple[int, ...]) -> str:
    """Return one character a slice; a slice with any execution is never blank."""
    top = max(counts, default=0)
    return "".join(SPARKS[-(-count * (len(SPARKS) - 1) // top) if top else 0] for count in counts)


def _section(title: str, body: RenderableType) -> RenderableType:
    return Group(Text(f"\n{title}", "bold dim"), Padding(body, (0, 0, 0, 2)))


def _facts(profile: WalletProfile) -> RenderableType:
    f = profile.features
    return Text(
        f"{_counted(f['tx_count'], 'transaction')}, ${f['total_value']:,.0f} traded in "
        f"{_counted(f['unique_tokens'], 'token')}, {utc(profile.first_seen_ms)} to "
        f"{utc(profile.last_seen_ms)} ({duration(f['age_days'] * DAY_MS / 1_000)})"
    )


def _counted(n: float, noun: str) -> str:
    return f"{n:,.0f} {noun}{'' if n == 1 else 's'}"


def _positions(header: ProfileHeader, profile: WalletProfile) -> Iterator[RenderableType]:
    """Yield the section of what depends on positions; none where no such feature was measured."""
    told = () if profile.profit is None else TOLD_BY_PROFIT
    measured = (n for n in (*header.needs_position, *header.remarks) if n in profile.features)
    names = [name for name in measured if name not in told]
    if names:
        table = Table.grid(padding=(0, 2))
        for name in names:
            remark = Text(profile.remarks.get(name, ""), "dim")
            if isnan(profile.features[name]):
                table.add_row(name, "" if remark else "none", remark)
            else:
                unit = header.units.get(name, "")
                table.add_row(
                    name, with_minus(f"{six_digits(profile.features[name])} {unit}"), remark
                )
        yield _section("positions", table)


def _scores(header: ProfileHeader, profile: WalletProfile) -> RenderableType:
    if profile.scores is None or header.model is None:
        return Text("no model: rules alone", "dim")
    says = {head.head: _meaning(head) for head in header.model.heads}
    table = Table.grid(padding=(0, 2))
    for head in BINARY_HEADS:
        score = getattr(profile.scores, head)
        table.add_row(head, number(score), score_bar(score), says.get(head))
    influence = number(profile.scores.influence_score)
    table.add_row("influence_score", influence, "", says.get("influence_score"))
    table.add_row("trading_style", "", "", says.get("trading_style"))
    for name, value in zip(STYLE_DIMENSIONS, profile.scores.trading_style, strict=True):
        table.add_row(Text(f"  {name}", "dim"), with_minus(f"{value:+.2f}"))
    return table


def score_bar(score: float) -> Text:
    """Return a bar as long as the score, 0 to 1: what is left of it is blank, not another line."""
    filled = round(score * BAR_CELLS)
    return Text("━" * filled, "cyan") + Text(" " * (BAR_CELLS - filled))


def _reasons(scores: "Sequence[ScoreView]") -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for score in scores:
        title = Text.assemble(score.score, " ", (score.value, "bold"), f", typical {score.typical}")
        if score.doubt is not None:
            title.append(", unproven", "yellow")
        table.add_row(title)
        table.add_row(_reason_rows(score))
    return table


def _reason_rows(score: "ScoreView") -> RenderableType:
    rows = Table.grid(padding=(0, 2))
    for width in (7, REASON_CELLS, 22, 11):  # the same in every score's table
        rows.add_column(min_width=width)
    for reason in score.reasons:
        style = "green" if reason.share > 0 else "red"
        bar = "█" * max(round(abs(reason.share) * REASON_CELLS), 1)
        typical = Text(f"typical {reason.typical}", "dim")
        rows.add_row(
            Text(reason.contribution), Text(bar, style), reason.feature, reason.value, typical
        )
    if score.reasons:
        rows.add_row(Text(score.others, "dim"), "", Text("all others", "dim"))
    else:
        rows.add_row(Text("no single feature moves it", "dim"))
    return Padding(rows, (0, 0, 0, 2))


def _meaning(head: HeadEvaluation) -> Text:
    """Return what a score is, or why it is not to be trusted."""
    if head.has_earned_weight:
        return Text(HEAD_MEANINGS[head.head], "dim")
    reason = head.reason.partition(": ")[2] or head.reason
    return Text(with_minus(f"unproven: {reason}"), "yellow")


def _categories(profile: WalletProfile) -> RenderableType:
    if not profile.categories:
        return Text(f"none: {profile.why_none}")
    table = Table.grid(padding=(0, 2))
    for category in profile.categories:
        name = Text(category.name, "bold" if category.is_proven else "dim")
        why = (
            category.evidence
            if category.caveat is None
            else f"{category.evidence} ({category.caveat})"
        )
        table.add_row(name, f"{category.confidence:.2f}", Text(why))
    return table


def _coverage(header: ProfileHeader) -> RenderableType:
    data = header.data
    gaps = sum(gap.n_intervals for gap in data.gaps)
    return Text(
        f"{data.n_trades:,} trades of {data.n_wallets:,} wallets, "
        f"{duration(data.observed_days * DAY_MS / 1_000)} observed ({data.observed_frac:.1%} of "
        f"the span), {_counted(gaps, 'gap')}"
    )
