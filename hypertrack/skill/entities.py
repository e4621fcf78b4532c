"""Entities: wallets that act as one, which are judged as one.

22 wallets of a real recording each bought exactly 317.3 of a coin in one millisecond; ranked one by
one they would have filled the top of the list with a single decision.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import Table, _
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import poisson

from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.market.engine.backend import groups_of
from hypertrack.market.engine.market import Market
from hypertrack.market.executions import executions, executions_by_wallet
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS
from hypertrack.skill.fetching import computed_once, fetch

TOGETHER_MS = 250
"""Executions this close are one decision, sent by one machine or by two."""

SAME_SIZE_FRAC = 0.01

MIN_PAIRS = 5
MIN_PAIRED_FRAC = 0.3
"""Of the executions of the one with fewer."""
MAX_P = 1e-6

WORTH_A_LOOK_FRAC = 0.05
"""Of the smaller one's executions in the same cell of time and size, by which pairs are found; what
lies across a border of cells is missed there, and counted later."""

ROWS_AT_ONCE = 2_000_000
"""Of executions whose cells are counted together: some hundred megabytes."""

STRETCHES_JOINED = 16
"""Of stretches of time: a query of all that a year has would be too deep for those who read it."""

MOST_COINS, SIZE_CLASSES = 2**16, 2**14
"""What a cell's number has room for, beside the moments of eight years; sizes of 1e-35 to 1e35."""

SIDE = ("coin_id", "direction", "is_taker")
PAIR = ("wallet_a", "wallet_b")


@dataclass(frozen=True)
class Twins:
    """Pairs of wallets that acted together, one row each.

    Attributes:
        wallet_a: The lower id of the two.
        n_pairs: Executions of both that go together.
        paired_frac: Of the executions of the one with fewer.
        p: How likely their trading intensities alone pair so many.
    """

    wallet_a: Ints
    wallet_b: Ints
    n_pairs: Ints
    paired_frac: Floats
    p: Floats

    @property
    def are_one(self) -> Flags:
        """Return which pairs belong together."""
        are_many = (self.n_pairs >= MIN_PAIRS) & (self.paired_frac >= MIN_PAIRED_FRAC)
        found: Flags = are_many & (self.p < MAX_P)
        return found


@dataclass(frozen=True)
class Entities:
    """Who acts as one.

    Attributes:
        of_wallet: Number of each wallet's entity, ``[wallets]``; -1 for who is not judged.
        size: Wallets of each wallet's entity, ``[wallets]``; 0 for who is not judged.
    """

    of_wallet: Ints
    size: Ints
    twins: Twins


def find_entities(
    con: Market, window: Window, is_judged: Flags, told: tuple[Ints, Ints] | None = None
) -> Entities:
    """Return the entities of a window.

    Args:
        con: Holds the dataset.
        window: Nothing outside of it is looked at.
        is_judged: Whether each wallet takes part, ``[wallets]``: the venue's own do not.
        told: Pairs of wallets of which the venue says that they are one.
    """
    twins = find_twins(con, window)
    is_one = twins.are_one & is_judged[twins.wallet_a] & is_judged[twins.wallet_b]
    first, second = twins.wallet_a[is_one], twins.wallet_b[is_one]
    if told is not None:
        first, second = np.append(first, told[0]), np.append(second, told[1])
    return Entities(*_components(is_judged, first, second), twins)


def find_twins(con: Market, window: Window) -> Twins:
    """Return pairs of wallets with executions that go together, whether or not they are one.

    Same coin, direction and role, sizes equal to 1 %, within 250 ms.
    """
    by_time, rows = (
        window.of(made(con)).select("wallet_id", *SIDE, "time_ms", "size")
        for made in (executions, executions_by_wallet)
    )
    n_each = rows.group_by("wallet_id").aggregate(n_executions=_.count())
    n_each = n_each.filter(_.n_executions >= MIN_PAIRS)
    with ExitStack() as kept:
        n_each = kept.enter_context(computed_once(con, "twin_wallets", n_each))
        rows = rows.filter(_.wallet_id.isin(n_each.wallet_id))
        candidates = _candidates(_met_in_all(con, kept, by_time, window), n_each)
        pairs = kept.enter_context(computed_once(con, "twin_candidates", candidates))
        n_pairs = _paired(rows, pairs)
        expected = _expected(rows, pairs, window.length_ms)
        both = pairs.left_join(n_pairs, PAIR).drop("wallet_a_right", "wallet_b_right")
        both = both.left_join(expected, PAIR).drop("wallet_a_right", "wallet_b_right")
        found = fetch(con, both.order_by(PAIR))
    n = np.nan_to_num(found["n_pairs"].astype(np.float64)).astype(np.int64)
    return Twins(
        wallet_a=found["wallet_a"].astype(np.int64),
        wallet_b=found["wallet_b"].astype(np.int64),
        n_pairs=n,
        paired_frac=n / found["n_smaller"],
        p=poisson.sf(n - 1, np.nan_to_num(found["expected"].astype(np.float64))),
    )


