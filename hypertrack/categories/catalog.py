"""All categories, in the order in which they are asked and listed."""

from dataclasses import dataclass

from hypertrack.categories.behaviour import BEHAVIOUR_RULES
from hypertrack.categories.prediction import BOT_RULES, SCORE_RULES
from hypertrack.categories.rules import Rule
from hypertrack.config import CategorySettings

CATALOG: tuple[Rule, ...] = (*BOT_RULES, *BEHAVIOUR_RULES, *SCORE_RULES)


@dataclass(frozen=True)
class RuleRow:
    """One rule in words, with the thresholds in force."""

    name: str
    group: str
    question: str
    condition: str
    confidence: str
    driven_by: str
    """The head that decides; empty where behaviour does."""
    boosted_by: str
    """Scores that may raise the confidence, comma-separated."""


def describe_catalog(thresholds: CategorySettings) -> tuple[RuleRow, ...]:
    """Return the rules as a table, in the catalog's order."""
    return tuple(_describe(rule, thresholds) for rule in CATALOG)


def _describe(rule: Rule, thresholds: CategorySettings) -> RuleRow:
    pair = "" if rule.unless is None else f" and not {rule.unless}"
    return RuleRow(
        name=rule.name,
        group=rule.group.value,
        question=rule.asks,
        condition=rule.condition(thresholds.model_dump()) + pair,
        confidence=rule.formula,
        driven_by=rule.driven_by or "",
        boosted_by=", ".join(map(str, rule.boosted_by)),
    )
