"""What a feature is: a named, documented expression over one prepared table.

A feature is written as one function from its table to an aggregate per wallet::

    @feature(executions, unit="USD", is_extensive=True)
    def total_value(rows: Table) -> Value:
        '''Sum of execution notionals.'''
        return rows.notional_usd.sum()
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import ibis

from hypertrack.config import FeeSettings
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.window import Window

Group = Literal["base", "extended", "profit", "account", "context", "conduct"]


@dataclass(frozen=True)
class Scope:
    """What features may look at: the tables of a dataset, up to a cut.

    ``end_ms`` is exclusive: one after the last trade, or the cut. ``until_ms`` is None where there
    is no cut. All times are `variable`s, which a query learns when it runs.
    """

    con: Tables
    start_ms: int
    end_ms: int
    until_ms: int | None
    observed_days: float
    fees: FeeSettings

    @property
    def window(self) -> Window:
        """Return the time that features may look at."""
        return Window(self.start_ms, self.end_ms)

    def before(self, rows: ibis.Table, time: str = "time_ms") -> ibis.Table:
        """Return the rows whose time lies before the cut."""
        return rows if self.until_ms is None else rows.filter(rows[time] < self.until_ms)

    def within(self, rows: ibis.Table, time: str = "time_ms") -> ibis.Table:
        """Return the rows whose time lies in the window: fills may tell of long before it."""
        return self.before(rows, time).filter(rows[time] >= self.start_ms)


Source = Callable[[Scope], ibis.Table]
"""Prepares a table with a ``wallet_id``; only rows that the scope may see."""

Expression = Callable[[ibis.Table], ibis.Value]
"""An aggregate over the rows of a wallet in the prepared table."""


@dataclass(frozen=True)
class Feature:
    """One number per wallet."""

    name: str
    group: Group
    unit: str
    doc: str
    is_extensive: bool
    """Whether it grows with the length of the window (counts, sums)."""
    source: Source
    expression: Expression
    needs_position: bool
    """Whether it is missing where the wallet's positions are unknown."""
    missing: float
    """The value of a wallet without data: 0 in the base group, NaN in the other, or its own."""

    def __call__(self, rows: ibis.Table) -> ibis.Value:
        """Return the expression over the prepared rows."""
        return self.expression(rows)


def feature(
    source: Source,
    *,
    unit: str,
    group: Group = "base",
    is_extensive: bool = False,
    needs_position: bool = False,
    missing: float | None = None,
) -> Callable[[Expression], Feature]:
    """Make a feature of an expression; name and definition are the function's own."""

    def define(expression: Expression) -> Feature:
        return Feature(
            name=expression.__name__,
            group=group,
            unit=unit,
            doc=" ".join((expression.__doc__ or "").split()),
            is_extensive=is_extensive,
            needs_position=needs_position,
            source=source,
            expression=expression,
            missing=(0.0 if group == "base" else math.nan) if missing is None else missing,
        )

    return define
