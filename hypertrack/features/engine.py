"""The feature engine: a dataset and a cut in, one row of numbers per wallet out."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.errors import ConfigError
from hypertrack.features.candles import candle_matches
from hypertrack.features.counts import activity
from hypertrack.features.definition import Feature, Scope, Source
from hypertrack.features.names import ALIASES
from hypertrack.features.registry import select
from hypertrack.market.engine.duckdb_market import measured
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Build, Columns, Variables, variable
from hypertrack.records import DAY_MS, SYSTEM_WALLETS, DataSummary
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


FACTS = ("n_executions", "n_fills", "n_candle_matches", "first_seen_ms", "last_seen_ms")
"""What a matrix tells of its wallets beside their features."""


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

    def take(self, rows: NDArray[np.bool_]) -> "FeatureMatrix":
        """Return some of the wallets."""
        columns = ("wallet_ids", "values", *FACTS)
        return replace(
            self,
            wallets=tuple(self.wallets[row] for row in np.flatnonzero(rows).tolist()),
            **{name: getattr(self, name)[rows] for name in columns},
        )


class FeatureEngine:
    """Computes features of one dataset at any cut.

    Attributes:
        dataset: What is computed from.
        backend: The tables of the whole dataset, which compute.
        start_ms: Time of the first trade.
        end_ms: One after the time of the last trade.
    """

    def __init__(
        self,
        dataset: Dataset,
        settings: FeatureSettings,
        fees: FeeSettings,
        backend: Market | None = None,
    ):
        """Take what computes: DuckDB where None."""
        self.dataset = dataset
        self.backend = backend or measured(dataset)
        self.settings = settings
        self.fees = fees
        first_ms, last_ms = self.backend.span_ms() or (0, -1)
        self.start_ms = first_ms
        self.end_ms = last_ms + 1
        self._wallets = self.backend.wallets()

    @property
    def n_wallets(self) -> int:
        """Wallets of the whole dataset; ids run from 0."""
        return len(self._wallets)

    @property
    def wallets(self) -> tuple[str, ...]:
        """Addresses of all wallets of the dataset, by id."""
        return tuple(self._wallets)

    def summary(self) -> DataSummary:
        """Return what the dataset holds and what it is known to lack."""
        return self.dataset.summary(self.backend.row)

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
        features = tuple(select(self.settings.groups, names))
        window = self._window(since_ms, until_ms)
        wallet_ids = self._ids(wallets)
        asked = _queries, features, until_ms is not None, self.fees
        with self.backend.only(wallet_ids, since_ms) as part:
            (found,) = part.measure_each([window], *asked)
        return self._matrix(found, features, window, names, wallet_ids)

    def ask(
        self,
        build: Build,
        *args: Hashable,
        wallets: Sequence[str] | None = None,
        since_ms: int | None = None,
        until_ms: int | None = None,
    ) -> list[Columns]:
        """Return what ``build(tables, *args)`` asks of some wallets and a window.

        Each with a column ``wallet_id``; the window's ``start_ms`` and ``end_ms`` are `variable`s.

        Args:
            build: The same of the same arguments always.
            wallets: As for `matrix`; so are the others.
        """
        window = self._window(since_ms, until_ms)
        with self.backend.only(self._ids(wallets), since_ms) as part:
            (found,) = part.measure_each([window], build, *args)
        return found

    def matrices(self, cuts_ms: Sequence[int]) -> list[FeatureMatrix]:
        """Return the matrix of the whole dataset at each cut, as `matrix` would.

        What does not depend on the cut is made once for all of them, however large it is.
        """
        features = tuple(select(self.settings.groups))
        windows = [self._window(None, cut_ms) for cut_ms in cuts_ms]
        each = self.backend.measure_each(windows, _queries, features, True, self.fees)
        return [
            self._matrix(found, features, window)
            for window, found in zip(windows, each, strict=True)
        ]

    def _ids(self, wallets: Sequence[str] | None) -> list[int] | None:
        """Return the ids of the wallets of the dataset that are named; None for all."""
        if wallets is None:
            return None
        ids: list[int] = np.flatnonzero(np.isin(self._wallets, list(wallets))).tolist()
        return ids

    def _columns(self, features: Sequence[Feature], found: Sequence[Columns]) -> Columns:
        """Return features and counts over all wallets, with each feature's missing value."""
        missing = {each.name: each.missing for each in features}
        columns: Columns = {}
        for numbers in found:
            wallet_ids = numbers.pop("wallet_id").astype(np.int64)
            for name, values in numbers.items():
                absent = missing.get(name, 0.0)
                columns[name] = np.full(self.n_wallets, absent)
                columns[name][wallet_ids] = np.where(np.isnan(values), absent, values)
        # Every execution's minute has a candle: built from trades where none was recorded.
        columns.setdefault("n_candle_matches", columns["n_executions"])
        return columns

    def _matrix(
        self,
        found: Sequence[Columns],
        features: Sequence[Feature],
        window: Variables,
        names: Sequence[str] | None = None,
        wallet_ids: Sequence[int] | None = None,
    ) -> FeatureMatrix:
        """Return what was measured, of the wallets that are somebody and were seen."""
        columns = self._columns(features, found)
        is_row = (columns["n_seen"] > 0) & ~np.isin(self._wallets, SYSTEM_WALLETS)
        if wallet_ids is not None:
            is_row &= np.isin(np.arange(len(is_row)), wallet_ids)
        seen = np.flatnonzero(is_row)
        names = tuple(names or (each.name for each in features))
        return FeatureMatrix(
            wallet_ids=seen.astype(np.int32),
            wallets=tuple(self._wallets[seen]),
            names=names,
            values=_stacked([columns[ALIASES.get(name, name)][seen] for name in names], len(seen)),
            start_ms=window["start_ms"],
            end_ms=window["end_ms"],
            observed_days=window["observed_ms"] / DAY_MS,
            **{name: columns[name][seen].astype(np.int64) for name in FACTS},
        )

    def _window(self, since_ms: int | None, until_ms: int | None) -> Variables:
        """Return what features may look at."""
        return {
            "start_ms": self.start_ms if since_ms is None else max(since_ms, self.start_ms),
            "end_ms": self.end_ms if until_ms is None else until_ms,
            "observed_ms": self._observed_ms(since_ms, until_ms),
        }

    def _observed_ms(self, since_ms: int | None, until_ms: int | None) -> int:
        """Return how long a window was observed: without a ledger, from first to last trade."""
        length_ms = observed_ms(self.dataset.connection, since_ms, until_ms)
        if length_ms is None:
            first_ms, last_ms = self.backend.span_ms(since_ms, until_ms, has_self=True) or (0, 0)
            length_ms = last_ms - first_ms
        return max(length_ms, MIN_OBSERVED_MS)


