"""What the dashboard's script reads beside the wallets: words, said once."""

from collections.abc import Mapping

from hypertrack.categories.catalog import CATALOG, describe_catalog
from hypertrack.config import CategorySettings
from hypertrack.outputs.measures import Measure
from hypertrack.outputs.reason_views import REASONS_MEANING, score_text, score_value
from hypertrack.outputs.selection import Selection
from hypertrack.outputs.views import VERDICT_WORDS
from hypertrack.outputs.wording import quality
from hypertrack.records import (
    SCORE_NAMES,
    STYLE_DIMENSIONS,
    HeadEvaluation,
    Histories,
    ProfileHeader,
    Record,
    encode_json,
)
from hypertrack.text import printable


class PageMeasure(Record, frozen=True, kw_only=True):
    """One number of each wallet; its columns are in the packs under its name."""

    name: str
    words: str
    group: str
    meaning: str
    doubt: str | None
    """Why it is not to be believed."""
    typical: str | None
    """Of the typical wallet, for scores."""


class PageCategory(Record, frozen=True, kw_only=True):
    """One category that some wallet holds, shown or not."""

    name: str
    group: str
    asks: str
    condition: str
    n_wallets: int


class PageVerdict(Record, frozen=True, kw_only=True):
    """One verdict; they stand in the order of the evidence for copying."""

    name: str
    words: str


class PageData(Record, frozen=True, kw_only=True):
    """Everything that is not a column."""

    start_ms: int
    end_ms: int
    n_wallets: int
    n_shown: int
    left_out: str
    """How many wallets are not on the page, and why; empty where all are."""
    copying: str
    """How a copier follows: ``5 s later with $1,000``; empty where skill was not judged."""
    measures: tuple[PageMeasure, ...]
    categories: tuple[PageCategory, ...]
    verdicts: tuple[PageVerdict, ...]
    reasons_meaning: str
    gaps: tuple[tuple[int, int], ...]
    """Start and end, ms, of what is known not to have been observed."""
    histories: str
    """Whose histories are on the page; empty where there are none."""
    explorer: bool
    """Whether the venue's explorer knows these wallets: not where the data was simulated."""


def page_data(
    header: ProfileHeader,
    selection: Selection,
    measures: tuple[Measure, ...],
    found: Histories | None = None,
) -> PageData:
    """Return the data of the page."""
    skill = header.skill
    copying = "" if skill is None else f"{skill.delay_s:g} s later with ${skill.size_usd:,.0f}"
    return PageData(
        start_ms=header.data.start_ms,
        end_ms=header.data.end_ms,
        n_wallets=selection.n_total,
        n_shown=len(selection.rows),
        left_out=", ".join(f"{n:,} {why}" for n, why in selection.left_out),
        copying=copying,
        measures=tuple(_measure(header, measure) for measure in measures),
        categories=tuple(_categories(header)),
        verdicts=tuple(PageVerdict(name=v.value, words=w) for v, w in VERDICT_WORDS.items()),
        reasons_meaning=REASONS_MEANING,
        gaps=() if found is None else found.gaps,
        histories="" if found is None else found.first,
        explorer=not header.notice,
    )


def script_json(data: Record) -> str:
    """Return JSON that can stand inside a script element: nothing in it can end the element."""
    text = encode_json(data).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _measure(header: ProfileHeader, measure: Measure) -> PageMeasure:
    score = measure.name.removeprefix("style_")
    is_score = score in {*SCORE_NAMES, *STYLE_DIMENSIONS}
    typical = header.typical if is_score else None
    return PageMeasure(
        name=measure.name,
        words=measure.words,
        group=measure.group,
        meaning=measure.meaning,
        doubt=_doubt(header, "trading_style" if score in STYLE_DIMENSIONS else score),
        typical=None if typical is None else score_text(score, score_value(typical, score)),
    )


def _doubt(header: ProfileHeader, head: str) -> str | None:
    heads: Mapping[str, HeadEvaluation] = (
        {} if header.model is None else {each.head: each for each in header.model.heads}
    )
    found = heads.get(head)
    return None if found is None or found.has_earned_weight else printable(quality(found))


def _categories(header: ProfileHeader) -> list[PageCategory]:
    """Return the categories that anybody holds, in the catalog's order, others last."""
    thresholds = CategorySettings.model_validate(header.thresholds)
    rows = {row.name: row for row in describe_catalog(thresholds)}
    order = {rule.name: i for i, rule in enumerate(CATALOG)}
    names = sorted(header.n_wallets_by_category, key=lambda name: (order.get(name, 99), name))
    return [
        PageCategory(
            name=printable(name),
            group=rows[name].group if name in rows else "Other",
            asks=rows[name].question if name in rows else "",
            condition=rows[name].condition if name in rows else "",
            n_wallets=header.n_wallets_by_category[name],
        )
        for name in names
    ]
