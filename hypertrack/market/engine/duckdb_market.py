"""The tables of a dataset in the DuckDB that holds it."""

from collections.abc import Callable, Hashable, Sequence
from functools import cached_property
from typing import Any

from hypertrack.market.arrays import groups_of
from hypertrack.market.engine.duckdb_dialect import DUCKDB, WHOLE, described, set_variables
from hypertrack.market.engine.kept_tables import Lookup, Schemas, Step
from hypertrack.market.engine.market import Finish, Market
from hypertrack.market.engine.plans import Build, Columns, Variables
from hypertrack.market.engine.price_tables import create_prices
from hypertrack.market.engine.sealed_hours import keep_hours
from hypertrack.market.engine.shards import Shards
from hypertrack.market.price_lookups import prices_around
from hypertrack.market.prices import last_trades
from hypertrack.store.dataset import Dataset
from hypertrack.store.parallel import in_parallel
from hypertrack.store.reading.recorded_books import RecordedBooks

ROWS_AT_ONCE = 5_000_000
"""Of the coins that are gone through together, trades, quotes and moments that are asked about: a
few hundred megabytes for each thread, and one group is about as large as another."""

OF_COINS = ("trades", "bbo", "last_trades")
"""What is known of coins, whoever traded them."""

PREPARED = {"last_trades": last_trades, "prices_around": prices_around}
"""What every part needs of the whole market."""


