"""A stretch of exchange time."""

from dataclasses import dataclass

import ibis


@dataclass(frozen=True)
class Window:
    """Exchange time from ``start_ms`` up to, and without, ``end_ms``."""

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """Return the length, 0 for a window that ends before it starts."""
        return max(self.end_ms - self.start_ms, 0)

    def of(self, rows: ibis.Table, time: str = "time_ms") -> ibis.Table:
        """Return the rows inside."""
        return rows.filter(rows[time] >= self.start_ms, rows[time] < self.end_ms)