def _met_in_all(con: Market, kept: ExitStack, rows: Table, window: Window) -> Table:
    """Return what `_met` tells of all rows, one stretch of time after the other."""
    parts = (_met(part, window) for part in _by_time(con, rows))
    met: list[Table] = []
    for nth, part in enumerate(parts):
        met.append(kept.enter_context(computed_once(con, f"twins_met_{nth}", part)))
        if len(met) == STRETCHES_JOINED:
            joined = computed_once(con, f"twins_met_until_{nth}", _together(met))
            met = [kept.enter_context(joined)]
    return _together(met)


def _together(met: Sequence[Table]) -> Table:
    return ibis.union(*met).group_by(*PAIR).aggregate(n_met=_.n_met.sum())


def _by_time(con: Market, rows: Table) -> Iterator[Table]:
    """Yield the rows of a stretch of time after those of another, as many as memory bears.

    Cells are of one moment, and those of a coin may be more than memory bears.
    """
    minutes = rows.group_by(minute=_.time_ms // MINUTE_MS).aggregate(n=_.count())
    counts = fetch(con, minutes.order_by("minute"))
    for first, end in groups_of(counts["minute"], counts["n"], ROWS_AT_ONCE):
        yield rows.filter(_.time_ms >= first * MINUTE_MS, _.time_ms < end * MINUTE_MS)


def _met(rows: Table, window: Window) -> Table:
    """Return wallet_a, wallet_b, n_met: how often two are in one cell of time and size.

    Two sizes are in one cell of at least one of the two ways to divide them. Most cells are of one
    wallet, and let go before anybody's are counted.
    """
    step = _["size"].ln() / math.log1p(2 * SAME_SIZE_FRAC)
    ways = (2 * step.floor(), 2 * (step + 0.5).floor() + 1)
    cells = ibis.union(
        *(rows.select("wallet_id", cell=_cell(way.cast("int64"), window)) for way in ways)
    )
    shared = cells.group_by("cell").aggregate(low=_.wallet_id.min(), high=_.wallet_id.max())
    cells = cells.semi_join(shared.filter(_.low < _.high), "cell")
    cells = cells.group_by("wallet_id", "cell").aggregate(n=_.count())
    left = cells.select("cell", "n", wallet_a="wallet_id")
    right = cells.select("cell", m="n", wallet_b="wallet_id")
    met = left.join(right, [left.cell == right.cell, left.wallet_a < right.wallet_b])
    return met.group_by(*PAIR).aggregate(n_met=ibis.least(_.n, _.m).sum())


def _cell(size_class: ibis.Value, window: Window) -> ibis.Value:
    """Return coin, direction, role, moment and size as one number: five take twice as long."""
    moment = _.time_ms // TOGETHER_MS - window.start_ms // TOGETHER_MS
    side = (_.direction > 0).cast("int64") * 2 + _.is_taker.cast("int64")
    place = (moment.cast("int64") * MOST_COINS + _.coin_id) * 4 + side
    within = ibis.least(ibis.greatest(size_class, -SIZE_CLASSES // 2), SIZE_CLASSES // 2 - 1)
    return place * SIZE_CLASSES + within + SIZE_CLASSES // 2


def _candidates(met: Table, n_each: Table) -> Table:
    """Return wallet_a, wallet_b, smaller, larger, n_smaller: who often meets, by `_met`'s cells.

    Cells have borders that pairs may lie across; so this only finds who is to be looked at.
    """
    met = met.filter(_.n_met >= 2)
    for which in ("a", "b"):
        named = n_each.select(**{f"wallet_{which}": "wallet_id", f"n_{which}": "n_executions"})
        met = met.join(named, f"wallet_{which}")
    n_smaller, has_fewer = ibis.least(_.n_a, _.n_b), _.n_a <= _.n_b
    return met.filter(_.n_met >= WORTH_A_LOOK_FRAC * n_smaller).select(
        *PAIR,
        n_smaller=n_smaller,
        smaller=ibis.ifelse(has_fewer, _.wallet_a, _.wallet_b),
        larger=ibis.ifelse(has_fewer, _.wallet_b, _.wallet_a),
    )


def _paired(rows: Table, pairs: Table) -> Table:
    """Return wallet_a, wallet_b, n_pairs: executions of the two that go together, each once.

    Those of who has fewer are held against the other's: what most wallets meet is a market maker.
    """
    moment = _.time_ms // TOGETHER_MS
    fewer = rows.rename(smaller="wallet_id").join(pairs, "smaller")
    near = ibis.union(*(fewer.mutate(moment=moment + offset) for offset in (-1, 0, 1)))
    more = rows.mutate(moment=moment).rename(
        larger="wallet_id", larger_ms="time_ms", larger_size="size"
    )
    met = more.join(near, [*SIDE, "moment", "larger"]).filter(
        (_.time_ms - _.larger_ms).abs() <= TOGETHER_MS,
        (_["size"] - _.larger_size).abs()
        <= SAME_SIZE_FRAC * ibis.greatest(_["size"], _.larger_size),
    )
    keys = (
        ibis.struct({name: met[name] for name in (*SIDE, at)}) for at in ("time_ms", "larger_ms")
    )
    n_each = (key.nunique() for key in keys)
    return met.group_by(*PAIR).aggregate(n_pairs=ibis.least(*n_each))


def _expected(rows: Table, pairs: Table, length_ms: int) -> Table:
    """Return wallet_a, wallet_b, expected: how often the two meet by their intensities alone.

    Takers choose their time: what counts is the window. Makers are filled when somebody else
    comes, both at once where both quote: what counts are the moments at which makers were filled.
    """
    asked = pairs.select(wallet="wallet_a").union(pairs.select(wallet="wallet_b"))
    of_asked = rows.filter(_.wallet_id.isin(asked.wallet))
    n_each = of_asked.group_by("wallet_id", *SIDE).aggregate(n=_.count())
    moments = rows.filter(~_.is_taker).group_by(*SIDE).aggregate(n_moments=_.time_ms.nunique())
    left = n_each.left_join(moments, list(SIDE)).select(
        *SIDE, "n", "n_moments", wallet_a="wallet_id"
    )
    left = left.join(pairs.select(PAIR), "wallet_a").select(*left.columns, "wallet_b")
    both = left.join(n_each.select(*SIDE, m="n", wallet_b="wallet_id"), [*SIDE, "wallet_b"])
    of_time = 2.0 * TOGETHER_MS / max(length_ms, 1)
    chance = ibis.ifelse(_.is_taker, of_time, 1.0 / _.n_moments)
    return both.group_by(*PAIR).aggregate(expected=(_.n * _.m * chance).sum())


def _components(is_judged: Flags, first: Ints, second: Ints) -> tuple[Ints, Ints]:
    """Return the number of each wallet's entity, by its first wallet, and the entity's size."""
    n_wallets = len(is_judged)
    edges = coo_array((np.ones(len(first)), (first, second)), shape=(n_wallets, n_wallets))
    label = connected_components(edges, directed=False)[1]
    of_wallet = np.full(n_wallets, -1, dtype=np.int64)
    _labels, first_seen, number = np.unique(
        label[is_judged], return_index=True, return_inverse=True
    )
    of_wallet[is_judged] = np.argsort(np.argsort(first_seen))[number]
    size = np.zeros(n_wallets, dtype=np.int64)
    size[is_judged] = np.bincount(of_wallet[is_judged])[of_wallet[is_judged]]
    return of_wallet, size


def spread_to_entities(of_wallets: NDArray[Any], entity_of_wallet: Ints, n: int) -> Floats:
    """Return the sum of each entity's wallets, ``[entities]``."""
    is_judged = entity_of_wallet >= 0
    summed = np.bincount(entity_of_wallet[is_judged], of_wallets[is_judged], n)
    return summed.astype(np.float64)


def spread_to_wallets(column: NDArray[Any], entity_of_wallet: Ints) -> NDArray[Any]:
    """Return a column of entities as one of wallets: NaN, or no text, for who is not judged."""
    missing = "" if column.dtype == object else np.nan
    return np.where(entity_of_wallet >= 0, column[entity_of_wallet], missing)
