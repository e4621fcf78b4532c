"""What is asked of a dataset, computed in shards: some wallets each, one thread each.

Floating-point sums depend on the order of their terms, which threads that share a query deal out
anew at each run. Here a wallet belongs to one shard, which is read by one thread from its trades
on; so the numbers repeat to the bit, however many threads there are.

Few fills stay in memory, and so does what shards make of them, for the next cut. Many are written
to disk once, by shard, and a shard is forgotten as soon as it is measured.
"""

import shutil
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hypertrack.market.engine.backend import (
    DuckDBTables,
    groups_of,
    set_variables,
)
from hypertrack.market.engine.computer import PARTIES, Finish, as_found, columns_of
from hypertrack.market.engine.plans import Build, Columns, Recipe, Variables
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


class Part:
    """The wallets and the window asked for, ready to be measured; drop it after use."""

    def __init__(
        self, tables: DuckDBTables, temporary_folder: Callable[[], Path], wallets: str = "true"
    ):
        """Divide the wallets.

        Args:
            tables: Of the part, or of the whole dataset.
            temporary_folder: Makes one, where fills are too many for memory.
            wallets: SQL condition on ``wallet_id``.
        """
        self._tables, self._connection = tables, tables.connection
        self._temporary_folder = temporary_folder
        self._on_disk: dict[str, set[str]] = {}
        own = tables.place
        self._rows = {"fills": f"SELECT * FROM {own}.{fills(tables).get_name()} WHERE {wallets}"}
        if tables.has("executions"):
            self._rows["executions"] = f"FROM {own}.executions"
        tables.make(tables.steps)
        self._groups, self._spilled = self._divide()
        self._made: list[set[str]] = [set() for _ in self._groups]
        for number, (first_id, end_id) in enumerate(self._groups):
            self._connection.execute(f"CREATE SCHEMA {own}_{number}")
            are_own = f"wallet_id BETWEEN {first_id} AND {end_id - 1}"
            for name, rows in () if self._spilled else self._rows.items():
                self._connection.execute(
                    f"CREATE VIEW {own}_{number}.{name} AS SELECT * FROM ({rows}) WHERE {are_own}"
                )

    def measure_each(
        self,
        windows: Sequence[Variables],
        build: Build,
        *args: Hashable,
        finish: Finish = as_found,
    ) -> list[list[Columns]]:
        """Return what is asked of each window: a row per ``wallet_id`` and else floats each.

        A shard makes what it keeps once for all windows, and finishes what it found of its wallets.
        """
        asked = self._tables.ready(windows[0], build, *args, is_sharded=True)
        self._spill(asked)

        def run(connection: Any, number: int) -> list[list[Columns]]:
            set_variables(connection, windows[0])
            before = set(self._made[number])
            self._make(connection, number, asked)
            found = []
            for nth, at in enumerate(windows):
                set_variables(connection, at)
                columns = [self._columns(connection, number, each) for each in asked.queries]
                found.append(finish(nth, columns))
            if self._spilled:
                self._forget(connection, number, self._made[number] - before)
            return found

        by_window = zip(*self._in_shards(run), strict=True)
        return [[_joined(each) for each in zip(*found, strict=True)] for found in by_window]

    def gather(self, name: str, build: Build) -> None:
        """Let the tables of the part have one that all shards keep, as ``build`` asks for it."""
        asked = self._tables.ready({}, build, is_sharded=True)
        self._spill(asked)

        def make(connection: Any, number: int) -> None:
            self._make(connection, number, asked)
            if self._spilled:  # the fills lie on disk, and what was gathered takes their place
                self._forget(connection, number, {"fills"})

        self._in_shards(make)
        tables = [f'FROM {self._tables.place}_{n}."{name}"' for n in range(len(self._groups))]
        self._connection.execute(f'CREATE VIEW "{name}" AS {" UNION ALL ".join(tables)}')
        self._tables.know(name)

    def lay_by_wallet(self, name: str, laid: str) -> None:
        """Let the part have a table whose rows lie by shard, where the shards are on disk.

        Args:
            name: Of the table that it holds the rows of.
            laid: Its own name.
        """
        if self._spilled is None or name not in self._rows:
            return
        self._put_on_disk(name, self._columns_in(self._rows[name]))
        files = [file for n in range(len(self._groups)) for file in self._files(name, n)]
        self._connection.execute(f'CREATE VIEW "{laid}" AS FROM {parquet(files)}')
        self._tables.know(laid)

    def drop(self) -> None:
        """Forget everything that was made for this part alone."""
        for name in ("spill", *range(len(self._groups))):
            self._connection.execute(f"DROP SCHEMA IF EXISTS {self._tables.place}_{name} CASCADE")
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
            self._number_shards(groups)
            return groups, self._temporary_folder()
        n_worth_it = min(n_fills // FILLS_WORTH_A_SHARD, N_SHARDS_WORTH_IT)
        n_shards = max(-(-n_fills // FILLS_PER_SHARD), n_worth_it, 1)
        return groups_of(found["wallet_id"], found["n"], n_fills / n_shards or 1), None

    def _number_shards(self, groups: Sequence[tuple[int, int]]) -> None:
        """Let each wallet have the number of its shard."""
        begins = [first_id for first_id, _ in groups]
        schema = f"{self._tables.place}_spill"
        self._connection.execute(
            f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.shard_of AS SELECT wallet_id, "
            f"len(list_filter({begins}, lambda id: id <= wallet_id)) - 1 AS shard FROM wallets"
        )

    def _spill(self, asked: Recipe) -> None:
        """Write to disk what is asked of rows that are there neither in memory nor on disk."""
        if self._spilled is None:
            return
        for name, rows in self._rows.items():
            asking = " ".join(query for query in _queries(asked) if f'"{name}"' in query)
            named = {column for column in self._columns_in(rows) if f'"{column}"' in asking}
            if asking:
                self._put_on_disk(name, named | {"wallet_id", "time_ms"})

    def _columns_in(self, rows: str) -> set[str]:
        return {name for name, *_ in self._connection.execute(f"DESCRIBE {rows}").fetchall()}

    def _put_on_disk(self, name: str, columns: set[str]) -> None:
        """Write columns of a table to disk, and those that are there again, unless all are."""
        assert self._spilled is not None
        known = self._on_disk.get(name, set())
        if not known.issuperset(columns):
            shutil.rmtree(self._spilled / name, ignore_errors=True)
            self._on_disk[name] = known | columns
            asked = ", ".join(sorted(known | columns))
            self._write(name, f"SELECT {asked} FROM ({self._rows[name]})")

    def _write(self, name: str, rows: str) -> None:
        """Write rows to a folder per shard, a file per slice of time."""
        assert self._spilled is not None
        place, schema = self._spilled / name, f"{self._tables.place}_spill"
        place.mkdir()
        bounds = "SELECT min(time_ms), max(time_ms) + 1 FROM trades"
        first_ms, end_ms = self._connection.execute(bounds).fetchall()[0]
        edges = np.linspace(first_ms, end_ms, self._n_slices + 1).astype(np.int64)

        def write(connection: Any, slice_: int) -> None:
            connection.execute(f"SET search_path = '{self._tables.path}'")
            connection.execute(
                f"COPY (SELECT rows.*, shard FROM ({rows}) AS rows JOIN {schema}.shard_of "
                f"USING (wallet_id) WHERE time_ms >= {edges[slice_]} "
                f"AND time_ms < {edges[slice_ + 1]}) TO {quoted(place)} (FORMAT parquet, "
                f"COMPRESSION lz4_raw, PARTITION_BY (shard), OVERWRITE_OR_IGNORE, "
                f"FILENAME_PATTERN '{slice_:06}_{{i}}')"
            )

        in_parallel(self._connection, write, range(self._n_slices))

    def _in_shards(self, run: Any) -> list[Any]:
        def there(connection: Any, number: int) -> Any:
            path = f"{self._tables.place}_{number},{self._tables.path}"
            connection.execute(f"SET search_path = '{path}'")
            return run(connection, number)

        return in_parallel(self._connection, there, range(len(self._groups)))

    def _make(self, connection: Any, number: int, asked: Recipe) -> None:
        """Make a shard's tables that are not there yet."""
        named = _queries(asked)
        chains = [name for name in CHAINS if any(f'"{name}"' in query for query in named)]
        queries = {name: self._of_chain(name, number) for name in chains}
        queries |= {name: self._from_disk(name, number) for name in self._on_disk}
        queries |= {step.name: step.query for step in asked.shard}
        for name, query in queries.items():
            if name not in self._made[number]:
                connection.execute(f'CREATE TABLE "{name}" AS {query}')
                self._made[number].add(name)

    def _of_chain(self, name: str, number: int) -> str:
        """Return the query of what a shard's wallets, and not all of the part, did on a chain.

        Made once: half a dozen features read it, and each would go through what all wallets did.
        """
        first_id, end_id = self._groups[number]
        are_own = " OR ".join(
            f"{party} BETWEEN {first_id} AND {end_id - 1}" for party in PARTIES[name]
        )
        return f"FROM {self._tables.place}.{name} WHERE {are_own}"

    def _from_disk(self, name: str, number: int) -> str:
        """Return the query of a shard's rows of a table on disk."""
        return f"FROM {parquet(self._files(name, number))}"

    def _files(self, name: str, number: int) -> list[Path]:
        assert self._spilled is not None
        return sorted((self._spilled / name / f"shard={number}").glob("*.parquet"))

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


def _queries(asked: Recipe) -> list[str]:
    """Return all that shards are asked for and make for it."""
    return [*(step.query for step in asked.shard), *asked.queries]


def _joined(shards: Sequence[Columns]) -> Columns:
    """Return the columns of all shards, one after another."""
    return {name: np.concatenate([found[name] for found in shards]) for name in shards[0]}
