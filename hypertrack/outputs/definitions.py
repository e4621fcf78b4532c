"""What every name on a page means: features, scores, numbers about skill, categories."""

from collections.abc import Iterator
from dataclasses import dataclass

from hypertrack.categories.catalog import CATALOGS
from hypertrack.config import CategorySettings
from hypertrack.outputs.wording import HEAD_NAMES, capitalized
from hypertrack.records import HEAD_MEANINGS, SKILL_NUMBERS, ProfileHeader

SKILL_UNITS = {"bps": "bps", "s": "s", "usd": "USD"}
"""By the last word of a name; the others are counts and probabilities."""

UNIT_WORDS = {"bps", "usd", "s", "frac", "days"}
"""That a title leaves out where the unit stands beside it."""

SPELLINGS = {
    "tx": "transactions",
    "erc20": "ERC-20",
    "avg": "mean",
    "max": "largest",
    "std": "standard deviation",
    "pnl": "profit",
    "twap": "TWAP",
    "hip3": "HIP-3",
    "oi": "open interest",
    "sd": "standard deviation",
    "low": "from",
    "high": "to",
}
"""Words of names that read otherwise in a title."""

TITLES = {
    "tx_count": "Transactions",
    "erc20_count": "ERC-20 transfers",
    "contract_interaction_count": "Contracts called",
    "closed_episode_count": "Closed episodes",
    "flow_pnl_usd": "Profit of the trades seen",
    "positive_momentum_ratio": "Share in rising candles",
    "own_edge_bps": "Expected edge, by its own bets",
    "own_edge_sd_bps": "Expected edge, standard deviation",
    "own_bets": "Its own bets",
    "own_cost_bps": "Cost of its openings",
    "entity_id": "Entity",
    "p_edge_positive": "Chance of an edge",
    "p_copy_positive": "Chance that copying pays",
    "false_sign": "Chance of the wrong sign",
    "q": "False discovery rate",
}
"""Of names whose words make no title."""


@dataclass(frozen=True)
class Definition:
    """One name and what it means.

    Attributes:
        name: As in profiles, settings and reports.
        title: The same for people.
        unit: Empty where there is none.
        page: Slug of the page of the docs that tells more.
    """

    name: str
    title: str
    unit: str
    definition: str
    page: str


def definitions(header: ProfileHeader) -> tuple[Definition, ...]:
    """Return what the profiles' names mean: features, scores, skill, then categories."""
    return (*_features(header), *_scores(), *_skill(), *_categories(header))


def title(name: str, unit: str = "") -> str:
    """Return a name in words, without its unit: ``markout_5s_bps`` is ``Markout 5s``."""
    if name in TITLES:
        return TITLES[name]
    words = name.removeprefix("n_").split("_")
    if unit and words[-1] in UNIT_WORDS and len(words) > 1:
        words.pop()
    return capitalized(" ".join(SPELLINGS.get(word, word) for word in words))


def _features(header: ProfileHeader) -> Iterator[Definition]:
    for name, unit in header.units.items():
        text = header.definitions.get(name, "")
        yield Definition(name, title(name, unit), unit, text, "features")


def _scores() -> Iterator[Definition]:
    for name, text in HEAD_MEANINGS.items():
        yield Definition(name, HEAD_NAMES[name], "", text, "model")


def _skill() -> Iterator[Definition]:
    for name, text in SKILL_NUMBERS.items():
        unit = "bps" if "_bps" in name else SKILL_UNITS.get(name.rpartition("_")[2], "")
        yield Definition(name, title(name, unit), unit, capitalized(text), "evidence")


def _categories(header: ProfileHeader) -> Iterator[Definition]:
    thresholds = {**CategorySettings().model_dump(), **header.thresholds}
    for rule in CATALOGS[header.edition]:
        text = f"{rule.asks} Holds when {rule.condition(thresholds)}."
        yield Definition(rule.name, rule.name, "", text, "categories")
