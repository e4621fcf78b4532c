"""Copiers: entities whose openings follow another's at a stable lag."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from hypertrack.market.arrays import (
    Floats,
    Ints,
    Numbers,
    group_sizes,
    group_starts,
    in_order,
    sums,
)
from hypertrack.skill.entities import MAX_P, TOGETHER_MS
from hypertrack.skill.openings import Decisions

LONGEST_LAG_MS = 60_000
FARTHEST_LAG_MS = 90_000
"""Of single matches, whose median is at most the longest lag."""
AROUND_MS = 300_000
"""How far around the two are watched, to know how often they meet anyway."""

MIN_MATCHES = 10
MIN_FOLLOWED_FRAC = 0.3
"""Of a copier's openings: programs that react to the same price meet now and then, too."""

LAG_RATIO = 1.5
"""Between the ends of a stable lag, apart from a second."""
LAG_STEPS = 13.5
"""Of this ratio from 250 ms to a minute."""

LOOKED_AT = 30
"""Openings of each that are looked at to find whom it could follow."""
WORTH_A_LOOK = 5

MOST_OPENINGS = 2_000
"""Of a possible copier that are compared, evenly spread: that many settle it."""

TIME_BITS = 44
"""Of milliseconds: they last until the year 2527."""

PAIRS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Copying:
    """Who follows whom, a row a copier.

    Attributes:
        copier: Number of the entity.
        source: Whom it follows.
        lag_ms: The median of the stable lags.
        n_matches: Openings that follow one of the source within it.
        followed_frac: Of the copier's openings that were compared.
        p: How likely the two meet as often by how active they are around.
    """

    copier: Ints
    source: Ints
    lag_ms: Floats
    n_matches: Ints
    followed_frac: Floats
    p: Floats


def find_copiers(decisions: Decisions) -> Copying:
    """Return the entities that follow another's decisions.

    Only what was taken at once is one: a maker's fill is somebody else's decision, and the slices
    of a TWAP are a clock's.

    Args:
        decisions: In any order.
    """
    rows, entity = np.flatnonzero(~decisions.is_twap), decisions.entity
    rows = rows[np.bincount(entity[rows])[entity[rows]] >= MIN_MATCHES] if len(rows) else rows
    book = _Book.of_decisions(decisions.take(rows))
    own = _by_entity(book)
    found = [
        found
        for copier, source in _possible(book)
        if (found := _follows(own[copier], own[source])) is not None
    ]
    best = _best(found)
    return Copying(
        copier=np.array([each[0] for each in best], dtype=np.int64),
        source=np.array([each[1] for each in best], dtype=np.int64),
        lag_ms=np.array([each[2] for each in best], dtype=np.float64),
        n_matches=np.array([each[3] for each in best], dtype=np.int64),
        followed_frac=np.array([each[4] for each in best], dtype=np.float64),
        p=np.array([each[5] for each in best], dtype=np.float64),
    )


_Found = tuple[int, int, float, int, float, float]
"""As the columns of `Copying`."""


def _best(found: list[_Found]) -> list[_Found]:
    """Return for each copier whom it follows most often, the lower number of two.

    Of two that seem to follow each other the one does whose larger part it explains.
    """
    by_pair = {each[:2]: each for each in found}
    best: dict[int, _Found] = {}
    for each in found:
        back = by_pair.get((each[1], each[0]))
        if back is not None and back[4] > each[4]:
            continue
        if each[0] not in best or each[3] > best[each[0]][3]:
            best[each[0]] = each
    return [best[copier] for copier in sorted(best)]


