"""The feature engine: a dataset and a cut in, one row of numbers per wallet out."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.errors import ConfigError
from hypertrack.features.candles import candle_matches
from hypertrack.features.counts import activity
from hypertrack.features.definition import Feature, Scope, Source
from hypertrack.features.registry import ALIASES, select
from hypertrack.market.engine.selection import DuckDB
from hypertrack.market.engine.shards import Columns
from hypertrack.records import DAY_MS, SYSTEM_WALLETS
from hypertrack.store.dataset import Dataset
from hypertrack.store.summary import MIN_OBSERVED_MS, observed_ms

COUNTS: dict[Source, dict[str, ibis.Deferred]] = {
    activity: {
        "n_seen": _.count(),
        "n_executions": _.n_executions.sum(),
        "n_fills": _.n_fills.sum(),
        "first_seen_ms": _.time_ms.min(),
        "last_seen_ms": _.time_ms.max(),
    },
    candle_matches: {"n_candle_matches": _.count()},
}
"""What the matrix says of every wallet beside its features."""


class Measured(Protocol):
    """Some wallets and a window of a dataset, ready to be measured.

    Attributes:
        plan: Ibis backend that features are expressed on.
    """

    plan: Any

    def measure(self, queries: Sequence[ibis.Table]) -> list[Columns]:
        """Return the columns of each query, which has a row per ``wallet_id`` and else floats."""


class Computer(Protocol):
    """What runs the expressions: DuckDB, or Spark."""

    def wallets(self) -> NDArray[np.object_]:
        """Return the addresses of all wallets, by id."""

    def span_ms(
        self, since_ms: int | None = None, until_ms: int | None = None, *, has_self: bool = False
    ) -> tuple[int, int] | None:
        """Return the times of the first and the last trade of a window; None without any.

        Args:
            since_ms: Of the window; from the beginning where None.
            until_ms: Its exclusive end; to the end where None.
            has_self: Whether trades of a wallet with itself count.
        """

    @property
    def kept(self) -> list[str]:
        """Names of the tables that are there for the whole dataset."""

    def prepare(self) -> None:
        """Keep on disk what makes the next call quick, where that is of use."""

    def part(
        self, wallet_ids: Sequence[int] | None, since_ms: int | None
    ) -> AbstractContextManager[Measured]:
        """Give the wallets and the window asked for; everything where both are None."""


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of all wallets seen before a cut, by ascending wallet id."""

    wallet_ids: NDArray[np.int32]
    wallets: tuple[str, ...]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    """``[wallets, features]``; base: never NaN, 0 is no data; extended: NaN where undefined."""
    n_executions: NDArray[np.int64]
    n_fills: NDArray[np.int64]
    n_candle_matches: NDArray[np.int64]
    first_seen_ms: NDArray[np.int64]
    last_seen_ms: NDArray[np.int64]
    start_ms: int
    """Of the window; ``end_ms`` is exclusive."""
    end_ms: int
    observed_days: float

    def column(self, name: str) -> NDArray[np.float64]:
        """Return one feature, ``[wallets]``; aliases are understood."""
        names = self.names
        return self.values[:, names.index(name if name in names else ALIASES.get(name, name))]


