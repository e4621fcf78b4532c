"""What is asked of a dataset, computed in shards: some wallets each, one thread each.

Floating-point sums depend on the order of their terms, which threads that share a query deal out
anew at each run. Here a wallet belongs to one shard, whose rows lie in order and are read by one
thread; so the numbers repeat to the bit, however many threads there are.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import ibis
import numpy as np
from numpy.typing import NDArray

from hypertrack.market.engine.backend import DuckDBBackend
from hypertrack.market.executions import fills

Columns = dict[str, NDArray[Any]]

FILLS_PER_SHARD = 2_500_000
"""So few that a shard's hash tables stay small, so many that what all shards join with (prices,
candles) is not hashed too often. Not a question of the threads there are: results must not
depend on them."""

N_SHARDS_WORTH_IT = 4
FILLS_WORTH_A_SHARD = 250_000
"""Fewer fills are divided too, into a few shards of at least this size, to keep threads busy."""

T = TypeVar("T")

PARTIES = {
    "trades": ("buyer_id", "seller_id"),
    "evm_transactions": ("sender_id", "receiver_id"),
    "erc20_transfers": ("sender_id", "receiver_id"),
}
"""The tables that tell of wallets, and where."""

END_ID = 2**31 - 1
"""Beyond every wallet's id."""


class Plan(DuckDBBackend):
    """Where expressions are made for all shards: what is kept here is a query that each runs."""

    kept: dict[str, str]

    def keep(self, name: str, rows: ibis.Table, order_by: Sequence[str] = ()) -> None:
        """Write the query down; a view stands in for the shards' tables."""
        self.kept[name] = query = self.ordered(rows, order_by)
        self.con.execute(f'CREATE VIEW "{name}" AS {query}')


class Shard:
    """The wallets with ids in ``[first_id, end_id)``: their fills, and what is made of them."""

    def __init__(self, connection: Any, path: str, first_id: int, end_id: int):
        self.connection = connection
        self.first_id = first_id
        self.end_id = end_id
        self._made: set[str] = set()
        connection.execute(f"SET search_path = '{path}'")

    def make(self, kept: dict[str, str]) -> None:
        """Make the tables that are not there yet."""
        for name, query in kept.items():
            if name not in self._made:
                self.connection.execute(f'CREATE TABLE "{name}" AS {query}')
                self._made.add(name)

    def measure(self, query: str) -> Columns:
        """Return the columns of a query, by ``wallet_id``: of this shard's wallets only."""
        found = self.connection.execute(query).fetchnumpy()
        wallet_ids = found["wallet_id"]
        is_own = (wallet_ids >= self.first_id) & (wallet_ids < self.end_id)
        return {name: np.ma.filled(values, np.nan)[is_own] for name, values in found.items()}


class Part:
    """The wallets and the window asked for, ready to be measured.

    Attributes:
        plan: Ibis backend that features are expressed on; its tables are those of any shard.
    """

    def __init__(self, market: DuckDBBackend, name: str, wallets: str = "true"):
        """Divide the wallets.

        Args:
            market: Holds the tables of the part.
            name: Its schemas begin with it.
            wallets: SQL condition on ``wallet_id``.
        """
        self._market = market
        self._connection = market.con.cursor()
        own, path = market.con.execute(
            "SELECT current_schema(), current_setting('search_path')"
        ).fetchall()[0]
        self._path = path or own
        self._schemas = [f"{name}_plan"]
        of_part = f"SELECT * FROM {own}.{fills(market).get_name()} WHERE {wallets}"
        bounds = self._bounds(of_part)
        self._schemas += [f"{name}_{number}" for number in range(len(bounds) - 1)]
        self.plan = self._planned(of_part)
        self._shards = [
            self._shard(schema, of_part, first_id, end_id)
            for schema, first_id, end_id in zip(
                self._schemas[1:], bounds[:-1], bounds[1:], strict=True
            )
        ]

    def measure(self, queries: Sequence[ibis.Table]) -> list[Columns]:
        """Return the columns of each query, which has a row per ``wallet_id`` and else floats."""
        statements = [self.plan.compile(each) for each in queries]

        def run(shard: Shard) -> list[Columns]:
            shard.make(self.plan.kept)
            return [shard.measure(statement) for statement in statements]

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
        self._in_shards(lambda shard: shard.make(self.plan.kept))
        everything = " UNION ALL ".join(f'FROM {schema}."{name}"' for schema in self._schemas[1:])
        self._market.con.execute(f'CREATE VIEW "{name}" AS {everything}')

    def drop(self) -> None:
        """Forget everything that was made for this part alone."""
        for schema in self._schemas:
            self._connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    def _bounds(self, of_part: str) -> list[int]:
        """Return the ids at which shards begin, and the end, for about equally many fills."""
        found = self._market.con.execute(
            f"SELECT wallet_id, count(*) AS n FROM ({of_part}) GROUP BY ALL ORDER BY wallet_id"
        ).fetchnumpy()
        so_far = np.cumsum(found["n"])
        n_fills = int(so_far[-1]) if len(so_far) else 0
        n_worth_it = min(n_fills // FILLS_WORTH_A_SHARD, N_SHARDS_WORTH_IT)
        n_shards = max(-(-n_fills // FILLS_PER_SHARD), n_worth_it)
        targets = np.arange(1, n_shards) * (n_fills / max(n_shards, 1))
        first_ids = found["wallet_id"][np.searchsorted(so_far, targets)]
        return [0, *np.unique(first_ids[first_ids > 0]).tolist(), END_ID]

    def _planned(self, of_part: str) -> Plan:
        connection = self._market.con.cursor()
        connection.execute(f"CREATE SCHEMA {self._schemas[0]}")
        connection.execute(f"SET search_path = '{self._schemas[0]},{self._path}'")
        connection.execute(f"CREATE VIEW fills AS {of_part}")
        plan: Plan = Plan.from_connection(connection)
        plan.whole, plan.part, plan.kept = self._market.whole, self._market, {}
        return plan

    def _shard(self, schema: str, of_part: str, first_id: int, end_id: int) -> Shard:
        self._connection.execute(f"CREATE SCHEMA {schema}")
        shard = Shard(self._market.con.cursor(), f"{schema},{self._path}", first_id, end_id)
        shard.connection.execute(
            f"CREATE VIEW fills AS SELECT * FROM ({of_part}) "
            f"WHERE wallet_id >= {first_id} AND wallet_id < {end_id}"
        )
        return shard

    def _in_shards(self, run: Callable[[Shard], T]) -> list[T]:
        """Run something in every shard, one thread each, as many at once as there are threads."""
        threads = self._connection.execute("SELECT current_setting('threads')").fetchall()[0][0]
        self._connection.execute("SET threads = 1")
        pool = ThreadPoolExecutor(threads)
        try:
            return list(pool.map(run, self._shards))
        except BaseException:
            for shard in self._shards:
                shard.connection.interrupt()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
            self._connection.execute(f"SET threads = {threads}")
