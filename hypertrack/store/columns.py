"""Columns to a file and back: Parquet or CSV by the suffix, written whole or not at all."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv, parquet

from hypertrack.errors import ConfigError, DatasetError
from hypertrack.files import replacing
from hypertrack.text import csv_cell

Columns = Mapping[str, NDArray[Any] | Sequence[Any]]


def write_columns(path: Path, columns: Columns) -> None:
    """Write equally long columns as a table; an existing file is replaced in one step.

    Args:
        path: ``.parquet`` or ``.csv``; its folder is made where missing.
        columns: By name, in the order of the file. NaN becomes an empty cell of a CSV.

    Raises:
        ConfigError: Another suffix.
    """
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    write_table(path, table)


def read_columns(path: Path) -> dict[str, NDArray[Any]]:
    """Return the columns of a ``.parquet`` or ``.csv`` file; empty number cells are NaN.

    Raises:
        ConfigError: Another suffix.
        DatasetError: No such file, or not such a table.
    """
    table = read_table(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def schema_of(path: Path) -> pa.Schema:
    """Return the names and types of the columns of a ``.parquet`` file that is there."""
    return parquet.read_schema(path)


def write_table(path: Path, table: pa.Table) -> None:
    """Write an Arrow table; an existing file is replaced in one step."""
    write = _by_suffix(path, WRITERS)
    with replacing(path) as unfinished:
        write(table, unfinished)


def read_table(path: Path) -> pa.Table:
    """Return an Arrow table with what its file says of it."""
    read = _by_suffix(path, READERS)
    if not path.is_file():
        raise DatasetError(f"no table at {path}")
    try:
        return read(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise DatasetError(f"{path} is no table: {str(error).splitlines()[0]}") from error


def _write_parquet(table: pa.Table, path: Path) -> None:
    with path.open("wb") as file:  # a path as text would be looked into: ~, or some scheme
        parquet.write_table(table, file, compression="zstd")


def _write_csv(table: pa.Table, path: Path) -> None:
    for index, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            values = table[field.name].to_numpy()
            table = table.set_column(index, field.name, pa.array(values, mask=np.isnan(values)))
        elif pa.types.is_string(field.type):
            cells = [None if text is None else csv_cell(text) for text in table[index].to_pylist()]
            table = table.set_column(index, field.name, pa.array(cells, pa.string()))
    with path.open("wb") as file:
        csv.write_csv(table, file)


WRITERS: Mapping[str, Callable[[pa.Table, Path], None]] = {
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}

READERS: Mapping[str, Callable[[Path], pa.Table]] = {
    ".parquet": parquet.read_table,
    ".csv": csv.read_csv,
}


def _by_suffix(path: Path, choices: Mapping[str, Any]) -> Any:
    if path.suffix not in choices:
        raise ConfigError(f"{path}: the name must end in {' or '.join(choices)}")
    return choices[path.suffix]
