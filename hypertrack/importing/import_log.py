"""What was imported into a dataset, file by file, and what a report says of it."""

from collections.abc import Mapping
from pathlib import Path

from hypertrack.importing.formats import Format
from hypertrack.importing.source_files import LeftOut
from hypertrack.records import JsonError, Record, decode_json, encode_json
from hypertrack.store.files.layout import IMPORTS_NAME


class ImportedFile(Record, frozen=True, kw_only=True):
    """A line of the log of imports: a file that was read to its end."""

    path: str
    format: Format
    digest: str
    n_bytes: int
    n_lines: int
    is_torn: bool
    """It ended too early, or in a line that could not be read."""
    spans: tuple[tuple[int, int], ...]
    """What it observed: start and exclusive end, ms."""


class ImportProgress(Record, frozen=True, kw_only=True):
    """How far an import is."""

    path: Path
    frac: float
    """Of all bytes, as they lie on disk."""
    n_lines: int
    n_trades: int


class ImportReport(Record, frozen=True, kw_only=True):
    """What an import did."""

    folder: str
    archived: str | None
    """Where the data that was here went."""
    files: tuple[ImportedFile, ...]
    left_out: tuple[LeftOut, ...]
    streams: tuple[str, ...]
    """``feed:coin`` of all that was written."""
    counts: Mapping[str, int]
    """Lines written by feed, and ``fills``; lines set aside as ``dust``, ``unpaired`` or
    ``ambiguous``; ``quarantined``; met again and not written: ``duplicates``, ``repeated fills``;
    in captures ``other frames``."""


def read_imports(folder: Path) -> list[ImportedFile]:
    """Return what was imported into a dataset before."""
    path = folder / IMPORTS_NAME
    if not path.exists():
        return []
    files = []
    for line in path.read_bytes().splitlines():
        try:
            files.append(decode_json(line, ImportedFile))
        except (JsonError, UnicodeDecodeError):
            continue
    return files


def log_imports(folder: Path, files: list[ImportedFile]) -> None:
    """Add files to the log.

    Raises:
        OSError: It could not be written.
    """
    with (folder / IMPORTS_NAME).open("ab") as log:
        log.write(b"".join(encode_json(file) + b"\n" for file in files))
