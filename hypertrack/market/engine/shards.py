"""What is asked of a dataset, computed in shards: some wallets each, one thread each.

Floating-point sums depend on the order of their terms, which threads that share a query deal out
anew at each run. Here a wallet belongs to one shard, whose rows lie in order and are read by one
thread; so the numbers repeat to the bit, however many threads there are.

Few fills stay in memory, and so does what shards make of them, for the next cut. Many are written
to disk once, by shard, and a shard is forgotten as soon as it is measured.
"""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from hypertrack.market.engine.backend import DuckDBBackend, groups_of, in_parallel
from hypertrack.market.executions import fills
from hypertrack.store.sql import parquet, quoted

Columns = dict[str, NDArray[Any]]

FILLS_PER_SHARD = 2_500_000
"""So few that a shard's hash tables stay small, so many that what all shards join with (prices,
candles) is not hashed too often. Not a question of the threads there are: results must not
depend on them."""

N_SHARDS_WORTH_IT = 4
FILLS_WORTH_A_SHARD = 250_000
"""Fewer fills are divided too, into a few shards of at least this size, to keep threads busy."""

FILLS_IN_MEMORY = 20_000_000
"""More are written to disk, in shards of `FILLS_PER_SPILLED_SHARD`: two gigabytes while two of
them are measured, against 300 bytes a fill if everything stayed."""
FILLS_PER_SPILLED_SHARD = 6_000_000
FILLS_PER_SLICE = 6_000_000
"""Fills are written a slice of time at a time, each by one thread, so that their order is known."""


class Plan(DuckDBBackend):
    """Where expressions are made for all shards: what is kept here is a query that each runs."""

    kept: dict[str, str]

    def keep(
        self, name: str, rows: ibis.Table, order_by: Sequence[str] = (), *, by_coin: bool = False
    ) -> None:
        """Write the query down; a view stands in for the shards' tables."""
        del by_coin
        self.kept[name] = query = self.ordered(rows, order_by)
        self.con.execute(f'CREATE VIEW "{name}" AS {query}')


