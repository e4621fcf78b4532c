"""A checksum beside each sealed hour, by which a flipped bit is noticed.

``<hour>.parquet.sha256`` is there before its hour is, and while one version of an hour replaces
another it names both: whatever a kill leaves behind, what is in force is named.
"""

import hashlib
from pathlib import Path

from hypertrack.files import write_whole

SUFFIX = ".sha256"
DAMAGED = ".damaged"
"""Behind the name of an hour that a sealing found damaged and put aside."""


def checksum_path(path: Path) -> Path:
    """Return where the checksums of a sealed hour stand."""
    return path.with_name(path.name + SUFFIX)


def file_checksum(path: Path) -> str:
    """Return the checksum of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_checksums(path: Path, *versions: Path) -> None:
    """Write the checksums of the versions of a sealed hour that may come to be in force.

    Raises:
        OSError: The disk is full, or broken.
    """
    lines = (f"{file_checksum(each)}\n" for each in versions if each.exists())
    write_whole(checksum_path(path), "".join(lines).encode())


def is_intact(path: Path, name: Path) -> bool | None:
    """Return whether a file is as it was sealed; None where that was not written down.

    Args:
        path: The file, which may be one that replaces the hour next.
        name: The hour's own name.
    """
    try:
        known = checksum_path(name).read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return None
    return file_checksum(path) in known
