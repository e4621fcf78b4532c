"""From a wallet's numbers to its categories, each with the whole case for it."""

from collections.abc import Mapping
from dataclasses import dataclass

from hypertrack.categories.boosts import boost
from hypertrack.categories.catalog import CATALOG
from hypertrack.categories.nearest import nearest_miss
from hypertrack.categories.quantities import Values, wallet_values
from hypertrack.categories.rules import CANDLE_SEEN, Group, Rule
from hypertrack.config import CategorySettings
from hypertrack.records import BINARY_HEADS, Category, HeadEvaluation, Scores

SCORE_HEADS = (*BINARY_HEADS, "influence_score")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of one wallet."""

    categories: tuple[Category, ...]
    """Proven ones first, then by confidence, then in the catalog's order."""
    why_none: str | None
    """For a wallet without a category: the nearest rule and the numbers that kept it out."""


def classify_wallet(
    features: Mapping[str, float],
    n_candle_matches: int,
    scores: Scores | None,
    thresholds: CategorySettings,
    heads: Mapping[str, HeadEvaluation],
) -> Verdict:
    """Ask every rule of one wallet.

    Args:
        features: The base features, by name.
        n_candle_matches: Executions with a candle; the market conditions are unknown without.
        scores: None asks the rules on behaviour alone.
        heads: How each head did on held-out rows; one that is missing has not earned weight.
    """
    values = wallet_values(features, n_candle_matches, scores)
    limits = vars(thresholds)
    earned = frozenset(name for name, head in heads.items() if head.has_earned_weight)
    asked = _asked(values, limits)
    held: list[Category] = []
    holding: set[str] = set()
    for rule in asked:
        if rule.unless in holding or not rule.holds(values, limits):
            continue
        holding.add(rule.name)
        held.append(_category(rule, values, limits, heads, earned))
    if held:
        held.sort(key=lambda category: (not category.is_proven, -category.confidence))
        return Verdict(tuple(held), None)
    trusted = [rule for rule in asked if rule.driven_by is None or rule.driven_by in earned]
    return Verdict((), nearest_miss(trusted, values, limits))


def _asked(values: Values, limits: Values) -> list[Rule]:
    has_candle = CANDLE_SEEN.holds(values, limits)
    return [
        rule
        for rule in CATALOG
        if (rule.driven_by is None or rule.driven_by in values)
        and (has_candle or rule.group is not Group.MARKET)
    ]


def _category(
    rule: Rule,
    values: Values,
    limits: Values,
    heads: Mapping[str, HeadEvaluation],
    earned: frozenset[str],
) -> Category:
    base = max(0.0, min(1.0, rule.confidence(_heard(rule, values, earned))))
    confidence = min(1.0, base + boost(rule.boosted_by, values, earned))
    is_proven = rule.driven_by is None or rule.driven_by in earned
    return Category(
        name=rule.name,
        group=rule.group.value,
        confidence=confidence,
        evidence=rule.evidence.format_map({**limits, **values}),
        boost=confidence - base,
        is_proven=is_proven,
        caveat=None if is_proven else caveat(rule.driven_by or "", heads),
    )


def _heard(rule: Rule, values: Values, earned: frozenset[str]) -> Values:
    """Silence the heads without earned weight, but not the one that the category is about."""
    if rule.driven_by is None:
        return values
    silent = (head for head in SCORE_HEADS if head not in earned and head != rule.driven_by)
    return {**values, **dict.fromkeys(silent, 0.0)}


def caveat(head: str, heads: Mapping[str, HeadEvaluation]) -> str:
    """Return why a head has not earned weight: ``profitability: skill -0.02, 95 % CI [...]``."""
    name = head.removesuffix("_score").replace("_", " ")
    evaluation = heads.get(head)
    if evaluation is None:
        return f"{name}: not evaluated on held-out rows"
    if evaluation.skill is None:
        return f"{name}: {evaluation.reason}"
    skill = evaluation.skill
    text = (
        f"{name}: skill {_signed(skill.value)}, "
        f"95 % CI [{_signed(skill.low)}, {_signed(skill.high)}]"
    )
    if skill.low > 0 and evaluation.skill_new_wallets is not None:
        text += f", on new wallets {_signed(evaluation.skill_new_wallets)}"
    return text


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