@dataclass(frozen=True)
class _Book:
    """Openings in the order of ``key``: coin and direction, then time."""

    key: Ints
    entity: Numbers

    @classmethod
    def of_decisions(cls, decisions: Decisions) -> "_Book":
        side = decisions.coin.astype(np.int64) * 2 + (decisions.direction > 0)
        key = (side << TIME_BITS) + decisions.time_ms
        order = in_order(key)
        return cls(key[order], decisions.entity[order])

    @cached_property
    def n_entities(self) -> int:
        """Return one more than the highest number of an entity."""
        return int(self.entity.max(initial=-1)) + 1

    def before(self, rows: Ints, minute: int) -> tuple[Ints, Ints]:
        """Return where openings in a minute before some of them begin and end, 0 for the last."""
        latest = self.key[rows] - (minute * LONGEST_LAG_MS + TOGETHER_MS)
        return self.between(latest - LONGEST_LAG_MS, latest)

    def between(self, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """Return where openings from one key to another begin and end."""
        return np.searchsorted(self.key, begin, "left"), np.searchsorted(self.key, end, "right")


def _by_entity(book: _Book) -> dict[int, _Book]:
    order = in_order(book.entity)
    starts = group_starts(book.entity[order])
    ends = starts + group_sizes(starts, len(order))
    return {
        int(book.entity[order[a]]): _Book(book.key[order[a:b]], book.entity[order[a:b]])
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
    }


def _possible(book: _Book) -> Iterator[tuple[int, int]]:
    """Yield pairs of which the one may copy the other, by number.

    The other often opened within a minute before it, and twice as often as in the minute before
    that: who trades all the time comes before everybody.
    """
    rows, nth = _some_of_each(book.entity)
    begin, end = book.before(rows, 0)
    copiers = group_starts(book.entity[rows])
    for part in _batches(sums(end - begin, copiers)):
        starts = np.append(copiers, len(rows))
        here = slice(starts[part.start], starts[min(part.stop, len(copiers))])
        looked_at = _LookedAt(book, rows[here], nth[here])
        pairs, near = looked_at.met(0)
        pairs, near = pairs[near >= WORTH_A_LOOK], near[near >= WORTH_A_LOOK]
        met_earlier, n_earlier = looked_at.of_copiers(pairs).met(1)
        far = np.zeros(len(pairs), dtype=np.int64)
        place = np.searchsorted(met_earlier, pairs)
        is_there = np.isin(pairs, met_earlier)
        far[is_there] = n_earlier[place[is_there]]
        yield from looked_at.named(pairs[near > 2 * far])


@dataclass(frozen=True)
class _LookedAt:
    """Openings of some copiers, by copier, that are looked at to find whom they could follow.

    A pair is one number, of its copier and then of its source.

    Attributes:
        rows: In the book.
        nth: Of its copier's, below `LOOKED_AT`.
    """

    book: _Book
    rows: Ints
    nth: Ints

    def met(self, minute: int) -> tuple[Ints, Ints]:
        """Return the pairs that met in a minute before, ascending, and after how many openings."""
        asking, before = _spread(*self.book.before(self.rows, minute))
        copier, source = self.book.entity[self.rows][asking], self.book.entity[before]
        is_other = copier != source
        pair = copier[is_other].astype(np.int64) * self._n_entities + source[is_other]
        # Each opening counts once, however often the source opened before it.
        met = np.sort(pair * LOOKED_AT + self.nth[asking[is_other]])
        met = met[group_starts(met)] // LOOKED_AT if len(met) else met
        starts = group_starts(met) if len(met) else met
        return met[starts], group_sizes(starts, len(met))

    def of_copiers(self, pairs: Ints) -> "_LookedAt":
        """Return the openings of the copiers of some pairs."""
        is_asked = np.isin(self.book.entity[self.rows], pairs // self._n_entities)
        return _LookedAt(self.book, self.rows[is_asked], self.nth[is_asked])

    def named(self, pairs: Ints) -> Iterator[tuple[int, int]]:
        """Yield copier and source of some pairs."""
        for pair in pairs.tolist():
            yield divmod(pair, self._n_entities)

    @property
    def _n_entities(self) -> int:
        return self.book.n_entities


def _some_of_each(entity: Numbers) -> tuple[Ints, Ints]:
    """Return the rows of at most `LOOKED_AT` openings of each, evenly spread, and which they are.

    By entity.
    """
    order = in_order(entity)
    starts = group_starts(entity[order])
    size = group_sizes(starts, len(order))
    nth = np.arange(len(order)) - np.repeat(starts, size)
    step = np.repeat(np.maximum(size // LOOKED_AT, 1), size)
    some = (nth % step == 0) & (nth // step < LOOKED_AT)
    return order[some], (nth // step)[some]


def _follows(copier: _Book, source: _Book) -> _Found | None:
    """Return the evidence that one follows the other; None where it does not suffice."""
    rows = np.unique(np.linspace(0, len(copier.key) - 1, MOST_OPENINGS).astype(np.int64))
    key = copier.key[rows]
    enough = max(MIN_MATCHES, MIN_FOLLOWED_FRAC * len(rows))
    earlier, latest = source.between(key - FARTHEST_LAG_MS, key - TOGETHER_MS)
    if np.count_nonzero(latest > earlier) < enough:  # most of who met by chance
        return None
    asking, at = _spread(*source.between(key - AROUND_MS, key + AROUND_MS))
    lag_ms = key[asking] - source.key[at]
    is_far = np.abs(lag_ms) > FARTHEST_LAG_MS
    per_ms = (is_far.sum() + 1) / (2 * (AROUND_MS - FARTHEST_LAG_MS))
    lows = TOGETHER_MS * LAG_RATIO ** np.arange(0, LAG_STEPS, 0.5)
    by_lag = in_order(lag_ms)
    ordered = lag_ms[by_lag]
    best: tuple[float, int, float] = (1.0, 0, 0.0)
    for low in lows.tolist():
        high = low * LAG_RATIO + 1_000
        first, end = np.searchsorted(ordered, [low, high + 1])
        if end - first < enough or end - first < 2 * _most_in(lag_ms[is_far], high - low):
            continue
        n = len(np.unique(asking[by_lag[first:end]]))
        if n < enough:
            continue
        p = float(poisson.sf(n - 1, per_ms * (high - low))) * len(lows)
        if (p, -n) < (best[0], -best[1]):
            best = (p, n, float(np.median(ordered[first:end])))
    p, n, median_ms = best
    if p >= MAX_P or median_ms > LONGEST_LAG_MS:
        return None
    return int(copier.entity[0]), int(source.entity[0]), median_ms, n, n / len(rows), p


def _most_in(lag_ms: Ints, width_ms: float) -> int:
    """Return the largest number of lags within a width of each other: what clocks bring about."""
    ordered = np.sort(lag_ms)
    until = np.searchsorted(ordered, ordered + width_ms, "right")
    return int((until - np.arange(len(ordered))).max(initial=0))


def _batches(counts: NDArray[Any]) -> Iterator[slice]:
    """Yield slices of copiers whose openings meet so many at most, one copier at least."""
    total = np.cumsum(counts)
    first = 0
    while first < len(counts):
        before = total[first - 1] if first else 0
        end = max(int(np.searchsorted(total, before + PAIRS_AT_ONCE, "right")), first + 1)
        yield slice(first, end)
        first = end


def _spread(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Return for every number from each begin to its end whose it is, and the number."""
    counts = np.maximum(end - begin, 0)
    of = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return of, begin[of] + np.arange(len(of)) - first
