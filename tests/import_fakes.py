"""An import as the command does it, without the command."""

from pathlib import Path

from hypertrack.importing.import_log import ImportReport
from hypertrack.importing.importer import Importer
from hypertrack.importing.source_files import find_files
from hypertrack.store.files.session import SessionMode, open_session


def imported(folder: Path, *paths: Path, mode: SessionMode = "rotate") -> ImportReport:
    """Import files whose format is recognised into a folder and return the report."""
    files, _ = find_files(paths)
    with open_session(folder, mode) as session:
        importer = Importer(session, files)
        for _ in importer.run():
            pass
    return importer.report()
