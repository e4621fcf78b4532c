"""The feature engine: a dataset and a cut in, one row of numbers per wallet out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.backend import connect
from hypertrack.features.candles import candle_matches
from hypertrack.features.counts import activity
from hypertrack.features.definition import Feature, Scope, Source
from hypertrack.features.executions import executions
from hypertrack.features.registry import ALIASES, select
from hypertrack.store.dataset import Dataset
from hypertrack.store.summary import observed_days

Columns = dict[str, NDArray[Any]]

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

NO_WALLET = "0x" + "0" * 40
"""Where tokens are minted from and burnt to: an address, nobody's wallet."""


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
        backend: Ibis over the dataset; holds the ``executions`` table.
        start_ms: Time of the first trade.
        end_ms: One after the time of the last trade.
    """

    def __init__(self, dataset: Dataset, settings: FeatureSettings, fees: FeeSettings):
        self.dataset = dataset
        self.settings = settings
        self.fees = fees
        self.backend: Any = connect(dataset)
        with self.backend.in_order():
            executed = executions(self.backend)
        span = executed.aggregate(first=_.time_ms.min(), last=_.time_ms.max()).to_pyarrow()
        first, last = span["first"][0].as_py(), span["last"][0].as_py()
        self.start_ms: int = 0 if first is None else first
        self.end_ms: int = 0 if last is None else last + 1
        known = dataset.connection.execute("SELECT wallet FROM wallets ORDER BY wallet_id")
        self._wallets = np.array([wallet for (wallet,) in known.fetchall()], dtype=object)

    @property
    def n_wallets(self) -> int:
        """Wallets of the whole dataset; ids run from 0."""
        return len(self._wallets)

    def matrix(
        self, *, until_ms: int | None = None, names: Sequence[str] | None = None
    ) -> FeatureMatrix:
        """Return the features of every wallet that traded or used HyperEVM.

        Args:
            until_ms: Cut: only what happened before it is used, as if nothing later had been
                recorded. None uses the whole dataset.
            names: Features in the order wanted; None takes the groups of the settings.

        Raises:
            ConfigError: An unknown feature.
        """
        features = select(self.settings.groups, names)
        scope = self.scope(until_ms)
        by_source: dict[Source, list[Feature]] = {activity: [], candle_matches: []}
        for each in features:
            by_source.setdefault(each.source, []).append(each)
        columns: Columns = {}
        for source, asked in by_source.items():
            columns |= self._spread(_aggregate(source, asked, scope), asked)
        seen = np.flatnonzero((columns["n_seen"] > 0) & (self._wallets != NO_WALLET))
        return FeatureMatrix(
            wallet_ids=seen.astype(np.int32),
            wallets=tuple(self._wallets[seen]),
            names=tuple(names or (each.name for each in features)),
            values=_stacked([columns[each.name][seen] for each in features], len(seen)),
            n_executions=columns["n_executions"][seen].astype(np.int64),
            n_fills=columns["n_fills"][seen].astype(np.int64),
            n_candle_matches=columns["n_candle_matches"][seen].astype(np.int64),
            first_seen_ms=columns["first_seen_ms"][seen].astype(np.int64),
            last_seen_ms=columns["last_seen_ms"][seen].astype(np.int64),
            start_ms=scope.start_ms,
            end_ms=scope.end_ms,
            observed_days=scope.observed_days,
        )

    def scope(self, until_ms: int | None = None) -> Scope:
        """Return what features may look at before a cut."""
        return Scope(
            con=self.backend,
            start_ms=self.start_ms,
            end_ms=self.end_ms if until_ms is None else until_ms,
            until_ms=until_ms,
            observed_days=observed_days(self.dataset.connection, until_ms),
            fees=self.fees,
        )

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


def _aggregate(source: Source, features: Sequence[Feature], scope: Scope) -> Columns:
    """Return the features of one prepared table, one pass over it, by ``wallet_id``."""
    rows = source(scope)
    numbers = COUNTS.get(source, {}) | {each.name: each(rows) for each in features}
    numbers = {name: number.cast("float64") for name, number in numbers.items()}
    aggregated = rows.group_by("wallet_id").aggregate(**numbers)
    with scope.con.in_order():
        found = aggregated.to_pyarrow()
    return {name: found[name].to_numpy() for name in found.column_names}
