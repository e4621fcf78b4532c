"""What was imported into a dataset, file by file, and what a report says of it."""

from collections.abc import Mapping
from pathlib import Path

from hypertrack.importing.formats import Format
from hypertrack.importing.source_files import LeftOut
from hypertrack.records import Feed, JsonError, Record, decode_json, encode_json
from hypertrack.store.files.layout import IMPORTS_NAME

IMPORTED_BEFORE = "imported before"


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
    about: tuple[int, int] | None = None
    """What it is about, holes and all: the hour it is named after, or its first to its last line;
    None for what knows no time."""


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
    """Lines written by feed, and ``fills``; of these without a trade ``settlements``, ``dust`` and
    ``unpaired``; fills set aside as ``ambiguous``; ``quarantined``; met again and not written:
    ``duplicates``, ``repeated fills``; in captures ``other frames`` and ``open candles``."""
    other_channels: Mapping[str, int] = {}
    """Frames that a dataset has no place for, by their channel."""
    first_flaw: str | None = None
    """Why the first thing that was quarantined was."""

    @property
    def is_empty(self) -> bool:
        """Return whether nothing was brought, and nothing met that is here already."""
        taken = [*Feed, "fills", "answers", "duplicates", "repeated fills"]
        is_known = any(left.reason == IMPORTED_BEFORE for left in self.left_out)
        return not is_known and not any(self.counts.get(name) for name in taken)


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
