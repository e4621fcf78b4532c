"""What the network may add to a rule's confidence, and when."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from hypertrack.categories.quantities import Columns, Floats

MAX_BOOST = 0.15
MIN_MEAN_SCORE = 0.1
"""A mean score at or below this adds nothing."""


@dataclass(frozen=True, slots=True)
class Booster:
    """One score in [0, 1] that speaks for a category, and the head that must have earned it.

    A style dimension runs from -1 to 1: ``direction`` 1 or -1 maps it, 0 leaves a score as it is.
    """

    quantity: str
    head: str
    direction: int = 0

    def score(self, columns: Columns) -> Floats:
        """Return how much the score of each wallet speaks for the category, 0 to 1."""
        values = columns[self.quantity]
        return values if self.direction == 0 else (1 + self.direction * values) / 2

    def __str__(self) -> str:
        """Name it as the table of rules does."""
        return {0: "", 1: "style ", -1: "style -"}[self.direction] + self.quantity


def boost(
    boosters: Collection[Booster], columns: Columns, earned: Collection[str]
) -> Floats | float:
    """Return what the heads with earned weight add: at most `MAX_BOOST`, 0 without scores."""
    scores = [
        booster.score(columns)
        for booster in boosters
        if booster.head in earned and booster.quantity in columns
    ]
    if not scores:
        return 0.0
    mean = sum(scores[1:], start=scores[0]) / len(scores)
    return np.where(mean > MIN_MEAN_SCORE, MAX_BOOST * np.minimum(1.0, mean), 0.0)


PROFITABILITY = Booster("profitability_score", "profitability_score")
SOPHISTICATION = Booster("sophistication_score", "sophistication_score")
RISK = Booster("risk_score", "risk_score")
VOLATILITY_STYLE = Booster("volatility", "trading_style", 1)
MOMENTUM_STYLE = Booster("momentum_1m", "trading_style", 1)
REVERSION_STYLE = Booster("momentum_1m", "trading_style", -1)
"""The rules' momentum is that of 1-minute candles, so the style dimension at 1 minute matches."""
