"""What was stored already: the venue replays a coin's last 30 trades at every subscription."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from hypertrack.records import MINUTE_MS

REMEMBERED = 512
"""Identities remembered for each stream: a replay is 30, a busy block's frame a few dozen."""

REMEMBERED_OF_TWINS = 16_384
"""Of a stream that two sockets receive: how far one may fall behind and store nothing twice."""

COUNTED_MINUTES = 64
"""Minutes whose rows are counted: a candle closes seconds after its minute, or minutes after a
reconnection."""

Identity = tuple[int, int | str]
"""Exchange time and id; with the coin it tells trades apart (protocol, pitfall 7)."""


class StreamMemory:
    """The newest identities of one stream, oldest forgotten first.

    Attributes:
        limit: How many.
        lock: To be held by sockets that receive the same stream.
    """

    def __init__(self, limit: int = REMEMBERED):
        self.lock = threading.Lock()
        self.limit = limit
        self._seen: OrderedDict[Identity, None] = OrderedDict()
        self._n_by_minute: dict[int, int] = {}
        self._counted_from = 0
        """The first minute whose count is still known."""
        self.last: Identity | None = None
        """The identity with the newest time; of several, the one that came last."""

    def add(self, identity: Identity) -> bool:
        """Remember an identity; return False where it is known."""
        seen, n_seen = self._seen, len(self._seen)
        seen[identity] = None  # keeps its place where it is known
        if len(seen) == n_seen:
            return False
        if n_seen >= self.limit:
            seen.popitem(last=False)
        time_ms = identity[0]
        minute = time_ms // MINUTE_MS
        counts = self._n_by_minute
        if minute in counts:
            counts[minute] += 1
        elif minute >= self._counted_from:
            self._count_from_now(minute)
        if self.last is None or time_ms >= self.last[0]:
            self.last = identity
        return True

    def last_until(self, time_ms: int | None) -> Identity | None:
        """Return the newest identity that is no newer than a time, if it is still remembered."""
        if time_ms is None or self.last is None or self.last[0] <= time_ms:
            return self.last
        with self.lock:
            return max(
                (seen for seen in self._seen if seen[0] <= time_ms),
                key=lambda identity: identity[0],
                default=None,
            )

    def knows_any(self, identities: Iterable[Identity]) -> bool:
        """Return whether any of these is remembered."""
        return any(identity in self._seen for identity in identities)

    def n_in_minute(self, start_ms: int) -> int | None:
        """Return how many rows of a minute were added; None where that is forgotten."""
        minute = start_ms // MINUTE_MS
        return None if minute < self._counted_from else self._n_by_minute.get(minute, 0)

    def _count_from_now(self, minute: int) -> None:
        self._n_by_minute[minute] = 1
        if len(self._n_by_minute) > COUNTED_MINUTES:
            oldest = min(self._n_by_minute)
            del self._n_by_minute[oldest]
            self._counted_from = oldest + 1

    def of_minute(self, start_ms: int) -> set[Identity]:
        """Return the identities of a minute that are remembered."""
        with self.lock:
            return {seen for seen in self._seen if 0 <= seen[0] - start_ms < MINUTE_MS}
