"""The wallets and the window asked for, on DuckDB: everything, or a part as if it were all.

A part has a schema of its own, in which narrower tables stand in front of the dataset's. What
expressions keep, they keep there; prices and candles are the market's, and seen whole.
"""

from collections.abc import Hashable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import ibis
import numpy as np
from numpy.typing import NDArray

from hypertrack.market.engine.backend import WHOLE, DuckDBTables, connect
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.plans import Build, Columns, Variables
from hypertrack.market.engine.sealed_hours import keep_hours
from hypertrack.market.engine.shards import PARTIES, Part
from hypertrack.market.executions import executions
from hypertrack.market.price_lookups import prices_around
from hypertrack.market.prices import last_trades
from hypertrack.records import DataSummary
from hypertrack.store.dataset import Dataset

SCHEMA = "selection"

PREPARED = {"last_trades": last_trades, "prices_around": prices_around}
"""What every part needs of the whole market."""


class DuckDB:
    """Measures wallets of a dataset on the DuckDB that holds it."""

    def __init__(self, dataset: Dataset):
        self._dataset = dataset

    @cached_property
    def tables(self) -> DuckDBTables:
        """The tables of the whole dataset, with its ``executions``."""
        everything = self._everything
        if not self._connected.has("executions"):
            everything.gather("executions", _executions)
        return self._connected

    def wallets(self) -> NDArray[np.object_]:
        """Return the addresses of all wallets, by id."""
        found = self._dataset.connection.execute("SELECT wallet FROM wallets ORDER BY wallet_id")
        return np.array([wallet for (wallet,) in found.fetchall()], dtype=object)

    def span_ms(
        self, since_ms: int | None = None, until_ms: int | None = None, *, has_self: bool = False
    ) -> tuple[int, int] | None:
        """Return the times of the first and the last trade (see `Computer`)."""
        statement = span_query(since_ms, until_ms, has_self=has_self)
        first, last = self._dataset.connection.execute(statement).fetchall()[0]
        return None if first is None else (first, last)

    def summary(self) -> DataSummary:
        """Return what the dataset holds and what it is known to lack."""
        return self._dataset.summary()

    def prepare(self) -> None:
        """Keep on disk what makes the next call quick."""
        for make in PREPARED.values():
            make(self._connected)
        self._connected.make(self._connected.steps)
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
            return self._everything.measure(at, build, *args)
        with self._narrowed(wallet_ids, since_ms) as part:
            return part.measure(at, build, *args)

    def measure_each(
        self, windows: Sequence[Variables], build: Build, *args: Hashable
    ) -> list[list[Columns]]:
        """Return what is asked of each window (see `Computer`)."""
        return self._everything.measure_each(windows, build, *args)

    @contextmanager
    def _narrowed(self, wallet_ids: Sequence[int] | None, since_ms: int | None) -> Iterator[Part]:
        """Give a part of the dataset; it is gone afterwards.

        Args:
            wallet_ids: The wallets whose rows are complete; others may have some. All where None.
            since_ms: Nothing that a wallet did earlier is there. Everything where None.
        """
        connection = self._connected.connection.cursor()
        try:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
            connection.execute(f"SET search_path = '{SCHEMA},{WHOLE}'")
            _narrow(connection, wallet_ids, since_ms)
            wallets = "true" if wallet_ids is None else "wallet_id IN (FROM asked_wallets)"
            tables = DuckDBTables(connection, self._connected, place=SCHEMA)
            part = Part(tables, SCHEMA, self._dataset.temporary_folder, wallets)
            yield part
            part.drop()
        finally:
            connection.execute(f"SET search_path = '{WHOLE}'")
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.close()

    @cached_property
    def _connected(self) -> DuckDBTables:
        keep_hours(self._dataset)
        return connect(self._dataset)

    @cached_property
    def _everything(self) -> Part:
        """The whole dataset in shards, which keep what is made for any cut."""
        tables = self._connected
        self._dataset.load()
        return Part(tables, "whole", self._dataset.temporary_folder)


def _executions(con: Tables) -> tuple[ibis.Table]:
    return (executions(con),)


def span_query(since_ms: int | None, until_ms: int | None, *, has_self: bool) -> str:
    """Return the query of the first and the last time in ``trades``, for any engine."""
    conditions = ["true"] if has_self else ["buyer_id <> seller_id"]
    conditions += [] if since_ms is None else [f"time_ms >= {since_ms}"]
    conditions += [] if until_ms is None else [f"time_ms < {until_ms}"]
    return f"SELECT min(time_ms), max(time_ms) FROM trades WHERE {' AND '.join(conditions)}"


def _narrow(connection: Any, wallet_ids: Sequence[int] | None, since_ms: int | None) -> None:
    """Create what is asked for of each table that tells of wallets."""
    ids = [] if wallet_ids is None else list(wallet_ids)
    connection.execute(
        "CREATE TABLE asked_wallets AS SELECT unnest($ids)::INTEGER AS wallet_id", {"ids": ids}
    )
    for table, parties in PARTIES.items():
        conditions = [] if since_ms is None else [f"time_ms >= {since_ms}"]
        if wallet_ids is not None:
            asked = (f"{party} IN (FROM asked_wallets)" for party in parties)
            conditions.append(f"({' OR '.join(asked)})")
        chosen = " AND ".join(conditions) or "true"
        found = f"FROM {WHOLE}.{table} WHERE {chosen} ORDER BY ALL"
        connection.execute(f"CREATE TABLE {table} AS {found}")
