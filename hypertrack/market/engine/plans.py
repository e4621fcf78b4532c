"""Definitions turned into queries, once: of no dataset yet, and of no window.

Where a window begins and ends are variables of the engine, so that the queries of one window are
those of every other.
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

import ibis

from hypertrack.market.engine.kept_tables import Dialect, Foundation, Schemas, Step, Tables
from hypertrack.market.executions import fills

Columns = dict[str, Any]
"""Columns of a result, by name, ``[rows]`` each; a missing number is NaN."""

Variables = Mapping[str, int]
"""What a window is to the queries, by the names of `variable`."""

Build = Callable[..., Sequence[ibis.Table]]
"""From tables, and whatever else it takes, to what is asked of them."""


@ibis.udf.scalar.builtin(name="getvariable")  # type: ignore[untyped-decorator]
def _variable(named: str) -> int:  # type: ignore[empty-body]  # it stands for the engine's own
    """Return what DuckDB knows as a variable; Spark's queries get the number itself."""


@cache
def variable(name: str) -> Any:
    """Return a whole number that a query learns when it runs: the same object for the same name.

    Ibis tells whether its values are the same only in an answer of an engine.
    """
    return _variable(name)


class Recipe(NamedTuple):
    """What is asked of a dataset, as queries."""

    whole: Sequence[Step]
    """To be made once of the whole dataset."""
    part: Sequence[Step]
    """To be made of the wallets and the window asked for: of the whole where that is everything."""
    shard: Sequence[Step]
    """To be made in each shard; none without shards."""
    queries: Sequence[str]


@lru_cache(maxsize=200)
def recipe(
    dialect: Dialect,
    of_whole: Schemas,
    of_part: Schemas | None,
    is_sharded: bool,
    build: Build,
    *args: Hashable,
) -> Recipe:
    """Return the queries of ``build(tables, *args)``; the same question is answered once.

    It takes Ibis longer to make a query than an engine needs to run it over a small window.

    Args:
        of_whole: Tables of the dataset.
        of_part: Those that a part has of its own; None where everything is asked for.
        is_sharded: Whether ``build`` is given tables of shards, which have ``fills`` of their own.
    """
    part = asked = Foundation(dialect, of_whole, of_part, None).tables()
    if is_sharded:
        executed = tuple(each for each in part.base if each[0] == "executions")
        known = (("fills", fills(part).schema()), *executed)
        asked = Tables(dialect, known, part.whole, part)
    queries = [dialect.compile(each) for each in build(asked, *args)]
    return Recipe(part.whole.steps, part.steps, asked.steps if is_sharded else (), queries)
