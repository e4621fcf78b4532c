"""What was stored already: the venue replays a coin's last 30 trades at every subscription."""

import threading
from collections import OrderedDict

REMEMBERED = 512
"""Identities remembered for each stream: a replay is 30, a busy block's frame a few dozen."""

REMEMBERED_OF_TWINS = 16_384
"""Of a stream that two sockets receive: how far one may fall behind and store nothing twice."""

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
        self.last: Identity | None = None
        """The identity with the newest time; of several, the one that came last."""

    def add(self, identity: Identity) -> bool:
        """Remember an identity; return False where it is known."""
        if identity in self._seen:
            return False
        self._seen[identity] = None
        if len(self._seen) > self.limit:
            self._seen.popitem(last=False)
        if self.last is None or identity[0] >= self.last[0]:
            self.last = identity
        return True
