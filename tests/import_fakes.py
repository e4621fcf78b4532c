"""An import as the command does it, without the command."""

from pathlib import Path

from hypertrack.store.importing.files import find_files
from hypertrack.store.importing.importer import Importer
from hypertrack.store.importing.log import ImportReport
from hypertrack.store.session import SessionMode, open_session


def imported(folder: Path, *paths: Path, mode: SessionMode = "rotate") -> ImportReport:
    """Import files whose format is recognised into a folder and return the report."""
    files, _ = find_files(paths)
    with open_session(folder, mode) as session:
        importer = Importer(session, files)
        for _ in importer.run():
            pass
    return importer.report()
