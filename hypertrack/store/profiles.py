"""Wallet profiles in one Parquet file: written as they are made, read as they are looked at."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import parquet

from hypertrack.errors import DatasetError
from hypertrack.files import replacing
from hypertrack.records import (
    JsonError,
    ProfileColumns,
    ProfileHeader,
    Verdicts,
    decode_json,
    encode_json,
    replace,
)
from hypertrack.store.profile_tables import (
    BESIDE,
    COLUMN_BY_SCORE,
    from_table,
    schema,
    to_numpy,
    to_table,
)

HEADER_KEY = b"hypertrack.profiles"
"""Parquet metadata: what all profiles rest on, as JSON."""

FEATURES_KEY = b"hypertrack.features"
"""Parquet metadata: the names of the feature columns, as JSON."""

TEXT_COLUMNS = [
    "categories.list.element.name",
    "nearest",
    "reasons.list.element.score",
    "reasons.list.element.feature",
    *(name for _, texts in BESIDE.values() for name in texts),
]
"""What repeats itself; features hardly do, and looking for it takes longer than writing them."""


OF_ANOTHER_VERSION = " holds no profiles of this version: run `hypertrack classify`"


class ProfileFile:
    """Profiles in a Parquet file, by row: the order in which they were written.

    Attributes:
        header: What they rest on.
    """

    def __init__(self, source: Path | pa.Buffer):
        """Open a file, or what would be in one.

        Raises:
            DatasetError: No such file, or not one of profiles.
        """
        self._source = source
        self._place = source if isinstance(source, Path) else "memory"
        if isinstance(source, Path) and not source.is_file():
            raise DatasetError(f"no table at {source}")
        with self._errors():
            footer = parquet.read_metadata(_readable(source))
            names = set(footer.schema.to_arrow_schema().names)
        metadata = footer.metadata or {}
        try:
            self.header = decode_json(metadata[HEADER_KEY], ProfileHeader)
            self._features = decode_json(metadata[FEATURES_KEY], list[str])
        except (KeyError, JsonError) as error:
            raise DatasetError(f"{self._place}{OF_ANOTHER_VERSION}") from error
        if not set(schema(self._features).names) <= names:
            raise DatasetError(f"{self._place}{OF_ANOTHER_VERSION}")
        with self._errors():
            self._file = parquet.ParquetFile(
                _readable(source), metadata=footer, read_dictionary=TEXT_COLUMNS
            )

    def path_in(self, folder: Path) -> Path:
        """Return the path of the file; of one in memory after writing it into a folder."""
        if isinstance(self._source, Path):
            return self._source
        file = folder / "profiles.parquet"
        file.write_bytes(self._source)
        return file

    def column(self, name: str) -> NDArray[Any]:
        """Return one column, ``[wallets]``; a number that is unknown is NaN."""
        return to_numpy(self._read(COLUMN_BY_SCORE.get(name, name)))

    def holds(self, names: Collection[str] | None = None) -> NDArray[np.bool_]:
        """Return which wallets hold one of these categories, ``[wallets]``; any where None."""
        found = [np.zeros(0, dtype=bool)]
        # By row group: Arrow cannot join nested texts that were coded apart.
        for group in range(self._file.num_row_groups):
            table = self._read_group(group, ["categories"])
            lists = table["categories"].combine_chunks()
            held = lists.flatten().field("name")
            codes = np.flatnonzero(
                [names is None or name in names for name in held.dictionary.to_pylist()]
            )
            is_meant = np.isin(to_numpy(held.indices), codes)
            counts = to_numpy(lists.value_lengths())
            rows = np.repeat(np.arange(len(lists)), counts)[is_meant]
            found.append(np.bincount(rows, minlength=len(lists)) > 0)
        return np.concatenate(found)

    def row_of(self, wallet: str) -> int | None:
        """Return the row of a wallet; None where it has none."""
        start = 0
        for group in range(self._file.num_row_groups):
            wallets = to_numpy(self._read_group(group, ["wallet"])["wallet"])
            found = np.flatnonzero(wallets == wallet).tolist()
            if found:
                return start + int(found[0])
            start += len(wallets)
        return None

    def batches(self, rows: NDArray[np.intp]) -> Iterator[ProfileColumns]:
        """Yield the profiles of some rows, ascending, a row group at a time."""
        start = 0
        for group in range(self._file.num_row_groups):
            end = start + self._file.metadata.row_group(group).num_rows
            here = rows[slice(*np.searchsorted(rows, (start, end)))]
            if len(here):
                yield from_table(_taken(self._read_group(group), here - start), self._features)
            start = end

    def _read(self, name: str) -> pa.ChunkedArray:
        with self._errors():
            return self._file.read(columns=[name], use_threads=False)[name]

    def _read_group(self, group: int, names: Sequence[str] | None = None) -> pa.Table:
        with self._errors():
            return self._file.read_row_group(group, names, use_threads=False)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: of a name
            what = str(error).splitlines()[0]
            raise DatasetError(f"{self._place} is no table, or torn: {what}") from error


def _taken(table: pa.Table, rows: NDArray[np.intp]) -> pa.Table:
    """Return some rows, ascending."""
    first, last = int(rows[0]), int(rows[-1])
    if last - first + 1 == len(rows):  # `take` copies, and loads pandas
        return table.slice(first, len(rows))
    return table.take(rows)


def _readable(source: Path | pa.Buffer) -> Path | pa.BufferReader:
    return source if isinstance(source, Path) else pa.BufferReader(source)


def write_profiles(
    path: Path | None, header: ProfileHeader, batches: Iterable[ProfileColumns]
) -> ProfileFile:
    """Write profiles as they are made, a row group each; an existing file is replaced at the end.

    Columns: wallet, first_seen_ms, last_seen_ms, n_candle_matches, the scores and ``style_*``
    (null without a model), categories, the nearest rule of a wallet without one, activity,
    reasons of the scores, skill, profit, and each feature. Sentences are not written; they follow
    from these.

    Args:
        path: None keeps them in memory, as they would be in the file.
        header: Its counts are filled in.
        batches: At least one, which may be empty; all of the same features.

    Returns:
        The profiles, opened.
    """
    if path is None:
        sink = pa.BufferOutputStream()
        _write(sink, header, batches)
        return ProfileFile(sink.getvalue())
    with replacing(path) as unfinished:
        _write(unfinished, header, batches)
    return ProfileFile(path)


def _write(
    sink: Path | pa.BufferOutputStream, header: ProfileHeader, batches: Iterable[ProfileColumns]
) -> None:
    batches = iter(batches)
    first = next(batches)
    features = tuple(first.features)
    n_wallets, n_with_category, counts = 0, 0, Counter[str]()
    with parquet.ParquetWriter(
        sink,
        schema(features, first.live),
        compression="zstd",
        use_dictionary=TEXT_COLUMNS,
        store_schema=False,  # for other readers texts are texts, not codes
    ) as writer:
        for columns in chain((first,), batches):
            writer.write_table(to_table(columns), row_group_size=max(len(columns), 1))
            n_wallets += len(columns)
            n_with_category += int(np.count_nonzero(np.diff(columns.verdicts.ends, prepend=0)))
            counts += _counts(columns.verdicts)
        counted = replace(
            header,
            n_wallets=n_wallets,
            n_with_category=n_with_category,
            n_wallets_by_category=dict(counts.most_common()),
        )
        writer.add_key_value_metadata(
            {HEADER_KEY: encode_json(counted), FEATURES_KEY: encode_json(features)}
        )


def _counts(verdicts: Verdicts) -> Counter[str]:
    n_by_place = np.bincount(verdicts.category, minlength=len(verdicts.names)).tolist()
    return Counter(dict(zip(verdicts.names, n_by_place, strict=True)))
