"""What a rule is: bounds with named thresholds, how far they are exceeded, and the sentence."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, reduce
from typing import Any, TypeVar

import numpy as np

from hypertrack.categories.boosts import Booster
from hypertrack.categories.quantities import QUANTITIES, Columns, Flags, Floats, Values

Number = TypeVar("Number", float, Floats)

SIGNS: dict[Callable[..., Any], tuple[str, str]] = {
    operator.gt: (">", "more than"),
    operator.ge: (">=", "at least"),
    operator.lt: ("<", "less than"),
    operator.le: ("<=", "at most"),
}
"""Each comparison, as a formula writes it and as a sentence does."""


class Group(StrEnum):
    """The kinds of categories, as the outputs head them."""

    BOT = "Bot detection"
    FREQUENCY = "Trading frequency"
    VALUE = "Value"
    TOKENS = "Tokens"
    MARKET = "Market conditions"
    ROLE = "Role"
    SCORES = "Model scores"


@dataclass(frozen=True, slots=True)
class Bound:
    """One comparison of a quantity with a named threshold.

    Where ``times`` is given, the threshold counts multiples of that quantity.
    """

    quantity: str
    compare: Callable[..., Any]
    threshold: str
    times: str | None = None

    def limit(self, values: Mapping[str, Number], thresholds: Values) -> Number | float:
        """Return what the quantity of wallets, or of one, is compared with."""
        limit = thresholds[self.threshold]
        return limit if self.times is None else limit * values[self.times]

    def holds(self, columns: Columns, thresholds: Values) -> Flags:
        """Return which wallets are on the right side; NaN never is."""
        holds: Flags = self.compare(columns[self.quantity], self.limit(columns, thresholds))
        return holds

    def fails(self, values: Values, thresholds: Values) -> bool:
        """Return whether one wallet is on the wrong side; NaN always is."""
        return not self.compare(values[self.quantity], self.limit(values, thresholds))

    def gap(self, columns: Columns, thresholds: Values) -> Floats:
        """Return how far wallets are from the threshold, as a share of the larger of the two.

        0 is on it, 1 is as far as nothing from something, up to 2 across the zero; NaN where
        there is nothing to compare.
        """
        value, limit = columns[self.quantity], self.limit(columns, thresholds)
        scale = np.maximum(np.abs(value), np.abs(limit))
        with np.errstate(invalid="ignore"):  # infinity is no share of itself
            return np.divide(
                np.abs(value - limit), scale, out=np.zeros_like(scale), where=scale != 0
            )

    def margin(self, columns: Columns, thresholds: Values) -> Floats:
        """Return how far wallets on the right side are beyond the threshold, 0 to 1.

        A share of the way to the end of a quantity that has one; else as `gap`: .5 at twice or at
        half the threshold.
        """
        end = QUANTITIES[self.quantity].ends.get(SIGNS[self.compare][0][0])
        if end is None or self.times is not None:
            return self.gap(columns, thresholds)
        value, limit = columns[self.quantity], thresholds[self.threshold]
        return (value - limit) / (end - limit) if end != limit else np.ones_like(value)

    def formula(self, thresholds: Values) -> str:
        """Return the comparison with the threshold in force."""
        times = "" if self.times is None else f" * {self.times}"
        return f"{self.quantity} {SIGNS[self.compare][0]} {thresholds[self.threshold]:g}{times}"

    def shortfall(self, values: Values, thresholds: Values) -> str:
        """Return what the wallet has and what was asked, as words."""
        quantity = QUANTITIES[self.quantity]
        value, limit = values[self.quantity], self.limit(values, thresholds)
        has, needs = quantity.text(value), quantity.text(limit)
        if has == needs and value != limit:
            has, needs = f"{value:.6g}", f"{limit:.6g}"
        return f"{quantity.label} {has} (needs {SIGNS[self.compare][1]} {needs})"


def above(quantity: str, threshold: str, times: str | None = None) -> Bound:
    """Return the bound that the quantity exceeds the threshold."""
    return Bound(quantity, operator.gt, threshold, times)


def at_least(quantity: str, threshold: str) -> Bound:
    """Return the bound that the quantity reaches the threshold."""
    return Bound(quantity, operator.ge, threshold)


def below(quantity: str, threshold: str) -> Bound:
    """Return the bound that the quantity stays under the threshold."""
    return Bound(quantity, operator.lt, threshold)


def at_most(quantity: str, threshold: str) -> Bound:
    """Return the bound that the quantity does not exceed the threshold."""
    return Bound(quantity, operator.le, threshold)


STRENGTH = "how far the nearest of its thresholds is exceeded"

ENOUGH_EVIDENCE = at_least("tx_count", "min_evidence_tx")
CANDLE_SEEN = at_least("n_candle_matches", "min_candle_matches")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One category: when it holds, how sure that makes us, and how it is argued."""

    name: str
    group: Group
    asks: str
    """The question that the category answers."""
    needs: tuple[Bound, ...]
    """All of these."""
    any_of: tuple[tuple[Bound, ...], ...] = ()
    """And all of at least one of these, where there are any."""
    confidence: Callable[[Columns], Floats | float] | None = None
    """Of wallets that it holds for, before it is clipped to [0, 1]; None is `strength`."""
    formula: str = STRENGTH
    """The same as text."""
    evidence: str
    """Sentence with the wallet's numbers and the thresholds, as a format template."""
    unless: str | None = None
    """The stronger rule of a pair: this one is asked only where that one does not hold."""
    driven_by: str | None = None
    """The head whose score decides; without scores the rule is not asked."""
    boosted_by: tuple[Booster, ...] = ()
    """Scores that may raise the confidence."""
    gates: tuple[Bound, ...] = (ENOUGH_EVIDENCE,)
    """What must be known of a wallet before the rule is asked; no part of its strength."""

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """All that it compares."""
        return (*self.gates, *self.needs, *(bound for way in self.any_of for bound in way))

    @cached_property
    def alternatives(self) -> tuple[tuple[Bound, ...], ...]:
        """Each way to hold the category, as the bounds that must all hold."""
        return tuple((*self.gates, *self.needs, *more) for more in self.any_of or ((),))

    def holds(self, columns: Columns, thresholds: Values) -> Flags:
        """Return which wallets are in the category, gates included."""
        ways = (
            np.logical_and.reduce([bound.holds(columns, thresholds) for bound in way])
            for way in self.alternatives
        )
        return reduce(np.logical_or, ways)

    def strength(self, columns: Columns, thresholds: Values) -> Floats:
        """Return how far wallets that it holds for exceed the nearest threshold, 0 to 1.

        Of several ways to hold it, by the one that is exceeded farthest.
        """
        ways = []
        for more in self.any_of or ((),):
            way = (*self.needs, *more)
            holds = np.logical_and.reduce([bound.holds(columns, thresholds) for bound in way])
            margin = np.minimum.reduce([bound.margin(columns, thresholds) for bound in way])
            ways.append(np.where(holds, margin, 0.0))
        best: Floats = np.maximum.reduce(ways)
        return best

    def condition(self, thresholds: Values) -> str:
        """Return the predicate, gates included, with the thresholds in force."""
        parts = [bound.formula(thresholds) for bound in self.needs]
        ways = [" and ".join(bound.formula(thresholds) for bound in way) for way in self.any_of]
        if ways:
            grouped = (f"({way})" if " and " in way else way for way in ways)
            parts.append(f"({' or '.join(grouped)})")
        parts += (
            gate.formula(thresholds) for gate in self.gates if self._gate_adds(gate, thresholds)
        )
        return " and ".join(parts)

    def _gate_adds(self, gate: Bound, thresholds: Values) -> bool:
        asked = [
            thresholds[bound.threshold] for bound in self.needs if bound.quantity == gate.quantity
        ]
        return thresholds[gate.threshold] > max(asked, default=0)


def ratio(part: Floats | float, whole: Floats) -> Floats:
    """Return ``part / whole``; over nothing it is infinite, and nothing over nothing is 0."""
    of_nothing = np.where(np.broadcast_to(part, whole.shape) != 0, np.inf, 0.0)
    return np.divide(part, whole, out=of_nothing, where=whole != 0)