class DuckDBMarket(Market):
    """Tables of a DuckDB; rows by wallet are measured in shards of the wallets."""

    def __init__(self, dataset: Dataset, base: Schemas, whole: "DuckDBMarket | None" = None):
        super().__init__(DUCKDB, base, whole)
        self.connection = dataset.connection
        self.books = RecordedBooks(dataset.connection, dataset.lines)
        self._dataset = dataset
        self._views: set[str] = set()

    @cached_property
    def shards(self) -> Shards:
        """The wallets in shards, which keep what is made for any cut."""
        if self.whole is self:
            self._dataset.load()
        return Shards(self, self.connection, self._dataset.temporary_folder)

    def narrowed(self, base: Schemas) -> "DuckDBMarket":
        """Return tables before these, of a part that is still to be made."""
        return DuckDBMarket(self._dataset, base, self)

    def prepare(self) -> None:
        """Keep on disk what makes the next opening of a large dataset quick."""
        for make in PREPARED.values():
            make(self)
        self.make(self.steps)
        self._dataset.prepare(tuple(PREPARED))

    def answers(self, queries: Sequence[str], at: Variables) -> list[Any]:
        """Return the rows of each query as an Arrow table."""
        set_variables(self.connection, at)
        return [self.connection.sql(query).to_arrow_table() for query in queries]

    def measure_each(
        self,
        windows: Sequence[Variables],
        build: Build,
        *args: Hashable,
        finish: Finish | None = None,
    ) -> list[list[Columns]]:
        """Return what is asked of each window, a shard at a time (see `Market`)."""
        shards = self.shards  # first: what the whole market keeps is made of what they have loaded
        asked = self.ready(windows[0], build, *args, is_sharded=True)
        return shards.measure_each(windows, asked, finish)

    def make_one(self, step: Step, at: Variables) -> None:
        """Make a table or a view; of the whole dataset a few coins or wallets at a time.

        All rows at once, sorted or as arrays, would be more than fits in memory.
        """
        set_variables(self.connection, at)
        rows, is_view = step.query, step.is_view
        if self.whole is self and step.by == "wallet_id":
            rows, is_view = self.shards.gathered(step), True
        elif self.whole is self and step.lookup:
            rows, is_view = self._looked_up(step.name, step.lookup, at), True
        elif self.whole is self and step.by == "coin_id":
            groups = self._coin_groups()
            if len(groups) > 1:
                rows, is_view = self._narrowed_to_coins(step, groups), True
        self.connection.execute(f'CREATE {_kind(is_view)} "{self.prefix}{step.name}" AS {rows}')
        if is_view:
            self._views.add(step.name)

    def drop_one(self, step: Step) -> None:
        """Drop what was made; rows of coins or wallets by which it was made stay until the end."""
        kind = _kind(step.name in self._views)
        self.connection.execute(f'DROP {kind} "{self.prefix}{step.name}"')
        self._views.discard(step.name)

    def close(self) -> None:
        """Drop all that was made of a part."""
        if "shards" in vars(self):
            self.shards.drop()
        super().close()

    def _coin_groups(self, times: str | None = None) -> list[tuple[int, int]]:
        """Return where groups of coins with about `ROWS_AT_ONCE` rows begin and end.

        Args:
            times: Moments that are asked about, which count as rows too.
        """
        counted = ["FROM trades", "FROM bbo", *([] if times is None else [f"FROM ({times})"])]
        rows = " UNION ALL ".join(f"SELECT coin_id {each}" for each in counted)
        found = self.connection.execute(
            f"SELECT coin_id, count(*) AS n FROM ({rows}) GROUP BY coin_id ORDER BY coin_id"
        ).fetchnumpy()
        return groups_of(found["coin_id"], found["n"], ROWS_AT_ONCE)

    def _looked_up(self, name: str, lookup: Lookup, at: Variables) -> str:
        """Make a table of prices a group of coins at a time, and return the query of all of it."""

        def make(cursor: Any, coins: tuple[int, int]) -> None:
            set_variables(cursor, at)
            create_prices(cursor, f'{_schema(cursor, name, coins)}."{name}"', lookup, coins)

        return self._of_all(name, self._coin_groups(lookup.times), make)

    def _narrowed_to_coins(self, step: Step, groups: Sequence[tuple[int, int]]) -> str:
        """Make the rows of each group of coins where there are no others; return their query."""
        there = {*dict(self.base), *self._made}
        known = [each for each in OF_COINS if each in there]

        def make(cursor: Any, coins: tuple[int, int]) -> None:
            schema = _schema(cursor, step.name, coins)
            cursor.execute(f"SET search_path = '{schema},{WHOLE}'")
            for table in known:
                cursor.execute(
                    f"CREATE VIEW {table} AS FROM {WHOLE}.{table} "
                    f"WHERE coin_id >= {coins[0]} AND coin_id < {coins[1]}"
                )
            cursor.execute(f'CREATE TABLE "{step.name}" AS {step.query}')

        return self._of_all(step.name, groups, make)

    def _of_all(
        self,
        name: str,
        groups: Sequence[tuple[int, int]],
        make: Callable[[Any, tuple[int, int]], None],
    ) -> str:
        """Return the query of a table that is made for each group in a schema of its own."""
        in_parallel(self.connection, make, groups)
        return " UNION ALL ".join(f'FROM {name}_{first}."{name}"' for first, _ in groups)


def _schema(cursor: Any, name: str, coins: tuple[int, int]) -> str:
    """Create the schema of some rows of a table, in place of what who was interrupted left."""
    schema = f"{name}_{coins[0]}"
    cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    cursor.execute(f"CREATE SCHEMA {schema}")
    return schema


def _kind(is_view: bool) -> str:
    return "VIEW" if is_view else "TABLE"


def connect(dataset: Dataset) -> DuckDBMarket:
    """Return the tables of a dataset, on its own connection."""
    # Rows on the left are guessed to be few where they are not, and a loop would take hours.
    dataset.connection.execute("SET GLOBAL asof_loop_join_threshold = 0")
    return DuckDBMarket(dataset, described(dataset.connection))


def measured(dataset: Dataset) -> DuckDBMarket:
    """Return the same, with what is kept of its hours and all that was made, whoever asks."""
    if dataset.measured_by is None:
        keep_hours(dataset)
        dataset.measured_by = connect(dataset)
    found: DuckDBMarket = dataset.measured_by
    return found
