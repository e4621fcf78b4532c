"""Files that are whole or not there: written beside the target, then renamed over it."""

import os
from contextlib import suppress
from pathlib import Path

from hypertrack.errors import HypertrackError


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a reader sees the old file or the new one, never a part.

    Raises:
        HypertrackError: The folder cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise HypertrackError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # renamed already, or its folder is not one
            temporary.unlink()
