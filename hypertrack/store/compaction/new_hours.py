"""Sealed hours of a new dataset, from tables and without lines between.

They are what sealing the same lines makes: its columns, its order, its checksums. None is in force
before all are written, so that whoever is killed meanwhile leaves no dataset.
"""

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
from pyarrow import parquet

from hypertrack.clock import utc_name
from hypertrack.files import sync_folder
from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction.checksums import checksum_path, write_checksums
from hypertrack.store.compaction.commit_journal import part_of, sealed_folder
from hypertrack.store.compaction.sealed_rows import LAYOUTS, Layout, Shape

ZSTD_LEVEL = 3
"""As the database that seals has it."""

NAMES = ("coin", "s", "side", "users.list.element")
"""Columns of few values; a dictionary of numbers would be larger than the numbers."""


def hour_path(folder: Path, feed: Feed, hour: int) -> Path:
    """Return where an hour since the epoch is sealed: ``…/2026-01-22T12.parquet``."""
    return sealed_folder(folder, feed) / f"{utc_name(hour * HOUR_MS)[:13]}.parquet"


class NewHours:
    """Writes hours; as a context it takes back what was never put in force.

    Args:
        folder: Of the dataset, which has no hours yet.
    """

    def __init__(self, folder: Path):
        self._folder = folder
        self._written: list[Path] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for path in self._written:
            part_of(path).unlink(missing_ok=True)
            checksum_path(path).unlink(missing_ok=True)

    def write(self, feed: Feed, hour: int, tables: Iterable[pa.Table]) -> None:
        """Write an hour beside its name.

        Args:
            feed: Whose hour it is.
            hour: Since the epoch; not written before.
            tables: Its rows in the order of its layout, some at a time.

        Raises:
            ValueError: The columns are not those of the feed's layout.
            OSError: The disk is full, or broken.
        """
        path = hour_path(self._folder, feed, hour)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = _arrow_schema(LAYOUTS[feed])
        self._written.append(path)
        packing = {"compression_level": ZSTD_LEVEL, "use_dictionary": list(NAMES)}
        with parquet.ParquetWriter(part_of(path), schema, compression="zstd", **packing) as file:
            for table in tables:
                file.write_table(table.cast(schema))
        with part_of(path).open("rb") as written:
            os.fsync(written.fileno())
        write_checksums(path, part_of(path))

    def put_in_force(self) -> None:
        """Give all hours their names."""
        for path in self._written:
            part_of(path).replace(path)
        for place in {path.parent for path in self._written}:
            sync_folder(place)
        self._written.clear()


def _arrow_schema(layout: Layout) -> pa.Schema:
    """Return the columns of a sealed hour as Arrow has them."""
    if layout.has_line:
        shape: Shape = {
            **{"received_ns": "BIGINT", "chain": "VARCHAR"},
            **{"time_ms": "BIGINT", "line": "VARCHAR"},
        }
    else:
        shape = {**layout.shape, "rest": "VARCHAR"}
    return pa.schema([(name, _arrow_type(kind)) for name, kind in shape.items()])


def _arrow_type(kind: Any) -> pa.DataType:
    match kind:
        case [of]:
            return pa.list_(_arrow_type(of))
        case dict():
            return pa.struct([(name, _arrow_type(of)) for name, of in kind.items()])
        case _:
            return {"BIGINT": pa.int64(), "VARCHAR": pa.string()}[kind]
