"""What the page's script needs to draw the wallets: finished strings and rounded numbers."""

from collections.abc import Sequence

from hypertrack.categories.catalog import CATALOG, describe_catalog
from hypertrack.config import CategorySettings
from hypertrack.outputs.explained import CardScore, Explained, explain
from hypertrack.outputs.wording import HEAD_NAMES, STYLE_LABELS, duration, quality, usd
from hypertrack.records import (
    DAY_MS,
    HEAD_MEANINGS,
    HeadEvaluation,
    ProfileHeader,
    Record,
    WalletProfile,
    encode_json,
)
from hypertrack.text import printable

GAUGES = ("risk_score", "profitability_score", "bot_probability", "sophistication_score")


class CardHead(Record, frozen=True, kw_only=True):
    """One score: what it is of, and why it is not to be believed where it is not."""

    name: str
    meaning: str
    doubt: str | None


class CardCategory(Record, frozen=True, kw_only=True):
    """One category that some wallet holds."""

    name: str
    group: str
    asks: str
    is_proven: bool


class CardHolding(Record, frozen=True, array_like=True):
    """One category of one wallet; ``category`` is its place in the page's list."""

    category: int
    confidence: float
    evidence: str
    boost: float
    caveat: str | None


class WalletCard(Record, frozen=True, kw_only=True):
    """One wallet. ``scores`` are those of `GAUGES`; ``order`` holds what cards are sorted by."""

    address: str
    transactions: str
    age: str
    traded: str
    influence: str | None
    scores: tuple[float, ...] | None
    style: tuple[float, ...] | None
    activity: tuple[int, ...]
    held: tuple[CardHolding, ...]
    why_none: str | None
    why: tuple[CardScore, ...]
    order: dict[str, float]


class PageData(Record, frozen=True, kw_only=True):
    """Everything the script reads."""

    heads: tuple[CardHead, ...]
    influence: CardHead
    style: CardHead
    style_labels: tuple[str, ...]
    explained: Explained
    categories: tuple[CardCategory, ...]
    cards: tuple[WalletCard, ...]


def page_data(header: ProfileHeader, shown: Sequence[WalletProfile]) -> PageData:
    """Return the data of the page for the wallets shown."""
    names = category_names(shown)
    place = {name: i for i, name in enumerate(names)}
    heads = {} if header.model is None else {head.head: head for head in header.model.heads}
    explained, whys = explain(header, shown)
    return PageData(
        heads=tuple(_head(name, heads) for name in GAUGES),
        influence=_head("influence_score", heads),
        style=_head("trading_style", heads),
        style_labels=STYLE_LABELS,
        categories=_categories(names, shown),
        explained=explained,
        cards=tuple(_card(profile, place, why) for profile, why in zip(shown, whys, strict=True)),
    )


def category_names(shown: Sequence[WalletProfile]) -> list[str]:
    """Return the categories held by any of the wallets, in the catalog's order."""
    held = {category.name for profile in shown for category in profile.categories}
    order = {rule.name: i for i, rule in enumerate(CATALOG)}
    return sorted(held, key=lambda name: (order.get(name, len(order)), name))


def unproven_names(shown: Sequence[WalletProfile]) -> frozenset[str]:
    """Return the categories that are shown without being proven."""
    return frozenset(
        category.name
        for profile in shown
        for category in profile.categories
        if not category.is_proven
    )


def script_json(data: Record) -> str:
    """Return JSON that can stand inside a script element: nothing in it can end the element."""
    text = encode_json(data).decode()
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text


def _head(name: str, heads: dict[str, HeadEvaluation]) -> CardHead:
    head = heads.get(name)
    is_doubted = head is not None and not head.has_earned_weight
    return CardHead(
        name=HEAD_NAMES[name],
        meaning=HEAD_MEANINGS[name],
        doubt=printable(quality(head)) if head is not None and is_doubted else None,
    )


def _categories(names: list[str], shown: Sequence[WalletProfile]) -> tuple[CardCategory, ...]:
    asks = {row.name: row.question for row in describe_catalog(CategorySettings())}
    doubted = unproven_names(shown)
    groups = {category.name: category.group for p in shown for category in p.categories}
    return tuple(
        CardCategory(
            name=printable(name),
            group=printable(groups[name]),
            asks=asks.get(name, ""),
            is_proven=name not in doubted,
        )
        for name in names
    )


def _card(profile: WalletProfile, place: dict[str, int], why: tuple[CardScore, ...]) -> WalletCard:
    values, said = profile.features, profile.scores
    scores = None if said is None else tuple(round(getattr(said, head), 4) for head in GAUGES)
    return WalletCard(
        address=printable(profile.wallet),
        transactions=f"{values['tx_count']:,.0f}",
        age=duration(values["age_days"] * DAY_MS / 1000),
        traded=usd(values["total_value"]),
        influence=None if said is None else f"{said.influence_score:.2f} %",
        scores=scores,
        style=None if said is None else tuple(round(value, 3) for value in said.trading_style),
        activity=profile.activity,
        held=tuple(
            CardHolding(
                place[category.name],
                round(category.confidence, 4),
                printable(category.evidence),
                round(category.boost, 4),
                None if category.caveat is None else printable(category.caveat),
            )
            for category in profile.categories
        ),
        why_none=None if profile.why_none is None else printable(profile.why_none),
        why=why,
        order={
            "transactions": values["tx_count"],
            "traded": round(values["total_value"], 2),
            "age": round(values["age_days"], 6),
            "influence": -1.0 if said is None else round(said.influence_score, 6),
        },
    )
