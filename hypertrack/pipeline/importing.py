"""The import command: data from elsewhere to a dataset."""

import platform
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack import __version__
from hypertrack.config import DatabaseUrl, Settings, parse_place
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.importing.formats import Format
from hypertrack.pipeline.places import open_writing, require_writable_place
from hypertrack.records import Feed
from hypertrack.scratch import scratch_folder
from hypertrack.store.files.layout import ARCHIVE_NAME, MANIFEST_NAME, dataset_files, feed_path

if TYPE_CHECKING:  # importing loads these when it runs
    from hypertrack.importing.import_log import ImportProgress, ImportReport
    from hypertrack.importing.source_files import LeftOut, SourceFile
    from hypertrack.importing.survey import Survey
    from hypertrack.store.files.manifest import Manifest
    from hypertrack.store.files.session import SessionMode

__all__ = [
    "Format",
    "ImportProgress",
    "ImportReport",
    "LeftOut",
    "SessionMode",
    "SourceFile",
    "Survey",
    "as_files",
    "find_sources",
    "import_data",
    "survey",
]

MAX_FOLDERS_ABOVE = 4
"""From an archive to the manifest: ``node_fills_by_block/hourly/20250727/9.lz4``."""


@contextmanager
def as_files(settings: Settings, places: Sequence[str]) -> Iterator[list[Path]]:
    """Give the paths to import from; a database is written out to a temporary folder meanwhile.

    Args:
        places: Paths, or URLs of databases.

    Raises:
        ConfigError: A URL that cannot be meant, or the dataset itself.
        DatasetError: No such path, or a database that cannot be reached.
    """
    require_writable_place(settings)
    with scratch_folder() as name:
        yield [_as_path(settings, place, Path(name)) for place in places]


def _as_path(settings: Settings, text: str, folder: Path) -> Path:
    try:
        place = parse_place(text)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    if isinstance(place, Path):
        if not place.exists():  # said before what reads files is loaded
            raise DatasetError(f"nothing to import at {place}: no such file or folder")
        return place
    into = settings.data
    if isinstance(into, DatabaseUrl) and into.identity == place.identity and not place.session:
        raise ConfigError(f"{place} is the dataset to import into: choose another --data")
    from hypertrack.store.database.copying import write_folder

    copy = folder / place.slug
    write_folder(place, copy)
    return copy


def find_sources(
    settings: Settings,
    paths: Sequence[Path],
    wanted: Format | None = None,
    *,
    wallet: str | None = None,
) -> "tuple[list[SourceFile], list[LeftOut]]":
    """Return the files that would be imported, and those that would not.

    Args:
        paths: Files, folders of files, datasets.
        wanted: The format of all of them; recognised file by file where None.
        wallet: Whose fills those are that name nobody.

    Raises:
        DatasetError: No such path, nothing in it that can be imported, or the dataset itself.
    """
    from hypertrack.importing.source_files import find_files

    files, left_out = find_files(paths, wanted, wallet=wallet)
    for file in files:
        if isinstance(settings.data, Path) and _lies_in(settings.data, file.path):
            raise DatasetError(f"{file.path} lies in the dataset to import into: choose --data")
    if not files:
        looked_at = ", ".join(map(str, paths))
        if not left_out:
            raise DatasetError(f"nothing to import in {looked_at}: no file is there")
        name, reason = left_out[0].path.name, left_out[0].reason
        hint = ": give --format if you know it" if reason.startswith("no format") else ""
        raise DatasetError(f"nothing to import in {looked_at} ({name}: {reason}){hint}")
    return files, left_out


def _lies_in(dataset: Path, file: Path) -> bool:
    data, place = dataset.resolve(), file.resolve()
    return data in place.parents and data / ARCHIVE_NAME not in place.parents


def survey(file: "SourceFile") -> "Survey":
    """Look through one file and say what it holds; nothing is written."""
    from hypertrack.importing.survey import survey as look_through

    return look_through(file)


