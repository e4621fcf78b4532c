"""Where a command's dataset is: a folder, or a database."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from hypertrack.config import DatabaseUrl, Settings

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.store.session import Session, SessionMode

IMPORT_PATIENCE_S = 3_600.0
"""How long a database may take for what an import has still to load."""


def open_writing(
    settings: Settings, mode: "SessionMode", *, patience_s: float | None = None
) -> "AbstractContextManager[Session]":
    """Lock the dataset and make it ready to be written to.

    Args:
        patience_s: How long a database may take for what is left at the end; a few seconds where
            None.

    Raises:
        DatasetError: It is in use, or cannot be reached or written.
    """
    if isinstance(settings.data, DatabaseUrl):
        from hypertrack.store.database.session import PATIENCE_S, open_database_session

        patience_s = PATIENCE_S if patience_s is None else patience_s
        return open_database_session(settings.data, mode, settings.spool, patience_s=patience_s)
    from hypertrack.store.session import open_session

    return open_session(settings.data, mode)
