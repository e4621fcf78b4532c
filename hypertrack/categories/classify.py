"""From the numbers of wallets to their categories: every rule is asked of all of them at once."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.boosts import boost
from hypertrack.categories.catalog import CATALOGS
from hypertrack.categories.nearest import NO_RULE, nearest_rules
from hypertrack.categories.quantities import Columns, Flags, Floats, Values
from hypertrack.categories.rules import CANDLE_SEEN, Rule
from hypertrack.config import CategorySettings
from hypertrack.records import SCORE_NAMES, HeadEvaluation, Verdicts

Rows = NDArray[np.intp]


def classify(
    columns: Columns,
    thresholds: CategorySettings,
    heads: Mapping[str, HeadEvaluation],
    untestable: Collection[str] = (),
) -> Verdicts:
    """Ask every rule of the edition in force of all wallets.

    Args:
        columns: The base features and ``n_candle_matches``, without which the market conditions
            are unknown; scores and style too where there is a model.
        heads: How each head did on held-out rows; one that is missing has not earned weight.
        untestable: Rules that cannot hold in this recording, which are not asked.
    """
    rules = CATALOGS[thresholds.edition]
    asking = _Asking(rules, thresholds.limits(), frozenset(untestable))
    earned = frozenset(name for name, head in heads.items() if head.has_earned_weight)
    held = _in_order(list(_holdings(asking, columns, earned)))
    n_wallets = len(columns["tx_count"])
    ends = np.searchsorted(held.row, np.arange(n_wallets), side="right")
    nearest, nearest_way = _nearest(asking, columns, earned, np.diff(ends, prepend=0) == 0)
    return Verdicts(
        names=tuple(rule.name for rule in rules),
        ends=ends.astype(np.int64),
        category=held.rule,
        confidence=held.confidence,
        boost=held.boost,
        is_proven=held.is_proven,
        nearest=nearest,
        nearest_way=nearest_way,
    )


def is_trusted(rule: Rule, earned: Collection[str]) -> bool:
    """Return whether what the rule says is proven: behaviour, or a head with earned weight."""
    return rule.driven_by is None or rule.driven_by in earned


@dataclass(frozen=True)
class _Holdings:
    """Wallets and a category of theirs, ``[holdings]`` each."""

    row: Rows
    rule: NDArray[np.int8]
    confidence: Floats
    boost: Floats
    is_proven: Flags


class _Some(Mapping[str, Floats]):
    """Some rows of columns, each cut when it is asked for."""

    def __init__(self, columns: Columns, rows: Rows, silent: Collection[str] = ()):
        self._columns = columns
        self._rows = rows
        self._silent = silent

    def __getitem__(self, name: str) -> Floats:
        if name in self._silent:
            return np.zeros(len(self._rows))
        return self._columns[name][self._rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


@dataclass(frozen=True)
class _Asking:
    """What is asked, and against which thresholds."""

    rules: tuple[Rule, ...]
    limits: Values
    untestable: frozenset[str]

    def of(self, columns: Columns) -> Iterator[tuple[int, Rule, Flags]]:
        """Yield each rule that can be asked, its place in the catalog, and of which wallets."""
        has_candle = CANDLE_SEEN.holds(columns, self.limits)
        everybody = np.ones_like(has_candle)
        for place, rule in enumerate(self.rules):
            is_known = all(bound.quantity in columns for bound in rule.bounds)
            if is_known and rule.name not in self.untestable:
                yield place, rule, has_candle if CANDLE_SEEN in rule.gates else everybody


def _holdings(asking: _Asking, columns: Columns, earned: Collection[str]) -> Iterator[_Holdings]:
    holding: dict[str, Flags] = {}
    for place, rule, is_asked in asking.of(columns):
        holds = is_asked & rule.holds(columns, asking.limits)
        if rule.unless in holding:
            holds &= ~holding[rule.unless]
        holding[rule.name] = holds
        rows = np.flatnonzero(holds)
        confidence = _confidence(rule, _Some(columns, rows, _silent(rule, earned)), asking.limits)
        base = np.broadcast_to(np.fmax(0.0, np.fmin(1.0, confidence)), rows.shape)
        raised = np.minimum(1.0, base + boost(rule.boosted_by, _Some(columns, rows), earned))
        yield _Holdings(
            row=rows,
            rule=np.full(len(rows), place, dtype=np.int8),
            confidence=raised,
            boost=raised - base,
            is_proven=np.full(len(rows), is_trusted(rule, earned)),
        )


def _confidence(rule: Rule, columns: Columns, limits: Values) -> Floats | float:
    if rule.confidence is None:
        return rule.strength(columns, limits)
    # Infinity times nothing is undefined; `fmin` takes it for what it is near to, 1.
    with np.errstate(invalid="ignore"):
        return rule.confidence(columns)


def _silent(rule: Rule, earned: Collection[str]) -> frozenset[str]:
    """Return heads that must not be heard: without earned weight, but not what it is about."""
    if rule.driven_by is None or rule.confidence is None:
        return frozenset()
    return frozenset(SCORE_NAMES) - frozenset(earned) - {rule.driven_by}


def _in_order(found: list[_Holdings]) -> _Holdings:
    """Return all holdings by wallet; of one: proven first, by confidence, as in the catalog."""
    row, rule, confidence, added, is_proven = (
        np.concatenate([getattr(each, name) for each in found])
        for name in ("row", "rule", "confidence", "boost", "is_proven")
    )
    order = np.lexsort((rule, -confidence, ~is_proven, row))
    return _Holdings(row[order], rule[order], confidence[order], added[order], is_proven[order])


def _nearest(
    asking: _Asking, columns: Columns, earned: Collection[str], is_bare: Flags
) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Return the nearest rule of wallets without a category; `NO_RULE` for the others."""
    rows = np.flatnonzero(is_bare)
    bare = _Some(columns, rows)
    trusted = (asked for asked in asking.of(bare) if is_trusted(asked[1], earned))
    nearest = np.full(len(is_bare), NO_RULE, dtype=np.int8)
    nearest_way = np.zeros(len(is_bare), dtype=np.int8)
    nearest[rows], nearest_way[rows] = nearest_rules(trusted, bare, asking.limits, len(rows))
    return nearest, nearest_way
