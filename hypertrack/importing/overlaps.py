"""Which files say again what a dataset already holds."""

from collections.abc import Iterable

from hypertrack.importing.file_lines import LineFile, TornFileError
from hypertrack.importing.formats import ARCHIVES, TRADELESS, Format
from hypertrack.importing.import_log import IMPORTED_BEFORE, ImportedFile
from hypertrack.importing.imported_coverage import Span, merged, overlap_ms
from hypertrack.importing.source_files import SourceFile, named_hour_ms
from hypertrack.importing.survey import line_time_ms
from hypertrack.records import HOUR_MS

SHARED_MS = 60_000
"""Files of neighbouring hours may share this much time and not be about the same trades."""


class Overlaps:
    """Knows what was imported, in this run and before.

    Trades with the venue's id are told apart by it, wherever they come from. Those of
    ``node_trades`` have none: beside another source of the same time they would count twice.

    Args:
        logged: Files imported before.
        observed: Times of which the dataset had trades before this run, whatever their source.
    """

    def __init__(self, logged: Iterable[ImportedFile], observed: Iterable[Span]):
        self._digests: set[str] = set()
        self._with_id: list[Span] = []
        self._without_id: list[Span] = []
        for file in logged:
            self.add(file)
        self._before = list(observed)

    def add(self, file: ImportedFile) -> None:
        """Take down a file that was imported."""
        self._digests.add(file.digest)
        spans = file.spans if file.about is None else (file.about,)
        if file.format is Format.NODE_TRADES:
            self._without_id = merged([*self._without_id, *spans])
        elif file.format not in TRADELESS:
            self._with_id = merged([*self._with_id, *spans])

    def objection(self, file: SourceFile, digest: str) -> str | None:
        """Return why a file must not be imported, None where it may."""
        if digest in self._digests:
            return IMPORTED_BEFORE
        if file.format not in ARCHIVES:
            return None
        is_anonymous = file.format is Format.NODE_TRADES
        others = merged([*self._before, *self._with_id]) if is_anonymous else self._without_id
        if not _is_shared(file, others):
            return None
        return "the trades of its time are here from another source, and node_trades have no id"


def _is_shared(file: SourceFile, others: list[Span]) -> bool:
    hour_ms = named_hour_ms(file.path)
    if hour_ms is not None:
        return overlap_ms((hour_ms, hour_ms + HOUR_MS), others) > SHARED_MS
    first_ms = _first_time_ms(file)
    return first_ms is not None and overlap_ms((first_ms, first_ms + 1), others) > 0


def _first_time_ms(file: SourceFile) -> int | None:
    try:
        return next((t for line in LineFile(file.path) if (t := line_time_ms(line))), None)
    except TornFileError:
        return None
