"""Why a wallet holds no category: the nearest rule, and the numbers that kept it out."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.quantities import Columns, Flags, Values
from hypertrack.categories.rules import Rule

NO_RULE = -1
"""In place of a rule where none could be asked."""

Places = NDArray[np.int8]


def nearest_rules(
    rules: Iterable[tuple[int, Rule, Flags]], columns: Columns, thresholds: Values, n_wallets: int
) -> tuple[Places, Places]:
    """Return the rule that each wallet came closest to, and which of the ways to hold it.

    Closest is the smallest sum of gaps (`Bound.gap`) over the bounds that fail, ties by the
    catalog's order.

    Args:
        rules: The place of each in the catalog, and which wallets it was asked of; it holds for
            none of them.
    """
    nearest = np.full(n_wallets, NO_RULE, dtype=np.int8)
    nearest_way = np.zeros(n_wallets, dtype=np.int8)
    distance = np.full(n_wallets, np.inf)
    for place, rule, is_asked in rules:
        for number, way in enumerate(rule.alternatives):
            gap = np.zeros(n_wallets)
            for bound in way:
                fails = ~bound.holds(columns, thresholds)
                gap += np.where(fails, bound.gap(columns, thresholds), 0.0)
            is_nearer = is_asked & (gap < distance)  # never where the gap is NaN
            nearest[is_nearer], nearest_way[is_nearer] = place, number
            distance[is_nearer] = gap[is_nearer]
    return nearest, nearest_way


def shortfalls(rule: Rule, way: int, values: Values, thresholds: Values) -> str:
    """Return a sentence on what kept a wallet out of the rule.

    Args:
        values: Of the wallet.
        way: Which of the ways to hold the rule it came close to.
    """
    texts = ", ".join(
        bound.shortfall(values, thresholds)
        for bound in rule.alternatives[way]
        if bound.fails(values, thresholds)
    )
    return f"nearest is {rule.name}: {texts}"
