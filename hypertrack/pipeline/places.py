"""Where a command's dataset is: a folder, or a database."""

import logging
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from hypertrack.config import DatabaseUrl, Settings

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.store.files.session import Session, SessionMode

log = logging.getLogger(__name__)


def open_writing(
    settings: Settings, mode: "SessionMode", *, is_patient: bool = False
) -> "AbstractContextManager[Session]":
    """Lock the dataset and make it ready to be written to.

    Args:
        is_patient: Whoever writes waits for a database that falls behind; a recorder does not.

    Raises:
        DatasetError: It is in use, or cannot be reached or written.
    """
    if isinstance(settings.data, DatabaseUrl):
        from hypertrack.store.database.database_session import open_database_session

        return open_database_session(settings.data, mode, settings.spool, is_patient=is_patient)
    from hypertrack.store.files.session import open_session

    return open_session(settings.data, mode)


def warn_of_leftovers(settings: Settings) -> None:
    """Log that lines wait in the spool of a database, which a reader does not see."""
    if not isinstance(settings.data, DatabaseUrl):
        return
    from hypertrack.store.database.spool import left_behind_bytes

    folder = settings.spool / settings.data.slug
    if n_bytes := left_behind_bytes(folder):
        log.warning(
            "%.1f MB recorded for %s wait in %s and are not read: the next record (--append goes "
            "on) or import with this --data loads them",
            n_bytes / 1e6,
            settings.data,
            folder,
        )
