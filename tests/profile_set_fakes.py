"""Profile sets of profiles that were made by hand."""

import math
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import (
    PROFIT_NUMBERS,
    PROFIT_TEXTS,
    SCORE_NAMES,
    SKILL_NUMBERS,
    ProfileHeader,
    WalletProfile,
    replace,
)


@dataclass(frozen=True)
class MadeSet:
    """A profile set whose profiles are made already: what stands in them is what is shown.

    Attributes:
        profiles: The most active first.
    """

    header: ProfileHeader
    profiles: tuple[WalletProfile, ...]

    def column(self, name: str) -> NDArray[Any]:
        """Return one column over all wallets."""
        if name == "wallet":
            return np.array([each.wallet for each in self.profiles], dtype=object)
        if name in PROFIT_TEXTS:
            return np.array([getattr(each.profit, name, None) for each in self.profiles], object)
        if name == "verdict":
            said = [None if each.skill is None else each.skill.verdict for each in self.profiles]
            return np.array(said, object)
        if name in SKILL_NUMBERS:
            judged = [{} if each.skill is None else each.skill.numbers for each in self.profiles]
            return np.array([numbers.get(name, math.nan) for numbers in judged])
        if name in PROFIT_NUMBERS and name not in self.profiles[0].features:
            values = [getattr(each.profit, name, math.nan) for each in self.profiles]
        elif name in SCORE_NAMES:
            values = [getattr(each.scores, name, math.nan) for each in self.profiles]
        else:
            values = [each.features[name] for each in self.profiles]
        return np.array(values, dtype=np.float64)

    def holds(self, names: Collection[str] | None = None) -> NDArray[np.bool_]:
        """Return which wallets hold one of these categories; any where None."""
        return np.array(
            [
                any(names is None or category.name in names for category in each.categories)
                for each in self.profiles
            ],
            dtype=bool,
        )

    def wallets(self, rows: NDArray[np.intp]) -> Iterator[WalletProfile]:
        """Give the profiles of some rows."""
        return (self.profiles[row] for row in rows.tolist())


def made_set(header: ProfileHeader, *some: WalletProfile) -> MadeSet:
    """Return a set of profiles, in the order of sets and with its counts."""
    profiles = sorted(some, key=lambda each: (-each.features.get("tx_count", 0), each.wallet))
    counts = Counter(category.name for each in some for category in each.categories)
    counted = replace(
        header,
        n_wallets=len(some),
        n_with_category=sum(bool(each.categories) for each in some),
        n_wallets_by_category=dict(counts.most_common()),
    )
    return MadeSet(counted, tuple(profiles))