def _stacked(columns: list[NDArray[np.float64]], n_rows: int) -> NDArray[np.float64]:
    return np.stack(columns, axis=1) if columns else np.empty((n_rows, 0))


def _by_source(features: Sequence[Feature]) -> dict[Source, list[Feature]]:
    by_source: dict[Source, list[Feature]] = {activity: []}
    for each in features:
        by_source.setdefault(each.source, []).append(each)
    return by_source


def _queries(
    con: Tables, features: Sequence[Feature], is_cut: bool, fees: FeeSettings
) -> list[ibis.Table]:
    """Return the features of each prepared table; any window is set when they run."""
    end_ms = variable("end_ms")
    scope = Scope(
        con=con,
        start_ms=variable("start_ms"),
        end_ms=end_ms,
        until_ms=end_ms if is_cut else None,
        observed_days=variable("observed_ms") / DAY_MS,
        fees=fees,
    )
    return [_aggregate(*asked, scope) for asked in _by_source(features).items()]


def _aggregate(source: Source, features: Sequence[Feature], scope: Scope) -> ibis.Table:
    """Return the features of one prepared table, one pass over it, by ``wallet_id``."""
    rows = source(scope)
    numbers = COUNTS.get(source, {}) | {each.name: each(rows) for each in features}
    numbers = {name: number.cast("float64") for name, number in numbers.items()}
    return rows.group_by("wallet_id").aggregate(**numbers)
