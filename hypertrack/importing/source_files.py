"""Which files are meant, what each of them is, and the time it covers."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from hypertrack.errors import DatasetError
from hypertrack.importing.file_lines import LZ4_SUFFIX, SEALED_SUFFIX, LineFile, TornFileError
from hypertrack.importing.formats import ARCHIVES, Format, recognise
from hypertrack.records import HOUR_MS, Feed, Record
from hypertrack.store.compaction.commit_journal import sealed_folder
from hypertrack.store.files.layout import FILLS_NAME, SEALED_NAME, feed_path, has_data

SAMPLED_LINES = 20
"""Lines looked at before a file counts as foreign: the first may be torn."""

DAY_FOLDER = re.compile(r"20\d{6}")
HOUR_FILE = re.compile(r"[01]?\d|2[0-3]")


class SourceFile(Record, frozen=True, kw_only=True):
    """A file to import."""

    path: Path
    format: Format
    n_bytes: int
    feed: Feed | None = None
    """What a file of a dataset holds; None for its fills, and outside of datasets."""


class LeftOut(Record, frozen=True, kw_only=True):
    """A file that is not imported, and why."""

    path: Path
    reason: str


def find_files(
    paths: Iterable[Path], wanted: Format | None = None
) -> tuple[list[SourceFile], list[LeftOut]]:
    """Return the files behind the paths, in order; a file named twice counts once.

    Args:
        paths: Files, folders of them at any depth, and dataset folders.
        wanted: The format of every file; recognised by their first lines where None.

    Raises:
        DatasetError: A path that does not exist.
    """
    found: dict[Path, SourceFile] = {}
    left_out: dict[Path, LeftOut] = {}
    for path in paths:
        if not path.exists():
            raise DatasetError(f"nothing to import at {path}: no such file or folder")
        for file in _within(path, wanted):
            known = file.resolve()
            if known in found or known in left_out:
                continue
            source = _source(file, wanted)
            if isinstance(source, SourceFile):
                found[known] = source
            else:
                left_out[known] = source
    return sorted(found.values(), key=_order), list(left_out.values())


def named_hour_ms(path: Path) -> int | None:
    """Return the start of the hour that ``…/20250727/9.lz4`` is named after, else None."""
    name, day = path.name.removesuffix(LZ4_SUFFIX), path.resolve().parent.name
    if not (HOUR_FILE.fullmatch(name) and DAY_FOLDER.fullmatch(day)):
        return None
    try:
        start = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(start.timestamp()) * 1000 + int(name) * HOUR_MS


def digest(path: Path) -> str:
    """Return a hash of a file's bytes, which tells that the same file was imported before."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dataset_folder(path: Path) -> Path | None:
    """Return the dataset folder that a file of this name belongs to, None for other names."""
    if path.name == FILLS_NAME or (path.suffix == ".jsonl" and path.stem in set(Feed)):
        return path.parent
    if path.suffix == SEALED_SUFFIX and path.parent.parent.name == SEALED_NAME:
        return path.parents[2]
    return None


def _within(path: Path, wanted: Format | None) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif has_data(path) and wanted in {None, Format.DATASET}:
        # Where a sealing was killed these may overlap, and never lack a line.
        for feed in Feed:
            yield from sorted(sealed_folder(path, feed).glob(f"*{SEALED_SUFFIX}"))
            yield from (file for file in [feed_path(path, feed)] if file.is_file())
        yield from (file for file in [path / FILLS_NAME] if file.is_file())
    else:
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        yield from (file for file in files if not file.name.startswith("."))


def _source(path: Path, wanted: Format | None) -> SourceFile | LeftOut:
    n_bytes = path.stat().st_size
    if wanted is Format.DATASET and dataset_folder(path) is None:
        return LeftOut(path=path, reason="no file of a dataset")
    try:
        lines = list(islice(LineFile(path), SAMPLED_LINES))
    except TornFileError:
        return LeftOut(path=path, reason="torn, or not what its name says")
    if not lines:
        return LeftOut(path=path, reason="empty")
    recognised: Format | None = next((f for line in lines if (f := recognise(line))), None)
    found = wanted or recognised
    if found is None and dataset_folder(path) is not None:
        found = Format.DATASET
    if found is None:
        return LeftOut(path=path, reason="no format that is known")
    feed = _feed(path) if found is Format.DATASET else None
    return SourceFile(path=path, format=found, n_bytes=n_bytes, feed=feed)


def _feed(path: Path) -> Feed | None:
    name = path.parent.name if path.parent.parent.name == SEALED_NAME else path.stem
    return Feed(name) if name in set(Feed) else None


def _order(file: SourceFile) -> tuple[int, int, str]:
    """Put archives in the order of their hours, so that fills of a trade come together."""
    hour_ms = named_hour_ms(file.path) if file.format in ARCHIVES else None
    return (hour_ms is None, hour_ms or 0, str(file.path))
