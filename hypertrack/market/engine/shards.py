"""What is asked of a dataset, computed in shards: some wallets each, one thread each.

Floating-point sums depend on the order of their terms, which threads that share a query deal out
anew at each run. Here a wallet belongs to one shard, which is read by one thread from its trades
on; so the numbers repeat to the bit, however many threads there are, as long as memory suffices:
what DuckDB has to write to disk in between it may add up in another order.

Few fills stay in memory, and so does what shards make of them, for the next cut. Many are written
to disk once, by shard, and a shard is forgotten as soon as it is measured.
"""

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hypertrack.market.arrays import groups_of
from hypertrack.market.engine.duckdb_dialect import WHOLE, set_variables
from hypertrack.market.engine.kept_tables import Step
from hypertrack.market.engine.market import PARTIES, Finish, Market, columns_of
from hypertrack.market.engine.plans import Columns, Recipe, Variables
from hypertrack.market.executions import fills
from hypertrack.store.parallel import in_parallel
from hypertrack.store.sql import parquet, quoted

CHAINS = ("evm_transactions", "erc20_transfers")

FILLS_PER_SHARD = 2_500_000
"""So few that a shard's hash tables stay small, so many that what all shards join with (prices,
candles) is not hashed too often. Not a question of the threads there are: results must not
depend on them."""

N_SHARDS_WORTH_IT = 4
FILLS_WORTH_A_SHARD = 250_000
"""Fewer fills are divided too, into a few shards of at least this size, to keep threads busy."""

FILLS_IN_MEMORY = 20_000_000
"""More are written to disk, in shards of `FILLS_PER_SPILLED_SHARD`: four gigabytes while two of
them are measured, against 300 bytes a fill if everything stayed. Smaller ones cost more than they
spare: each hashes the prices and the candles of the whole market."""
FILLS_PER_SPILLED_SHARD = 12_000_000
FILLS_PER_SLICE = 6_000_000
"""Fills are written a slice of time at a time, each by one thread, so that their order is known."""


