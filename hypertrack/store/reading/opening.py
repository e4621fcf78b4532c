"""Which lines a place holds: those of a folder, or of a database."""

from pathlib import Path

from hypertrack.config import DatabaseUrl
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.recorded_lines import Lines


def open_lines(place: Path | DatabaseUrl) -> Lines:
    """Return the lines of the dataset at a place; a folder that is missing has none.

    Raises:
        DatasetError: There is no such database, or it cannot be reached.
        ConfigError: The driver of the database is not installed.
    """
    if isinstance(place, DatabaseUrl):
        from hypertrack.store.database.database_lines import DatabaseLines  # noqa: PLC0415  # an extra

        return DatabaseLines(place)
    return FolderLines(place)
