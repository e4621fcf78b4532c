"""The newest exchange time seen, on one socket and on any, and how late rows come behind it."""

import heapq
from collections import deque

LATE_FRAC = 0.001
"""Of the rows, those whose lateness is left out of account: the rest is the p99.9."""

JUDGED_ROWS = 4_096
"""Rows whose lateness is remembered."""

REFRESH_ROWS = 32
"""The quantile is asked for by every stream of a socket, and taken anew after so many rows."""


class ExchangeTime:
    """Only ever moves forward; written by the thread that reads the frames."""

    def __init__(self, everywhere: "ExchangeTime | None" = None):
        self.first_ms: int | None = None
        self.newest_ms: int | None = None
        self._everywhere = everywhere
        self._n_rows = 0
        self._late: deque[tuple[int, int]] = deque()
        """Number of the row and how many milliseconds late it was; those in time are left out."""
        self._lateness_ms = 0
        self._refresh_at = 0

    def see(self, time_ms: int) -> None:
        """Move on to a time, here and everywhere, unless it is older than what was seen."""
        if self.newest_ms is None or time_ms > self.newest_ms:
            self.newest_ms = time_ms
            if self.first_ms is None:
                self.first_ms = time_ms
            if self._everywhere is not None:
                self._everywhere.see(time_ms)

    def count(self, late_ms: int) -> None:
        """Count a live row, and how far behind the newest time it came."""
        self._n_rows += 1
        if late_ms > 0:
            self._late.append((self._n_rows, late_ms))
            self._refresh_at = 0
        if self._everywhere is not None:
            self._everywhere.count(late_ms)

    @property
    def lateness_ms(self) -> int:
        """Return how late rows came, at most, but for one in a thousand."""
        if not self._late:
            return 0
        if self._n_rows >= self._refresh_at:
            self._refresh_at = self._n_rows + REFRESH_ROWS
            self._lateness_ms = self._late_quantile()
        return self._lateness_ms

    @property
    def certain_ms(self) -> int | None:
        """Return the time up to which all is likely to have come."""
        return None if self.newest_ms is None else self.newest_ms - self.lateness_ms

    def _late_quantile(self) -> int:
        while self._late and self._late[0][0] <= self._n_rows - JUDGED_ROWS:
            self._late.popleft()
        n_left_out = int(LATE_FRAC * min(self._n_rows, JUDGED_ROWS))
        latest = heapq.nlargest(n_left_out + 1, [late_ms for _, late_ms in list(self._late)])
        return latest[n_left_out] if len(latest) > n_left_out else 0
