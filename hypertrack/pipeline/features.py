"""The features command: the matrix of a dataset, written, described, or checked for leaks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, NotEnoughDataError
from hypertrack.files import TABLE_SUFFIXES, require_writable
from hypertrack.pipeline.places import open_engine, open_past, require_data
from hypertrack.records import CutCheck

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.features.distribution import Distribution
    from hypertrack.features.engine import FeatureMatrix

__all__ = [
    "Distribution",
    "FeatureQuery",
    "check_leakage",
    "describe_features",
    "export_features",
]


@dataclass(frozen=True)
class FeatureQuery:
    """What is asked for; None is everything. The window is ``[since_ms, until_ms)``."""

    names: Sequence[str] | None = None
    wallets: Sequence[str] | None = None
    since_ms: int | None = None
    until_ms: int | None = None

    def check(self) -> None:
        """Refuse unknown features, and a window that holds no time, before anything is opened.

        Raises:
            ConfigError: There is one, or it does not.
        """
        from hypertrack.features.names import require_known

        require_known(self.names or ())
        if self.since_ms is None or self.until_ms is None:
            return
        if self.since_ms >= self.until_ms:
            raise ConfigError("the window ends before it begins: choose an earlier start")


def export_features(settings: Settings, file: Path, query: FeatureQuery | None = None) -> int:
    """Write the feature matrix, first column ``wallet``; return the number of wallets.

    Args:
        file: ``.parquet`` or ``.csv``.
        query: Only a part; everything where None.
    """
    query = query or FeatureQuery()
    query.check()
    require_data(settings)
    require_writable(file, TABLE_SUFFIXES)
    from hypertrack.features.export import write_features

    matrix = _matrix(settings, query)
    write_features(matrix, file)
    return len(matrix.wallets)


def describe_features(
    settings: Settings, query: FeatureQuery | None = None
) -> "tuple[int, tuple[Distribution, ...]]":
    """Return the number of wallets, and what each feature is and how it is distributed."""
    query = query or FeatureQuery()
    query.check()
    require_data(settings)
    from hypertrack.features.distribution import distributions

    matrix = _matrix(settings, query)
    return len(matrix.wallets), distributions(matrix)


def _matrix(settings: Settings, query: FeatureQuery) -> "FeatureMatrix":
    with open_engine(settings) as engine:
        matrix = engine.matrix(
            since_ms=query.since_ms,
            until_ms=query.until_ms,
            wallets=query.wallets,
            names=query.names,
        )
        if settings.features.keep_prepared:
            engine.backend.prepare()
    return matrix


def check_leakage(
    settings: Settings,
    on_cut: Callable[[int, int], None],
    *,
    names: Sequence[str] | None = None,
    n_cuts: int = 3,
    seed: int = 0,
) -> tuple[CutCheck, ...]:
    """Compare features at random cuts with those of the dataset as it stood at the cut.

    Args:
        on_cut: Called before each cut and at the end with the number done and the number of cuts.
        names: Only these features; all of the groups in force where None.
        n_cuts: How many times to cut.
        seed: Of the cuts.

    Raises:
        NotEnoughDataError: The trades have no two times to cut between.
    """
    FeatureQuery(names).check()
    require_data(settings)
    from hypertrack.features.leakage import check_cuts, random_cuts

    with open_engine(settings) as engine:
        cuts_ms = random_cuts(engine, n_cuts, seed)
        if not cuts_ms:
            raise NotEnoughDataError("a cut needs trades at two times: record longer")
        on_cut(0, len(cuts_ms))
        checks = []
        for check in check_cuts(engine, partial(open_past, settings), cuts_ms, names):
            checks.append(check)
            on_cut(len(checks), len(cuts_ms))
    return tuple(checks)
