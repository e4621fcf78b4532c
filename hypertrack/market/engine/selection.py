"""The wallets and the window asked for, on DuckDB: everything, or a part as if it were all.

A part has a schema of its own, in which narrower tables stand in front of the dataset's. What
expressions keep, they keep there; prices and candles are the market's, and seen whole.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import ibis

from hypertrack.market.engine.backend import WHOLE, DuckDBTables, connect
from hypertrack.market.engine.computer import PARTIES, Computer, Finish, as_found, asked_of
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.plans import Build, Columns, Variables
from hypertrack.market.engine.sealed_hours import keep_hours
from hypertrack.market.engine.shards import Part
from hypertrack.market.executions import BY_WALLET, executions
from hypertrack.market.price_lookups import prices_around
from hypertrack.market.prices import last_trades
from hypertrack.records import DataSummary
from hypertrack.store.dataset import Dataset

SCHEMA = "selection"

PREPARED = {"last_trades": last_trades, "prices_around": prices_around}
"""What every part needs of the whole market."""


class DuckDB(Computer):
    """Measures wallets of a dataset on the DuckDB that holds it."""

    @classmethod
    def of(cls, dataset: Dataset) -> "DuckDB":
        """Return what measures a dataset: the same, with all that it keeps, whoever asks."""
        if dataset.measured_by is None:
            dataset.measured_by = cls(dataset)
        found: DuckDB = dataset.measured_by
        return found

    def __init__(self, dataset: Dataset):
        self._dataset = dataset
        keep_hours(dataset)
        self.read: DuckDBTables = connect(dataset)

    @cached_property
    def tables(self) -> DuckDBTables:
        """The tables of the whole dataset, with its ``executions``."""
        everything = self._everything
        if self.read.has("executions"):
            everything.lay_by_wallet("executions", BY_WALLET)
        else:
            everything.gather("executions", _executions)
        return self.read

    def summary(self) -> DataSummary:
        """Return what the dataset holds and what it is known to lack."""
        return self._dataset.summary()

    def prepare(self) -> None:
        """Keep on disk what makes the next call quick."""
        for make in PREPARED.values():
            make(self.read)
        self.read.make(self.read.steps)
        self._dataset.prepare(tuple(PREPARED))

    def measure(
        self,
        at: Variables,
        build: Build,
        *args: Hashable,
        wallet_ids: Sequence[int] | None = None,
        since_ms: int | None = None,
    ) -> list[Columns]:
        """Return what is asked of some wallets and a window (see `Computer`)."""
        if wallet_ids is None and since_ms is None:
            return self.measure_each([at], build, *args)[0]
        with self._narrowed(wallet_ids, since_ms) as part:
            return part.measure_each([at], build, *args)[0]

    def measure_each(
        self,
        windows: Sequence[Variables],
        build: Build,
        *args: Hashable,
        finish: Finish = as_found,
    ) -> list[list[Columns]]:
        """Return what is asked of each window (see `Computer`)."""
        return self._everything.measure_each(windows, build, *args, finish=finish)

    @contextmanager
    def _narrowed(self, wallet_ids: Sequence[int] | None, since_ms: int | None) -> Iterator[Part]:
        """Give a part of the dataset (see `measure`); it is gone afterwards."""
        connection = self.read.connection.cursor()
        try:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
            connection.execute(f"SET search_path = '{SCHEMA},{WHOLE}'")
            _narrow(connection, wallet_ids, since_ms)
            wallets = "true" if wallet_ids is None else "wallet_id IN (FROM asked_wallets)"
            tables = DuckDBTables(connection, self.read, place=SCHEMA)
            part = Part(tables, self._dataset.temporary_folder, wallets)
            yield part
            part.drop()
        finally:
            connection.execute(f"SET search_path = '{WHOLE}'")
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.close()

    @cached_property
    def _everything(self) -> Part:
        """The whole dataset in shards, which keep what is made for any cut."""
        self._dataset.load()
        return Part(self.read, self._dataset.temporary_folder)


def _executions(con: Tables) -> tuple[ibis.Table]:
    return (executions(con),)


def _narrow(connection: Any, wallet_ids: Sequence[int] | None, since_ms: int | None) -> None:
    """Create what is asked for of each table that tells of wallets."""
    ids = [] if wallet_ids is None else list(wallet_ids)
    connection.execute(
        "CREATE TABLE asked_wallets AS SELECT unnest($ids)::INTEGER AS wallet_id", {"ids": ids}
    )
    wallets = None if wallet_ids is None else "FROM asked_wallets"
    for table, parties in PARTIES.items():
        found = f"FROM {WHOLE}.{table} WHERE {asked_of(parties, wallets, since_ms)} ORDER BY ALL"
        connection.execute(f"CREATE TABLE {table} AS {found}")
