"""Which rules a recording can answer at all: one that cannot hold is not asked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hypertrack.categories.quantities import Values
from hypertrack.categories.rules import SIGNS, Bound, Rule

HYPEREVM = "erc20_count"


@dataclass(frozen=True)
class Reach:
    """What a recording could know of anybody.

    Attributes:
        days: From its first to its last moment.
        has_transfers: Whether it holds any token transfer of HyperEVM.
        quantities: Names of all that is known of its wallets.
    """

    days: float
    has_transfers: bool
    quantities: Collection[str]


def obstacles(rules: Sequence[Rule], thresholds: Values, reach: Reach) -> Mapping[str, str]:
    """Return by rule why it cannot hold for anybody in a recording; nothing of the others."""
    found = {rule.name: _obstacle(rule, thresholds, reach) for rule in rules}
    return {name: reason for name, reason in found.items() if reason}


def _obstacle(rule: Rule, thresholds: Values, reach: Reach) -> str:
    asked = {bound.quantity for bound in rule.bounds}
    if rule.driven_by is not None and rule.driven_by not in reach.quantities:
        return "needs a model, has none"
    if missing := sorted(asked - set(reach.quantities)):
        return f"needs {missing[0]}, which was not measured"
    if HYPEREVM in asked and not reach.has_transfers:
        return "needs token transfers of HyperEVM, has none"
    days = days_needed(rule, thresholds)
    if days >= reach.days:
        return f"needs more than {days:g} days, has {reach.days:.2f}"
    return ""


def days_needed(rule: Rule, thresholds: Values) -> float:
    """Return the days that a recording must exceed for the rule to hold for anybody."""
    ways = (
        max((_days(bound, rule.gates, thresholds) for bound in (*rule.needs, *more)), default=0.0)
        for more in rule.any_of or ((),)
    )
    return min(ways)


def _days(bound: Bound, gates: Sequence[Bound], thresholds: Values) -> float:
    """Return the days behind one bound: an age, or a pace so slow that few do not make it."""
    limit, sign = thresholds[bound.threshold], SIGNS[bound.compare][0]
    if bound.quantity == "age_days" and sign.startswith(">"):
        return limit
    if bound.quantity == "tx_per_day" and sign.startswith("<"):
        counts = [gate.threshold for gate in gates if gate.quantity == "tx_count"]
        fewest = max((thresholds[name] for name in counts), default=1.0)
        return fewest / limit if limit else float("inf")
    return 0.0
