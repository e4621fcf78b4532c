"""Categories beside what is true, where that is known: on simulated wallets."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.quantities import Flags
from hypertrack.records import CategoryTruth, ProfileSet

Truth = Mapping[str, NDArray[Any]]
"""Columns of a simulation's truth, a row a wallet."""

Z_95 = 1.96


def _kind(*names: str) -> Callable[[Truth], Flags]:
    return lambda truth: np.isin(truth["kind"].astype(str), names)


def _has_company(truth: Truth) -> Flags:
    _owners, place, counts = np.unique(
        truth["owner"].astype(str), return_inverse=True, return_counts=True
    )
    found: Flags = counts[place] > 1
    return found


TRUE_OF: Mapping[str, Callable[[Truth], Flags]] = {
    "Bot": lambda truth: truth["is_bot"].astype(bool),
    "Scalper": _kind("scalper_bot"),
    "HODLer": _kind("holder"),
    "Dormant": _kind("dormant"),
    "Arbitrageur": _kind("arbitrageur"),
    "Volatility Trader": _kind("volatility"),
    "Momentum Follower": _kind("momentum"),
    "Contrarian Trader": _kind("mean_reversion"),
    "Market Maker": _kind("market_maker"),
    "TWAP User": _kind("twap"),
    "Copier": lambda truth: truth["follows"].astype(str) != "",
    "One of a Group": _has_company,
    "Profitable Trader": lambda truth: _number(truth, "net_edge_bps") > 0,
    "Sophisticated Trader": lambda truth: _number(truth, "edge_bps") > 0,
}
"""By category, for which simulated wallets its name is true. The others claim nothing that a truth
could say: how active, how large, how much at risk a wallet was is seen, not inferred.

A rule describes behaviour and a kind is a cause, so that even a perfect rule scores below 1.
"""


def _number(truth: Truth, name: str) -> NDArray[np.float64]:
    return np.nan_to_num(truth[name].astype(np.float64))  # who opened nothing has no edge


def whole_name(name: str) -> str:
    """Return the category that a name, or its weaker half, belongs to."""
    return name.removeprefix("Possible ").removeprefix("Possibly ")


def measure_categories(profiles: ProfileSet, truth: Truth) -> tuple[CategoryTruth, ...]:
    """Return each category of the profiles whose truth can be known beside it.

    Over the wallets that are both profiled and in the truth; "Possible" halves count.
    """
    row_by_wallet = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
    places = np.array([row_by_wallet.get(w, -1) for w in profiles.column("wallet").tolist()])
    is_known = places >= 0
    rows = places[is_known].astype(np.int64)
    not_testable = profiles.header.not_testable
    found = []
    for name, is_true_of in TRUE_OF.items():
        halves = frozenset({name, f"Possible {name}", f"Possibly {name}"})
        if name not in not_testable:
            is_true = is_true_of(truth)[rows]
            found.append(_measured(name, profiles.holds(halves)[is_known], is_true))
    return tuple(found)


def _measured(name: str, is_assigned: Flags, is_true: Flags) -> CategoryTruth:
    hits, n_assigned, n_true = (int(x.sum()) for x in (is_assigned & is_true, is_assigned, is_true))
    low, high = wilson(hits, n_assigned)
    return CategoryTruth(
        category=name,
        n_assigned=n_assigned,
        n_true=n_true,
        precision=hits / n_assigned if n_assigned else None,
        precision_low=low,
        precision_high=high,
        recall=hits / n_true if n_true else None,
        base_rate=n_true / len(is_true) if len(is_true) else 0.0,
    )


def wilson(hits: int, n: int) -> tuple[float | None, float | None]:
    """Return the 95 % interval of a share; None of none.

    Source: E. B. Wilson, 1927.
    """
    if not n:
        return None, None
    share, z2 = hits / n, Z_95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z_95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)
