"""What a place holds, to be read or followed: a folder, or a database."""

from pathlib import Path

from hypertrack.config import DatabaseUrl
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.followed import Followed, FollowedFolder
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.window_source import FolderSource, WindowSource


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


def open_followed(place: Path | DatabaseUrl, since_ms: int = 0) -> Followed:
    """Return the dataset at a place, to be followed from a time on.

    Raises:
        ConfigError: The driver of the database is not installed.
    """
    if isinstance(place, DatabaseUrl):
        from hypertrack.store.database.followed_database import FollowedDatabase  # noqa: PLC0415  # an extra

        return FollowedDatabase(place, since_ms)
    return FollowedFolder(place, since_ms)


def open_source(place: Path | DatabaseUrl, start_ms: int) -> WindowSource:
    """Return where a sliding window that begins at a time takes the rows of a place from.

    Raises:
        DatasetError: There is no such database, or it cannot be reached.
        ConfigError: The driver of the database is not installed.
    """
    if isinstance(place, DatabaseUrl):
        from hypertrack.store.database.database_source import DatabaseSource  # noqa: PLC0415  # an extra

        return DatabaseSource(place, start_ms)
    return FolderSource(place, start_ms)
