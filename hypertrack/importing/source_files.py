"""Which files are meant, what each of them is, and the time it covers."""

import hashlib
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from hypertrack.errors import DatasetError
from hypertrack.importing.file_lines import (
    LZ4_SUFFIX,
    MAX_DOCUMENT_BYTES,
    SEALED_SUFFIX,
    DocumentFile,
    LineFile,
    TornFileError,
    first_bytes,
)
from hypertrack.importing.formats import ARCHIVES, Format, recognise
from hypertrack.records import HOUR_MS, Feed, Record
from hypertrack.store.compaction.commit_journal import sealed_folder
from hypertrack.store.files.layout import (
    FILLS_NAME,
    MANIFEST_NAME,
    SEALED_NAME,
    feed_path,
    has_data,
)

SAMPLED_LINES = 20
"""Lines looked at before a file counts as foreign: the first may be torn."""

FOREIGN_FILES = {
    b"\x1f\x8b": "packed by gzip: unpack it with gunzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it with unzstd",
    b"PK\x03\x04": "packed by zip: unpack it with unzip",
    b"BZh": "packed by bzip2: unpack it with bunzip2",
    b"\xfd7zXZ": "packed by xz: unpack it with unxz",
    b"SQLite format 3": "a database: give it as sqlite:///PATH",
    b"PAR1": "Parquet, and no sealed hour of a dataset",
}
"""What files begin with that have no lines, and what to do with them."""

UTF_16 = "UTF-16: make it UTF-8 with iconv -f UTF-16 -t UTF-8"

NAMELESS = "fills of a wallet that the file does not name: say whose they are with --wallet 0x…"

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
    paths: Iterable[Path], wanted: Format | None = None, *, wallet: str | None = None
) -> tuple[list[SourceFile], list[LeftOut]]:
    """Return the files behind the paths, in order; a file named twice counts once.

    Args:
        paths: Files, folders of them at any depth, and dataset folders.
        wanted: The format of every file; recognised by their first lines where None.
        wallet: Whose fills those are that name nobody.

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
            source = _source(file, wanted, wallet)
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
        names = {MANIFEST_NAME}  # says what archives are, and holds nothing of them
        yield from (file for file in files if file.name not in names and file.name[0] != ".")


def _source(path: Path, wanted: Format | None, wallet: str | None) -> SourceFile | LeftOut:
    n_bytes = path.stat().st_size
    is_of_dataset = dataset_folder(path) is not None
    if wanted is Format.DATASET and not is_of_dataset:
        return LeftOut(path=path, reason="no file of a dataset")
    begin = first_bytes(path, 16)
    for magic, reason in FOREIGN_FILES.items():
        if begin.startswith(magic) and not (is_of_dataset and path.suffix == SEALED_SUFFIX):
            return LeftOut(path=path, reason=reason)
    # Two bytes of a broken line may look like the mark; its letters have a NUL byte each.
    if begin.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) and b"\0" in begin:
        return LeftOut(path=path, reason=UTF_16)
    try:
        lines = _sampled(path)
    except TornFileError:
        return LeftOut(path=path, reason="torn, or not what its name says")
    if not lines:
        return LeftOut(path=path, reason="empty")
    recognised: Format | None = next((f for line in lines if (f := recognise(line))), None)
    found = wanted or recognised
    if found is None and is_of_dataset:
        found = Format.DATASET
    if found is None:
        return LeftOut(path=path, reason=_foreignness(lines))
    if found is Format.USER_FILLS and wallet is None and all(line[:1] == b"[" for line in lines):
        return LeftOut(path=path, reason=NAMELESS)
    feed = _feed(path) if found is Format.DATASET else None
    return SourceFile(path=path, format=found, n_bytes=n_bytes, feed=feed)


def _foreignness(lines: list[bytes]) -> str:
    """Return what is to be said of lines of no format that is known."""
    for number, line in enumerate(lines, 1):
        if b"\0" in line:
            return f"line {number} is not UTF-8: it holds NUL bytes, as UTF-16 does"
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return f"line {number} is not UTF-8 (byte 0x{line[error.start]:02x}): convert it"
    return f"no format that is known: {ascii(lines[0][:60])[2:-1]}"


def _sampled(path: Path) -> list[bytes]:
    """Return the first lines, or the one document that all of them are."""
    lines: list[bytes] = []
    try:
        lines.extend(islice(LineFile(path), SAMPLED_LINES))
    except TornFileError:
        if not lines:
            raise
        return lines
    is_alone = lines[:1] and lines[0][:1] in (b"[", b"{") and not any(map(recognise, lines))
    if is_alone and path.stat().st_size <= MAX_DOCUMENT_BYTES and path.suffix != SEALED_SUFFIX:
        lines = list(islice(DocumentFile(path), SAMPLED_LINES))
    return lines


def _feed(path: Path) -> Feed | None:
    name = path.parent.name if path.parent.parent.name == SEALED_NAME else path.stem
    return Feed(name) if name in set(Feed) else None


def _order(file: SourceFile) -> tuple[int, int, str]:
    """Put archives in the order of their hours, so that fills of a trade come together."""
    hour_ms = named_hour_ms(file.path) if file.format in ARCHIVES else None
    return (hour_ms is None, hour_ms or 0, str(file.path))
