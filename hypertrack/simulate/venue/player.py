"""The run of the exchange: events at their time, no faster than clients read them."""

import asyncio
from collections.abc import Iterator
from itertools import islice

from hypertrack.simulate.venue.broadcast import Broadcaster
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.source import Event, Source

_BATCH_EVENTS = 2_000
_POLL_S = 0.005
_FAR_FUTURE_MS = 2**62


class EventFeed:
    """The source's events by time, made one batch ahead in another thread.

    Making them takes the market's computations, during which sockets are to be served.
    """

    def __init__(self, events: Iterator[Event]):
        self._events = events
        self._ready: list[Event] = []
        self._at = 0
        self._next: asyncio.Future[list[Event]] | None = None
        self._has_ended = False

    async def fill(self, until_ms: int) -> None:
        """Get ready all events up to a time."""
        while not self._has_ended and (not self._ready or self._ready[-1].time_ms <= until_ms):
            batch = await (self._next or self._batch())
            self._has_ended = len(batch) < _BATCH_EVENTS
            self._next = None if self._has_ended else self._batch()
            self._ready = self._ready[self._at :] + batch
            self._at = 0

    def until(self, time_ms: int) -> Iterator[Event]:
        """Hand out the ready events up to a time, one by one."""
        while self._at < len(self._ready) and self._ready[self._at].time_ms <= time_ms:
            self._at += 1
            yield self._ready[self._at - 1]

    async def close(self) -> None:
        """Wait for the batch under way."""
        if self._next is not None:
            await asyncio.wait([self._next])

    def _batch(self) -> "asyncio.Future[list[Event]]":
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(None, lambda: list(islice(self._events, _BATCH_EVENTS)))


class Player:
    """Plays a source: its history at once, the rest as time passes.

    Args:
        settle_s: Wall time without a further subscription after which time begins, so that a
            client can subscribe to everything first; None starts at once.
    """

    def __init__(
        self,
        source: Source,
        broadcaster: Broadcaster,
        hub: Hub,
        clock: ExchangeClock,
        settle_s: float | None,
    ):
        self._source = source
        self._broadcaster = broadcaster
        self._hub = hub
        self._clock = clock
        self._settle_s = settle_s
        self._feed = EventFeed(source.events())
        self._max_backlog = 0

    async def take_history(self) -> None:
        """Take in what happened before the exchange opened."""
        await self._feed.fill(self._source.open_ms)
        for event in self._feed.until(self._source.open_ms):
            self._broadcaster.take(event)
        self._broadcaster.is_open = True

    async def play(self, max_backlog_bytes: int) -> None:
        """Play until the source is over and every client has been sent everything."""
        if self._settle_s is not None:
            await self._subscribers()
        self._max_backlog = max_backlog_bytes
        self._clock.start()
        while self._clock.now_ms < self._source.end_ms:
            await self._wait_for_readers()
            await self._advance(min(self._clock.turn(), self._source.end_ms))
            await self._deliver(max_backlog_bytes)
            await self._clock.rest()
        await self._take_until(_FAR_FUTURE_MS)
        self._broadcaster.finish()
        await self._deliver(0)

    async def close(self) -> None:
        """Stop making events."""
        await self._feed.close()

    async def _advance(self, target_ms: int) -> None:
        """Let happen what happens up to a time."""
        while True:
            until_ms = min(self._broadcaster.next_due_ms, target_ms)
            await self._take_until(until_ms)
            self._clock.now_ms = max(self._clock.now_ms, until_ms)
            if self._broadcaster.next_due_ms > target_ms:
                return
            self._broadcaster.push_due()
            await self._deliver(self._max_backlog)

    async def _take_until(self, time_ms: int) -> None:
        await self._feed.fill(time_ms)
        for event in self._feed.until(time_ms):
            self._broadcaster.take(event)
            if self._hub.plan.is_waiting:
                await self._wait_for_return()

    async def _deliver(self, max_backlog_bytes: int) -> None:
        self._hub.flush()
        await self._hub.drained(max_backlog_bytes)

    async def _wait_for_readers(self) -> None:
        """Stand still while nobody reads, where it is the readers who set the pace."""
        is_refusing = self._hub.plan.refuses(self._clock.now_ms)
        if self._clock.is_unlimited and not is_refusing and self._settle_s is not None:
            await self._subscribers()

    async def _subscribers(self) -> None:
        if not self._hub.has_subscriber.is_set():
            await self._hub.has_subscriber.wait()
            await self._settle()

    async def _settle(self) -> None:
        """Wait until no subscription has come for a while."""
        n_subscribed = -1
        while n_subscribed != self._hub.n_subscribed:
            n_subscribed = self._hub.n_subscribed
            await asyncio.sleep(self._settle_s or 0)

    async def _wait_for_return(self) -> None:
        """Stand still until somebody subscribes again."""
        self._hub.flush()
        while self._hub.plan.is_waiting:
            await asyncio.sleep(_POLL_S)
        await self._settle()
        self._clock.start()