def import_data(
    settings: Settings,
    files: "Sequence[SourceFile]",
    on_progress: "Callable[[ImportProgress], None]",
    *,
    mode: "SessionMode" = "rotate",
    wallet: str | None = None,
) -> "ImportReport":
    """Import files into the dataset.

    Args:
        files: As `find_sources` found them.
        on_progress: Called every few thousand lines.
        mode: What becomes of data that is there: rotate to the archive, append, or clear.
        wallet: Whose fills those are that name nobody.

    Raises:
        DatasetError: The dataset is in use, cannot be written or reached, or the disk is full; or
            nothing of the files could be used.
    """
    from hypertrack.importing.importer import Importer
    from hypertrack.store.files.manifest import read_manifest, write_manifest

    with open_writing(settings, mode, is_patient=True) as session:
        before = read_manifest(session.folder / MANIFEST_NAME)
        importer = Importer(session, files, wallet=wallet)
        try:
            with closing(importer.run()) as progress:
                for event in progress:
                    on_progress(event)
        finally:
            report = importer.report()
            write_manifest(session.folder, _manifest(session.folder, report, before))
    if report.is_empty:
        raise DatasetError(_what_was_seen(report))
    return report


def _what_was_seen(report: "ImportReport") -> str:
    """Return what was in files of which nothing could be used."""
    seen = [f"{n:,} frames of {channel}" for channel, n in report.other_channels.items()]
    names = ("quarantined", "ambiguous", "open candles")
    seen += [f"{report.counts[name]:,} {name}" for name in names if report.counts.get(name)]
    seen += [f"{left.path.name}: {left.reason}" for left in report.left_out[:1]]
    seen += [f"first {report.first_flaw}"] if report.first_flaw else []
    n_files = len(report.files) + len(report.left_out)
    told = "; ".join(seen) or "no line with data"
    moved = f"; what was here before lies in {report.archived}" if report.archived else ""
    return f"nothing was imported from {n_files:,} files ({told}){moved}"


def _manifest(folder: Path, report: "ImportReport", before: "Manifest | None") -> "Manifest":
    from hypertrack.store.files.manifest import Manifest

    coins = {stream.partition(":")[2] for stream in report.streams} - {""}
    coins.update(before.coins if before else ())
    feeds = {stream.partition(":")[0] for stream in report.streams}
    feeds.update(before.feeds if before else ())
    return Manifest(
        hypertrack_version=__version__,
        python_version=platform.python_version(),
        notice="; ".join(_notices(report, before)) or None,
        is_complete=True,
        coins=tuple(sorted(coins)),
        feeds=tuple(
            feed.value for feed in Feed if feed in feeds or feed_path(folder, feed).exists()
        ),
        report=None if before is None else before.report,
        bytes_by_file={
            str(path.relative_to(folder)): path.stat().st_size for path in dataset_files(folder)
        },
        settings={} if before is None else before.settings,
    )


def _notices(report: "ImportReport", before: "Manifest | None") -> Iterable[str]:
    """Return what readers must know of the data's origin, and of what it was copied from."""
    notices = [] if before is None else [before.notice]
    n_by_format = Counter(file.format for file in report.files)
    notices += [_notice_beside(Path(file.path), file.format) for file in report.files]
    kinds = ", ".join(f"{n} {name}" for name, n in sorted(n_by_format.items()))
    if kinds:
        word = "file" if len(report.files) == 1 else "files"
        notices.append(f"imported, not recorded here: {kinds} {word}")
    return dict.fromkeys(notice for notice in notices if notice)


def _notice_beside(path: Path, form: Format) -> str | None:
    """Return what the manifest says that lies with a file, in its dataset or above archives."""
    from hypertrack.importing.formats import ARCHIVES
    from hypertrack.importing.source_files import dataset_folder
    from hypertrack.store.files.manifest import ARCHIVES_SETTING, read_manifest

    if form is Format.DATASET:
        folder = dataset_folder(path)
        source = None if folder is None else read_manifest(folder / MANIFEST_NAME)
        return None if source is None else source.notice
    if form not in ARCHIVES:
        return None
    for folder in path.resolve().parents[:MAX_FOLDERS_ABOVE]:
        source = read_manifest(folder / MANIFEST_NAME)
        if source is not None and ARCHIVES_SETTING in source.settings:
            return source.notice
    return None
