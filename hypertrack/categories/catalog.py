"""All categories of both editions, in the order in which they are asked and listed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from hypertrack.categories.behaviour import BEHAVIOUR_RULES
from hypertrack.categories.conduct_rules import CONDUCT_RULES
from hypertrack.categories.prediction import BOT_RULES, SCORE_RULES
from hypertrack.categories.rules import STRENGTH, Rule
from hypertrack.config import CategorySettings, Edition

ORIGINAL: tuple[Rule, ...] = (*BOT_RULES, *BEHAVIOUR_RULES, *SCORE_RULES)


def _hypertrack() -> tuple[Rule, ...]:
    own = {rule.name: rule for rule in CONDUCT_RULES}
    behaviour = [own.get(rule.name, _measured(rule)) for rule in BEHAVIOUR_RULES]
    new = own.keys() - {rule.name for rule in BEHAVIOUR_RULES}
    return (
        *map(_measured, BOT_RULES),
        *behaviour,
        *(rule for rule in CONDUCT_RULES if rule.name in new),
        *map(_measured, SCORE_RULES),
    )


def _measured(rule: Rule) -> Rule:
    """Return a rule of the original that says by how much it holds, and hears no other head."""
    return replace(rule, confidence=None, formula=STRENGTH, boosted_by=())


CATALOG: tuple[Rule, ...] = _hypertrack()
"""Of the edition that is asked unless the other is wanted, with every name of that one."""

CATALOGS: Mapping[Edition, tuple[Rule, ...]] = {"hypertrack": CATALOG, "original": ORIGINAL}


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
    """Return the rules of the edition in force as a table, in the catalog's order."""
    return tuple(_describe(rule, thresholds) for rule in CATALOGS[thresholds.edition])


def _describe(rule: Rule, thresholds: CategorySettings) -> RuleRow:
    pair = "" if rule.unless is None else f" and not {rule.unless}"
    return RuleRow(
        name=rule.name,
        group=rule.group.value,
        question=rule.asks,
        condition=rule.condition(thresholds.limits()) + pair,
        confidence=rule.formula,
        driven_by=rule.driven_by or "",
        boosted_by=", ".join(map(str, rule.boosted_by)),
    )
