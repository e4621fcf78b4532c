"""How text is written into a SQL statement, where a parameter cannot stand."""

import glob
from collections.abc import Iterable
from pathlib import Path


def quoted(text: object) -> str:
    """Return text as a SQL literal."""
    return "'" + str(text).replace("'", "''") + "'"


def quoted_path(path: Path) -> str:
    """Return the path of one file as a SQL literal, not as the pattern it might look like."""
    return quoted(glob.escape(str(path)))


def parquet(paths: Iterable[Path]) -> str:
    """Return the relation of Parquet files, one after another."""
    return f"read_parquet([{', '.join(map(quoted_path, paths))}])"
