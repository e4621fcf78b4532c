"""Counting what comes in: one meter for each feed of each socket, added up for the status."""

from collections.abc import Iterable

REMEMBERED_LAGS = 1_024

MAX_LAG_MS = 3_600_000
"""Beyond an hour the venue does not live in our time, and there is no lag to speak of."""


class FeedMeter:
    """Written by one thread; read by any, each number for itself."""

    def __init__(self) -> None:
        self.n_frames = 0
        self.n_rows = 0
        """Lines handed to the writer."""
        self.n_duplicates = 0
        self.n_shed = 0
        self.last_seen_ns = 0
        self._lags_ms: list[int] = []
        self._n_lags = 0

    def see(self, received_ns: int) -> None:
        """Count a frame."""
        self.n_frames += 1
        self.last_seen_ns = received_ns

    def lag(self, lag_ms: int) -> None:
        """Remember how long after its exchange time a live frame was received."""
        if abs(lag_ms) > MAX_LAG_MS:
            return
        if self._n_lags < REMEMBERED_LAGS:
            self._lags_ms.append(lag_ms)
        else:
            self._lags_ms[self._n_lags % REMEMBERED_LAGS] = lag_ms
        self._n_lags += 1

    def lags_ms(self) -> list[int]:
        """Return the newest lags, in no order."""
        return self._lags_ms[:]


def quantile(values: Iterable[int], fraction: float) -> int | None:
    """Return the value that a fraction of the values does not exceed; None of none."""
    ordered = sorted(values)
    return ordered[round(fraction * (len(ordered) - 1))] if ordered else None
