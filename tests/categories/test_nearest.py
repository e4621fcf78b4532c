"""The nearest rule of a wallet that no rule holds for; gaps worked by hand."""

import numpy as np

from hypertrack.categories.nearest import NO_RULE, nearest_rules, shortfalls
from hypertrack.categories.rules import Bound, Group, Rule, above, at_least

VALUES = {"tx_count": 5.0, "total_value": 50.0, "max_value": 90.0, "n_candle_matches": 9.0}
LIMITS = {"min_evidence_tx": 0.0, "min_candle_matches": 1.0, "hundred": 100.0, "ten": 10.0}

HALF = above("total_value", "hundred")  # 50 of 100
TENTH = above("max_value", "hundred")  # 90 of 100
ALSO_HALF = at_least("tx_count", "ten")  # 5 of 10


def rule(name: str, *needs: Bound, any_of: tuple[tuple[Bound, ...], ...] = ()) -> Rule:
    return Rule(
        name=name,
        group=Group.VALUE,
        asks="",
        needs=needs,
        any_of=any_of,
        confidence=lambda _: 0.0,
        formula="",
        evidence="",
    )


def nearest(*rules: Rule) -> str | None:
    """Return what kept one wallet out of the rule that it came closest to."""
    asked = [(place, rule, np.array([True])) for place, rule in enumerate(rules)]
    columns = {name: np.array([value]) for name, value in VALUES.items()}
    (place,), (way,) = nearest_rules(asked, columns, LIMITS, 1)
    return None if place == NO_RULE else shortfalls(rules[place], way, VALUES, LIMITS)


def test_smallest_sum_of_gaps_is_the_nearest() -> None:
    far, near = rule("far", HALF, TENTH), rule("near", HALF)

    assert nearest(far, near) == "nearest is near: total traded $50 (needs more than $100)"
    assert nearest(near, far) == nearest(far, near)


def test_of_equally_near_rules_the_first_in_the_catalog_is_named() -> None:
    assert "nearest is a:" in str(nearest(rule("a", HALF), rule("b", ALSO_HALF)))
    assert "nearest is b:" in str(nearest(rule("b", ALSO_HALF), rule("a", HALF)))


def test_nearest_way_of_a_rule_counts() -> None:
    ways = rule("two ways", any_of=((HALF,), (TENTH,)))

    assert nearest(rule("other", ALSO_HALF), ways) == (
        "nearest is two ways: largest execution $90 (needs more than $100)"
    )


def test_where_no_rule_could_be_asked_none_is_near() -> None:
    assert nearest() is None