class Part:
    """The wallets and the window asked for, ready to be measured; drop it after use.

    Attributes:
        plan: What features are expressed on; its tables are those of any shard.
    """

    def __init__(
        self,
        market: DuckDBBackend,
        name: str,
        temporary_folder: Callable[[], Path],
        wallets: str = "true",
    ):
        """Divide the wallets.

        Args:
            market: Holds the tables of the part.
            name: Its schemas begin with it.
            temporary_folder: Makes one, where fills are too many for memory.
            wallets: SQL condition on ``wallet_id``.
        """
        self._market = market
        self._temporary_folder = temporary_folder
        own, path = market.con.execute(
            "SELECT current_schema(), current_setting('search_path')"
        ).fetchall()[0]
        self._path = path or own
        self._name = name
        of_part = f"SELECT * FROM {own}.{fills(market).get_name()} WHERE {wallets}"
        self._groups, self._spilled = self._divide(of_part)
        self._made: list[set[str]] = [set() for _ in self._groups]
        for number, (first_id, end_id) in enumerate(self._groups):
            market.con.execute(f"CREATE SCHEMA {name}_{number}")
            if self._spilled is None:
                market.con.execute(
                    f"CREATE VIEW {name}_{number}.fills AS SELECT * FROM ({of_part}) "
                    f"WHERE wallet_id >= {first_id} AND wallet_id < {end_id}"
                )
        self.plan = self._planned(of_part)

    def measure(self, queries: Sequence[ibis.Table]) -> list[Columns]:
        """Return the columns of each query, which has a row per ``wallet_id`` and else floats."""
        statements = [self.plan.compile(each) for each in queries]

        def run(connection: Any, number: int) -> list[Columns]:
            before = set(self._made[number])
            self._make(connection, number)
            found = [self._columns(connection, number, each) for each in statements]
            if self._spilled:
                self._forget(connection, number, self._made[number] - before)
            return found

        by_query = zip(*self._in_shards(run), strict=True)
        return [
            {name: np.concatenate([found[name] for found in each]) for name in each[0]}
            for each in by_query
        ]

    @property
    def kept(self) -> list[str]:
        """Names of the tables that were made for what was asked so far."""
        return [*self._market.list_tables(), *self.plan.kept]

    def gather(self, name: str) -> None:
        """Let the market see a kept table of all shards as one."""

        def make(connection: Any, number: int) -> None:
            self._make(connection, number)
            if self._spilled:  # the fills lie on disk, and what was gathered takes their place
                self._forget(connection, number, {"fills"})

        self._in_shards(make)
        tables = [f'FROM {self._name}_{n}."{name}"' for n in range(len(self._groups))]
        self._market.con.execute(f'CREATE VIEW "{name}" AS {" UNION ALL ".join(tables)}')

    def drop(self) -> None:
        """Forget everything that was made for this part alone."""
        for name in ("plan", "spill", *range(len(self._groups))):
            self._market.con.execute(f"DROP SCHEMA IF EXISTS {self._name}_{name} CASCADE")
        if self._spilled:
            shutil.rmtree(self._spilled)

    def _divide(self, of_part: str) -> tuple[list[tuple[int, int]], Path | None]:
        """Return the ids of each shard's wallets, and where their fills are, if on disk."""
        found = self._market.con.execute(
            f"SELECT wallet_id, count(*) AS n FROM ({of_part}) GROUP BY ALL ORDER BY wallet_id"
        ).fetchnumpy()
        n_fills = int(found["n"].sum())
        if n_fills > FILLS_IN_MEMORY:
            groups = groups_of(found["wallet_id"], found["n"], FILLS_PER_SPILLED_SHARD)
            return groups, self._spill(of_part, groups, n_fills // FILLS_PER_SLICE + 1)
        n_worth_it = min(n_fills // FILLS_WORTH_A_SHARD, N_SHARDS_WORTH_IT)
        n_shards = max(-(-n_fills // FILLS_PER_SHARD), n_worth_it, 1)
        return groups_of(found["wallet_id"], found["n"], n_fills / n_shards or 1), None

    def _spill(self, of_part: str, groups: Sequence[tuple[int, int]], n_slices: int) -> Path:
        """Write fills to a folder per shard, a file per slice of time."""
        place, schema = self._temporary_folder(), f"{self._name}_spill"
        begins = [first_id for first_id, _ in groups]
        self._market.con.execute(
            f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.shard_of AS SELECT wallet_id, "
            f"len(list_filter({begins}, lambda id: id <= wallet_id)) - 1 AS shard FROM wallets"
        )
        bounds = "SELECT min(time_ms), max(time_ms) + 1 FROM trades"
        first_ms, end_ms = self._market.con.execute(bounds).fetchall()[0]
        edges = np.linspace(first_ms, end_ms, n_slices + 1).astype(np.int64)

        def write(connection: Any, slice_: int) -> None:
            connection.execute(f"SET search_path = '{self._path}'")
            connection.execute(
                f"COPY (SELECT fills.*, shard FROM ({of_part}) AS fills JOIN {schema}.shard_of "
                f"USING (wallet_id) WHERE time_ms >= {edges[slice_]} "
                f"AND time_ms < {edges[slice_ + 1]}) TO {quoted(place)} (FORMAT parquet, "
                f"COMPRESSION lz4_raw, PARTITION_BY (shard), OVERWRITE_OR_IGNORE, "
                f"FILENAME_PATTERN '{slice_:06}_{{i}}')"
            )

        in_parallel(self._market.con, write, range(n_slices))
        return place

    def _planned(self, of_part: str) -> Plan:
        connection = self._market.con.cursor()
        connection.execute(f"CREATE SCHEMA {self._name}_plan")
        connection.execute(f"SET search_path = '{self._name}_plan,{self._path}'")
        connection.execute(f"CREATE VIEW fills AS {of_part}")
        plan: Plan = Plan.from_connection(connection)
        plan.whole, plan.part, plan.kept = self._market.whole, self._market, {}
        return plan

    def _in_shards(self, run: Any) -> list[Any]:
        def there(connection: Any, number: int) -> Any:
            connection.execute(f"SET search_path = '{self._name}_{number},{self._path}'")
            return run(connection, number)

        return in_parallel(self._market.con, there, range(len(self._groups)))

    def _make(self, connection: Any, number: int) -> None:
        """Make a shard's tables that are not there yet."""
        queries = self.plan.kept
        if self._spilled:
            files = sorted((self._spilled / f"shard={number}").glob("*.parquet"))
            queries = {"fills": f"FROM {parquet(files)}", **queries}
        for name, query in queries.items():
            if name not in self._made[number]:
                connection.execute(f'CREATE TABLE "{name}" AS {query}')
                self._made[number].add(name)

    def _forget(self, connection: Any, number: int, names: set[str]) -> None:
        for name in names:
            connection.execute(f'DROP TABLE "{name}"')
        self._made[number] -= names

    def _columns(self, connection: Any, number: int, query: str) -> Columns:
        """Return the columns of a query, by ``wallet_id``: of this shard's wallets only."""
        first_id, end_id = self._groups[number]
        found = connection.execute(query).fetchnumpy()
        wallet_ids = found["wallet_id"]
        is_own = (wallet_ids >= first_id) & (wallet_ids < end_id)
        return {name: np.ma.filled(values, np.nan)[is_own] for name, values in found.items()}
