"""Which contexts of a coin are kept: the last of each minute, and each whose funding changed.

The venue sends about one a second, most of which say what the one before said.
"""

from typing import NamedTuple

from hypertrack.feeds.rows import Row
from hypertrack.records import MINUTE_MS


class DatedContext(NamedTuple):
    """A context, its row with the time at which it held, and when it was received."""

    row: Row
    received_ns: int


class KeptContexts:
    """Chooses among the contexts of one coin, in the order in which they come."""

    def __init__(self) -> None:
        self._last: DatedContext | None = None
        self._is_kept = True

    def take(self, row: Row, received_ns: int) -> list[DatedContext]:
        """Return what is to be kept now that a context came: it, the one before, both or none.

        The first one tells a rate, and is kept.
        """
        last, new = self._last, DatedContext(row, received_ns)
        is_over = last is not None and _minute(last) != _minute(new)
        kept = self.finish() if is_over else []
        is_changed = last is None or last.row.row_id != row.row_id
        self._last, self._is_kept = new, is_changed
        return [*kept, new] if is_changed else kept

    def finish(self) -> list[DatedContext]:
        """Return the last one, unless it was kept: nothing more comes in its minute."""
        if self._last is None or self._is_kept:
            return []
        self._is_kept = True
        return [self._last]


def _minute(context: DatedContext) -> int:
    return context.row.exchange_time_ms // MINUTE_MS
