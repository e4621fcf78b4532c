"""Why a wallet holds no category: the nearest rule, and the numbers that kept it out."""

from collections.abc import Iterable

from hypertrack.categories.quantities import Values
from hypertrack.categories.rules import Bound, Rule


def nearest_miss(rules: Iterable[Rule], values: Values, thresholds: Values) -> str:
    """Return a sentence on the rule that the wallet came closest to.

    Closest is the smallest sum of gaps (`Bound.gap`) over the bounds that fail, ties by the
    catalog's order.

    Args:
        rules: Rules that were asked; none of them holds.
    """
    nearest: tuple[Rule, list[Bound]] | None = None
    distance = float("inf")
    for rule in rules:
        for way in rule.alternatives:
            failed = [bound for bound in way if not bound.holds(values, thresholds)]
            gap = sum([bound.gap(values, thresholds) for bound in failed])
            if gap < distance:
                nearest, distance = (rule, failed), gap
    if nearest is None:
        return "no rule could be asked"
    rule, failed = nearest
    shortfalls = ", ".join(bound.shortfall(values, thresholds) for bound in failed)
    return f"nearest is {rule.name}: {shortfalls}"
