"""The manifest of a dataset: what recorded it, with which settings, and what it holds."""

from pathlib import Path
from typing import Any

from hypertrack.files import write_whole
from hypertrack.records import JsonError, Record, RecordingReport, decode_json, encode_json
from hypertrack.store.files.layout import MANIFEST_NAME

FORMAT = 1

ARCHIVES_SETTING = "archives"
"""In the settings of a manifest that lies with archives, and is not of a dataset."""


class Manifest(Record, frozen=True, kw_only=True):
    """Facts about one recording session; all but the format may be missing in foreign ones."""

    format: int = FORMAT
    hypertrack_version: str = ""
    python_version: str = ""
    notice: str | None = None
    """What readers must know of the data's origin: that it is not the venue's own."""
    is_complete: bool = False
    """False while recording, and where the recorder was killed."""
    coins: tuple[str, ...] = ()
    aliases: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each record
    """By coin, what people call it: the question and answer of an outcome, the pair of a spot."""
    feeds: tuple[str, ...] = ()
    report: RecordingReport | None = None
    bytes_by_file: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each record
    settings: dict[str, Any] = {}  # noqa: RUF012 - as above


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` in one piece.

    Raises:
        OSError: It could not be written.
    """
    write_whole(folder / MANIFEST_NAME, encode_json(manifest) + b"\n")


def read_manifest(path: Path) -> Manifest | None:
    """Return a manifest, None where there is none that can be read."""
    try:
        return parse_manifest(path.read_bytes())
    except OSError:
        return None


def parse_manifest(text: bytes | None) -> Manifest | None:
    """Return a manifest from its JSON, None where there is none that can be read."""
    try:
        return None if text is None else decode_json(text, Manifest)
    except (JsonError, UnicodeDecodeError):
        return None
