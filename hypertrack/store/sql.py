"""How text is written into a SQL statement, where a parameter cannot stand."""

import glob
from collections.abc import Iterable
from pathlib import Path

ONLY_THE_FILE = "hive_partitioning = false"
"""An option of every reader: or else a folder called ``coin=ETH`` is a column, whatever its files
say."""


def quoted(text: object) -> str:
    """Return text as a SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def quoted_path(path: Path) -> str:
    """Return the path of one file as a SQL literal, not as the pattern it might look like."""
    return quoted(glob.escape(str(path)))


def quoted_paths(paths: Iterable[Path]) -> str:
    """Return the paths of some files as a SQL list."""
    return f"[{', '.join(map(quoted_path, paths))}]"


def parquet(paths: Iterable[Path]) -> str:
    """Return the relation of Parquet files, one after another."""
    return f"read_parquet({quoted_paths(paths)}, {ONLY_THE_FILE})"