class Shards:
    """The wallets of a dataset or of a part of it, some in each; drop them after use."""

    def __init__(self, market: Market, connection: Any, temporary_folder: Callable[[], Path]):
        """Divide the wallets.

        Args:
            market: Of the part, or of the whole dataset.
            connection: Of the same.
            temporary_folder: Makes one, where fills are too many for memory.
        """
        self._connection = connection
        self._temporary_folder = temporary_folder
        self._on_disk: dict[str, set[str]] = {}
        own = market.prefix
        self._rows = {"fills": f"FROM {WHOLE}.{fills(market).get_name()}"}
        market.make(step for step in market.steps if step.name == "fills")
        if "executions" in dict(market.base):
            self._rows["executions"] = f"FROM {WHOLE}.executions"
        self._groups, self._spilled = self._divide()
        self._schemas = [f"{own}shard_{number}" for number in range(len(self._groups))]
        self._made: list[set[str]] = [set() for _ in self._groups]
        self._chains = {own + name: PARTIES[name] for name in CHAINS}
        for number, schema in enumerate(self._schemas):
            connection.execute(f"CREATE SCHEMA {schema}")
            for name, rows in () if self._spilled else self._rows.items():
                own_rows = f"{rows} WHERE {self._are_own(number, ['wallet_id'])}"
                connection.execute(f"CREATE VIEW {schema}.{name} AS {own_rows}")

    def measure_each(
        self, windows: Sequence[Variables], asked: Recipe, finish: Finish | None
    ) -> list[list[Columns]]:
        """Return what is asked of each window: a row per ``wallet_id`` and else floats each.

        A shard makes what it keeps once for all windows, and finishes what it found of its wallets.
        """
        self._spill(*(step.query for step in asked.shard), *asked.queries)

        def run(connection: Any, number: int) -> list[list[Columns]]:
            set_variables(connection, windows[0])
            before = set(self._made[number])
            try:
                self._make(connection, number, asked.shard, asked.queries)
                return [measured(connection, number, nth) for nth in range(len(windows))]
            finally:
                if self._spilled:
                    self._forget(connection, number, self._made[number] - before)

        def measured(connection: Any, number: int, nth: int) -> list[Columns]:
            set_variables(connection, windows[nth])
            found = [self._columns(connection, number, each) for each in asked.queries]
            return finish(nth, found) if finish else found

        by_window = zip(*self._in_shards(run), strict=True)
        return [[_joined(each) for each in zip(*found, strict=True)] for found in by_window]

    def gathered(self, step: Step) -> str:
        """Return the query of a table's rows as they lie by shard, once each has made its own.

        A view of ``executions`` that are there is laid by shard where the shards are on disk.
        """
        if step.is_view and (self._spilled is None or "executions" not in self._rows):
            return step.query
        if step.is_view:
            self._put_on_disk("executions", self._columns_in(self._rows["executions"]))
            return self._from_disk("executions", range(len(self._groups)))
        self._spill(step.query)

        def make(connection: Any, number: int) -> None:
            try:
                self._make(connection, number, [step])
            finally:
                if self._spilled:  # the fills lie on disk, and what was gathered takes their place
                    self._forget(connection, number, self._made[number] & {"fills"})

        self._in_shards(make)
        return " UNION ALL ".join(f'FROM {schema}."{step.name}"' for schema in self._schemas)

    def drop(self) -> None:
        """Forget everything that was made for this part alone."""
        for schema in self._schemas:
            self._connection.execute(f"DROP SCHEMA {schema} CASCADE")
        if self._spilled:
            shutil.rmtree(self._spilled)

    def _divide(self) -> tuple[list[tuple[int, int]], Path | None]:
        """Return the ids of each shard's wallets, and where their rows go, if to disk."""
        counted, rows = "count(*)", self._rows["fills"]
        if "executions" in self._rows:
            counted, rows = "sum(n_fills)::BIGINT", self._rows["executions"]
        found = self._connection.execute(
            f"SELECT wallet_id, {counted} AS n FROM ({rows}) GROUP BY ALL ORDER BY wallet_id"
        ).fetchnumpy()
        n_fills = int(found["n"].sum())
        if n_fills > FILLS_IN_MEMORY:
            self._n_slices = n_fills // FILLS_PER_SLICE + 1
            groups = groups_of(found["wallet_id"], found["n"], FILLS_PER_SPILLED_SHARD)
            return groups, self._temporary_folder()
        n_worth_it = min(n_fills // FILLS_WORTH_A_SHARD, N_SHARDS_WORTH_IT)
        n_shards = max(-(-n_fills // FILLS_PER_SHARD), n_worth_it, 1)
        return groups_of(found["wallet_id"], found["n"], n_fills / n_shards or 1), None

    def _spill(self, *queries: str) -> None:
        """Write to disk what queries read of rows that are there neither in memory nor on disk."""
        if self._spilled is None:
            return
        for name, rows in self._rows.items():
            asking = " ".join(query for query in queries if f'"{name}"' in query)
            named = {column for column in self._columns_in(rows) if f'"{column}"' in asking}
            if asking:
                self._put_on_disk(name, named | {"wallet_id", "time_ms"})

    def _columns_in(self, rows: str) -> set[str]:
        return {name for name, *_ in self._connection.execute(f"DESCRIBE {rows}").fetchall()}

    def _put_on_disk(self, name: str, columns: set[str]) -> None:
        """Write columns of a table to disk, and those that are there again, unless all are.

        A folder per shard, a file per slice of time.
        """
        assert self._spilled is not None
        columns = columns | self._on_disk.get(name, set())
        if columns == self._on_disk.get(name):
            return
        self._on_disk.pop(name, None)  # until all is written: a part would be read as the whole
        place = self._spilled / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        bounds = "SELECT min(time_ms), max(time_ms) + 1 FROM trades"
        first_ms, end_ms = self._connection.execute(bounds).fetchall()[0]
        edges = np.linspace(first_ms, end_ms, self._n_slices + 1).astype(np.int64)
        later = " + ".join(f"(wallet_id >= {first_id})::INTEGER" for first_id, _ in self._groups)

        def write(connection: Any, slice_: int) -> None:
            connection.execute(
                f"COPY (SELECT {', '.join(sorted(columns))}, {later} - 1 AS shard "
                f"FROM ({self._rows[name]}) "
                f"WHERE time_ms >= {edges[slice_]} AND time_ms < {edges[slice_ + 1]}) "
                f"TO {quoted(place)} (FORMAT parquet, COMPRESSION lz4_raw, PARTITION_BY (shard), "
                f"OVERWRITE_OR_IGNORE, FILENAME_PATTERN '{slice_:06}_{{i}}')"
            )

        in_parallel(self._connection, write, range(self._n_slices))
        self._on_disk[name] = columns

    def _in_shards(self, run: Any) -> list[Any]:
        def there(connection: Any, number: int) -> Any:
            connection.execute(f"SET search_path = '{self._schemas[number]},{WHOLE}'")
            return run(connection, number)

        return in_parallel(self._connection, there, range(len(self._groups)))

    def _make(
        self, connection: Any, number: int, steps: Sequence[Step], asked: Sequence[str] = ()
    ) -> None:
        """Make a shard's tables that are not there yet, and what they and the queries read.

        What all wallets did on chains is gone through once: half a dozen features read it.
        """
        read = [*(step.query for step in steps), *asked]
        queries = {
            name: f"FROM {WHOLE}.{name} WHERE {self._are_own(number, parties)}"
            for name, parties in self._chains.items()
            if any(f'"{name}"' in query for query in read)
        }
        queries |= {name: self._from_disk(name, [number]) for name in self._on_disk}
        queries |= {step.name: step.query for step in steps}
        for name, query in queries.items():
            if name not in self._made[number]:
                connection.execute(f'CREATE TABLE "{name}" AS {query}')
                self._made[number].add(name)

    def _are_own(self, number: int, parties: Sequence[str]) -> str:
        """Return the SQL condition of a shard's rows."""
        first_id, end_id = self._groups[number]
        return " OR ".join(f"{party} BETWEEN {first_id} AND {end_id - 1}" for party in parties)

    def _from_disk(self, name: str, numbers: Iterable[int]) -> str:
        """Return the query of the rows of a table on disk, of some shards."""
        assert self._spilled is not None
        folders = (self._spilled / name / f"shard={number}" for number in numbers)
        files = [file for folder in folders for file in sorted(folder.glob("*.parquet"))]
        return f"FROM {parquet(files)}"

    def _forget(self, connection: Any, number: int, names: set[str]) -> None:
        for name in names:
            connection.execute(f'DROP TABLE "{name}"')
        self._made[number] -= names

    def _columns(self, connection: Any, number: int, query: str) -> Columns:
        """Return the columns of a query, by ``wallet_id``: of this shard's wallets only."""
        first_id, end_id = self._groups[number]
        found = columns_of(connection.sql(query).to_arrow_table())
        wallet_ids = found["wallet_id"]
        is_own = (wallet_ids >= first_id) & (wallet_ids < end_id)
        if is_own.all():
            return found
        return {name: values[is_own] for name, values in found.items()}


def _joined(shards: Sequence[Columns]) -> Columns:
    """Return the columns of all shards, one after another."""
    return {name: np.concatenate([found[name] for found in shards]) for name in shards[0]}