class FeatureEngine:
    """Computes features of one dataset at any cut.

    Attributes:
        dataset: What is computed from.
        start_ms: Time of the first trade.
        end_ms: One after the time of the last trade.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: FeatureSettings,
        fees: FeeSettings,
        computer: Computer | None = None,
    ):
        """Take what computes: DuckDB where None."""
        self._duckdb = DuckDB(dataset)
        self._computer = computer or self._duckdb
        self.dataset = dataset
        self.settings = settings
        self.fees = fees
        first_ms, last_ms = self._computer.span_ms() or (0, -1)
        self.start_ms = first_ms
        self.end_ms = last_ms + 1
        self._wallets = self._computer.wallets()

    @property
    def backend(self) -> Any:
        """Ibis over the whole dataset on DuckDB, with its ``executions``."""
        return self._duckdb.backend

    @property
    def kept(self) -> list[str]:
        """Names of the tables that are there for the whole dataset: its own, and prepared ones."""
        return self._computer.kept

    @property
    def n_wallets(self) -> int:
        """Wallets of the whole dataset; ids run from 0."""
        return len(self._wallets)

    @property
    def wallets(self) -> tuple[str, ...]:
        """Addresses of all wallets of the dataset, by id."""
        return tuple(self._wallets)

    def prepare(self) -> None:
        """Keep on disk what makes the next opening of a large dataset quick."""
        self._computer.prepare()

    def matrix(
        self,
        *,
        since_ms: int | None = None,
        until_ms: int | None = None,
        wallets: Sequence[str] | None = None,
        names: Sequence[str] | None = None,
    ) -> FeatureMatrix:
        """Return the features of every wallet that traded or used HyperEVM.

        Args:
            since_ms: Only what wallets did then or later is used, as if all had been flat before;
                prices may be older. None uses the whole dataset.
            until_ms: Cut: only what happened before it is used, as if nothing later had been
                recorded. None uses the whole dataset.
            wallets: Addresses whose rows are wanted, computed without the others; those not seen
                have none. None takes all.
            names: Features in the order wanted; None takes the groups of the settings.

        Raises:
            ConfigError: An unknown feature, or a window without time in it.
        """
        if since_ms is not None and since_ms >= (self.end_ms if until_ms is None else until_ms):
            raise ConfigError("the window ends before it begins: choose an earlier start")
        features = select(self.settings.groups, names)
        asked = None if wallets is None else np.isin(self._wallets, list(wallets))
        wallet_ids = None if asked is None else np.flatnonzero(asked).tolist()
        with self._computer.part(wallet_ids, since_ms) as part:
            columns, scope = self._columns(part, features, since_ms, until_ms)
        is_row = (columns["n_seen"] > 0) & ~np.isin(self._wallets, SYSTEM_WALLETS)
        seen = np.flatnonzero(is_row if asked is None else is_row & asked)
        in_order = tuple(names or (each.name for each in features))
        return self._matrix(seen, columns, in_order, scope)

    def _columns(
        self,
        part: Measured,
        features: Sequence[Feature],
        since_ms: int | None,
        until_ms: int | None,
    ) -> tuple[Columns, Scope]:
        """Return features and counts over all wallets of the dataset."""
        scope = self._scope(part.plan, since_ms, until_ms)
        by_source: dict[Source, list[Feature]] = {activity: []}
        for each in features:
            by_source.setdefault(each.source, []).append(each)
        found = part.measure([_aggregate(*asked, scope) for asked in by_source.items()])
        columns: Columns = {}
        for asked, numbers in zip(by_source.values(), found, strict=True):
            columns |= self._spread(numbers, asked)
        # Every execution's minute has a candle: built from trades where none was recorded.
        columns.setdefault("n_candle_matches", columns["n_executions"])
        return columns, scope

    def _matrix(
        self,
        seen: NDArray[np.intp],
        columns: Columns,
        names: tuple[str, ...],
        scope: Scope,
    ) -> FeatureMatrix:
        return FeatureMatrix(
            wallet_ids=seen.astype(np.int32),
            wallets=tuple(self._wallets[seen]),
            names=names,
            values=_stacked([columns[ALIASES.get(name, name)][seen] for name in names], len(seen)),
            n_executions=columns["n_executions"][seen].astype(np.int64),
            n_fills=columns["n_fills"][seen].astype(np.int64),
            n_candle_matches=columns["n_candle_matches"][seen].astype(np.int64),
            first_seen_ms=columns["first_seen_ms"][seen].astype(np.int64),
            last_seen_ms=columns["last_seen_ms"][seen].astype(np.int64),
            start_ms=scope.start_ms,
            end_ms=scope.end_ms,
            observed_days=scope.observed_days,
        )

    def _scope(self, con: Any, since_ms: int | None, until_ms: int | None) -> Scope:
        """Return what features may look at."""
        return Scope(
            con=con,
            start_ms=self.start_ms if since_ms is None else max(since_ms, self.start_ms),
            end_ms=self.end_ms if until_ms is None else until_ms,
            until_ms=until_ms,
            observed_days=self._observed_days(since_ms, until_ms),
            fees=self.fees,
        )

    def _observed_days(self, since_ms: int | None, until_ms: int | None) -> float:
        """Return the observed days of a window: without a ledger, from first to last trade."""
        length_ms = observed_ms(self.dataset.connection, since_ms, until_ms)
        if length_ms is None:
            first_ms, last_ms = self._computer.span_ms(since_ms, until_ms, has_self=True) or (0, 0)
            length_ms = last_ms - first_ms
        return max(length_ms, MIN_OBSERVED_MS) / DAY_MS

    def _spread(self, found: Columns, features: Sequence[Feature]) -> Columns:
        """Return columns over all wallets of the dataset, with each feature's missing value."""
        wallet_ids = found.pop("wallet_id").astype(np.int64)
        missing = {each.name: each.missing for each in features}
        columns = {}
        for name, values in found.items():
            absent = missing.get(name, 0.0)
            column = np.full(len(self._wallets), absent)
            column[wallet_ids] = np.where(np.isnan(values), absent, values)
            columns[name] = column
        return columns


def _stacked(columns: list[NDArray[np.float64]], n_rows: int) -> NDArray[np.float64]:
    return np.stack(columns, axis=1) if columns else np.empty((n_rows, 0))


def _aggregate(source: Source, features: Sequence[Feature], scope: Scope) -> ibis.Table:
    """Return the features of one prepared table, one pass over it, by ``wallet_id``."""
    rows = source(scope)
    numbers = COUNTS.get(source, {}) | {each.name: each(rows) for each in features}
    numbers = {name: number.cast("float64") for name, number in numbers.items()}
    return rows.group_by("wallet_id").aggregate(**numbers)
