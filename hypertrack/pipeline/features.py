"""The feature matrix of a dataset: written or described."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.pipeline.analysis import open_engine

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.features.distribution import Distribution

__all__ = ["Distribution", "describe_features", "export_features"]


def export_features(settings: Settings, file: Path, names: Sequence[str] | None = None) -> int:
    """Write the feature matrix, first column ``wallet``; return the number of wallets.

    Args:
        file: ``.parquet`` or ``.csv``.
        names: Only these features; all of the groups in force where None.
    """
    from hypertrack.features.export import write_features

    with open_engine(settings) as engine:
        matrix = engine.matrix(names=names)
    write_features(matrix, file)
    return len(matrix.wallets)


def describe_features(
    settings: Settings, names: Sequence[str] | None = None
) -> "tuple[int, tuple[Distribution, ...]]":
    """Return the number of wallets, and what each feature is and how it is distributed."""
    from hypertrack.features.distribution import distributions

    with open_engine(settings) as engine:
        matrix = engine.matrix(names=names)
    return len(matrix.wallets), distributions(matrix)
