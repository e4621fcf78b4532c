"""Two sources of the same trades beside each other: what either lacks.

The venue's own ``trades`` and the fills of a provider or a node are compared by what tells trades
apart. A trade that one of them has not brought when it is a minute further, it lacks.
"""

import threading
from collections.abc import Iterable

from hypertrack.recording.dedupe import Identity

PATIENCE_MS = 60_000
"""How late a trade may come, in exchange time, behind others of its source."""

MAX_WAITING = 500_000
"""Trades that wait for the other source at most: one that is silent for hours lacks them."""

TAPE, FILLS = 1, 2


class TapeCheck:
    """Any thread may tell it what came.

    Attributes:
        n_both: Trades that both brought.
        n_only_on_tape: Trades that the fills lack, since the first of these came.
        n_only_in_fills: Trades that the tape lacks, of coins that are recorded from it.
    """

    def __init__(self) -> None:
        self.n_both = self.n_only_on_tape = self.n_only_in_fills = 0
        self._lock = threading.Lock()
        self._sources: dict[tuple[str, Identity], int] = {}
        self._since_ms: int | None = None
        self._settled_ms = 0
        self._newest_ms = {TAPE: 0, FILLS: 0}

    def see(self, source: int, coin: str, identities: Iterable[Identity]) -> None:
        """Take down trades that a source brought; repeated ones count once."""
        with self._lock:
            for identity in identities:
                time_ms = identity[0]
                if self._since_ms is None and source == FILLS:
                    self._since_ms = time_ms
                if self._since_ms is None or time_ms < max(self._since_ms, self._settled_ms):
                    continue
                key = coin, identity
                self._sources[key] = self._sources.get(key, 0) | source
                self._newest_ms[source] = max(self._newest_ms[source], time_ms)
            if min(self._newest_ms.values()) - self._settled_ms > 2 * PATIENCE_MS:
                self._settle(min(self._newest_ms.values()) - PATIENCE_MS)
            elif len(self._sources) > MAX_WAITING:
                self._settle(max(self._newest_ms.values()) - PATIENCE_MS)

    def finish(self) -> None:
        """Judge what is left, but for the last minute, in which one may be behind."""
        with self._lock:
            self._settle(min(self._newest_ms.values()) - PATIENCE_MS)

    def _settle(self, before_ms: int) -> None:
        self._settled_ms = max(self._settled_ms, before_ms)
        old = [key for key in self._sources if key[1][0] < before_ms]
        for key in old:
            source = self._sources.pop(key)
            self.n_both += source == TAPE | FILLS
            self.n_only_on_tape += source == TAPE
            self.n_only_in_fills += source == FILLS
