"""A stretch of exchange time."""

from dataclasses import dataclass

import ibis


@dataclass(frozen=True)
class Window:
    """Exchange time from ``start_ms`` up to, and without, ``end_ms``.

    In a query that is made before it is known for which window, both are `variable`s.
    """

    start_ms: int
    end_ms: int

    @property
    def length_ms(self) -> int:
        """Return the length, 0 for a window that ends before it starts."""
        length_ms = self.end_ms - self.start_ms
        return max(length_ms, 0) if isinstance(length_ms, int) else ibis.greatest(length_ms, 0)

    def of(self, rows: ibis.Table, time: str = "time_ms") -> ibis.Table:
        """Return the rows inside."""
        return rows.filter(rows[time] >= self.start_ms, rows[time] < self.end_ms)


def as_value(moment: int) -> ibis.Value:
    """Return a time as a value of a query."""
    return ibis.literal(moment, "int64") if isinstance(moment, int) else moment
