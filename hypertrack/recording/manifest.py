"""The manifest of a dataset: what recorded it, with which settings, and what it holds."""

import platform
from pathlib import Path
from typing import Any

from hypertrack import __version__
from hypertrack.config import Settings
from hypertrack.recording.plan import RecordingPlan
from hypertrack.recording.report import RecordingReport
from hypertrack.records import JsonError, Record, decode_json, encode_json
from hypertrack.store.layout import MANIFEST_NAME, dataset_files

FORMAT = 1


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
    feeds: tuple[str, ...] = ()
    report: RecordingReport | None = None
    bytes_by_file: dict[str, int] = {}  # noqa: RUF012 - msgspec copies it for each record
    settings: dict[str, Any] = {}  # noqa: RUF012 - as above


def describe(
    report: RecordingReport, plan: RecordingPlan, settings: Settings, *, is_complete: bool
) -> Manifest:
    """Return the manifest of a session as it stands; secrets are masked."""
    folder = Path(report.folder)
    return Manifest(
        hypertrack_version=__version__,
        python_version=platform.python_version(),
        notice=report.notice,
        is_complete=is_complete,
        coins=plan.coins,
        feeds=tuple(plan.feeds),
        report=report,
        bytes_by_file={
            str(path.relative_to(folder)): path.stat().st_size for path in dataset_files(folder)
        },
        settings=settings.model_dump(mode="json", include={"venue", "record"}),
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write ``manifest.json`` in one piece.

    Raises:
        OSError: It could not be written.
    """
    write_in_one_piece(folder / MANIFEST_NAME, encode_json(manifest) + b"\n")


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


def write_in_one_piece(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it.

    Raises:
        OSError: It could not be written.
    """
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(content)
    temporary.replace(path)
