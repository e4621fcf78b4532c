"""A dataset in a database, as a sliding window takes its rows."""

from collections.abc import Sequence

from hypertrack.config import DatabaseUrl
from hypertrack.records import Feed
from hypertrack.store.database.added_rows import AddedRows, SessionReader
from hypertrack.store.database.database_lines import DatabaseLines
from hypertrack.store.database.schema import KEYS
from hypertrack.store.database.session_table import StoredSession
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.open_lines import GrowingLines
from hypertrack.store.reading.recorded_lines import Lines


class DatabaseSource:
    """The session that is recorded to, from a time on; see `WindowSource`."""

    def __init__(self, url: DatabaseUrl, start_ms: int):
        self._url, self._start_ms = url, start_ms
        self._reader = SessionReader(url)
        self._seen: StoredSession | None = None
        self.lines: Lines = DatabaseLines(url)

    def begin(self, feed: Feed) -> tuple[GrowingLines, Sequence[FolderLines]]:
        """Return the rows of a feed from the first on that is in time; no hour is sealed."""
        rows = AddedRows(self._reader, feed)
        rows.begin()
        time = next(iter(KEYS[feed]))
        if time.endswith("_ms"):
            rows.pass_over_before(time, self._start_ms)
        return rows, ()

    def look(self) -> tuple[bool, bool]:
        """Return twice whether anything was added since the last call."""
        before, self._seen = self._seen, self._reader.find()
        is_changed = self._seen != before
        if is_changed:  # what is seen does not change while it is open
            self.lines.close()
            self.lines = DatabaseLines(self._url)
        return is_changed, is_changed

    def close(self) -> None:
        """Disconnect."""
        self.lines.close()
        self._reader.close()
