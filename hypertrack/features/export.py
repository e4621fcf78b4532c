"""The feature matrix as a file."""

from pathlib import Path
from typing import Any

from hypertrack.features.engine import FeatureMatrix
from hypertrack.features.names import ALIASES
from hypertrack.store.columns import write_columns


def write_features(matrix: FeatureMatrix, path: Path) -> None:
    """Write one row per wallet: ``wallet``, then the features; aliases follow their feature.

    Args:
        matrix: What to write.
        path: ``.parquet`` or ``.csv``.

    Raises:
        ConfigError: Another suffix.
    """
    columns: dict[str, Any] = {"wallet": matrix.wallets}
    for name in matrix.names:
        aliases = [alias for alias, target in ALIASES.items() if target == name]
        columns |= {column: matrix.column(name) for column in (name, *aliases)}
    write_columns(path, columns)
