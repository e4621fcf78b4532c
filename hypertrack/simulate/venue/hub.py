"""Who gets what: subscriptions of all sockets, and frames handed to their subscribers."""

import asyncio
from collections.abc import Iterable
from typing import Any

from hypertrack.simulate.venue.connections import Connection, websocket_frame
from hypertrack.simulate.venue.faults import FaultPlan, Faults
from hypertrack.simulate.venue.subscription_requests import Subscription, Topic

_DRAIN_POLL_S = 0.001


class Hub:
    """Every open socket and what it is subscribed to.

    Attributes:
        has_subscriber: Set while somebody is subscribed to something.
        n_subscribed: How many subscriptions were made so far.
    """

    def __init__(self, plan: FaultPlan):
        self.plan = plan
        self.connections: dict[Connection, None] = {}
        """Oldest first."""
        self.has_subscriber = asyncio.Event()
        self.n_subscribed = 0
        self._by_topic: dict[Topic, list[Connection]] = {}
        self._starved: set[Connection] = set()
        """Sockets that were subscribed to the coin that starves when it began to."""
        self._starving: Faults | None = None
        self._by_kind: dict[str, dict[Topic, Subscription]] = {}

    def add(self, connection: Connection) -> None:
        """Take a new socket in."""
        self.connections[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forget a socket and its subscriptions."""
        self.connections.pop(connection, None)
        for topic in list(connection.subscriptions):
            self.unsubscribe(connection, topic)

    def subscribe(self, connection: Connection, subscription: Subscription) -> None:
        """Let a socket have the frames of a topic."""
        topic = subscription.topic
        connection.subscriptions[topic] = subscription
        self._by_topic.setdefault(topic, []).append(connection)
        if topic == ("trades", self.plan.faults.starve):
            self._starved.discard(connection)
        self._by_kind.setdefault(subscription.kind, {})[topic] = subscription
        self.n_subscribed += 1
        self.plan.welcome()
        self.has_subscriber.set()

    def unsubscribe(self, connection: Connection, topic: Topic) -> None:
        """Take a topic from a socket that has it."""
        subscription = connection.subscriptions.pop(topic)
        subscribers = self._by_topic[topic]
        subscribers.remove(connection)
        if not subscribers:
            del self._by_topic[topic]
            del self._by_kind[subscription.kind][topic]
        if not self._by_topic:
            self.has_subscriber.clear()

    def has(self, topic: Topic) -> bool:
        """Return whether anybody is subscribed to a topic."""
        return topic in self._by_topic

    def subscriptions(self, kind: str) -> list[Subscription]:
        """Return what is subscribed of a kind, each once."""
        return list(self._by_kind.get(kind, {}).values())

    def publish(self, topic: Topic, payload: bytes, now_ms: int) -> None:
        """Queue a frame for every subscriber of a topic."""
        subscribers = self._by_topic.get(topic)
        if not subscribers:
            return
        if self.plan.is_idle:
            frame = websocket_frame(payload)
            for connection in subscribers:
                connection.send_frame(frame)
            return
        for connection in self._served(topic, subscribers):
            for faulty in self.plan.frames(payload):
                connection.send(faulty)
        if self.plan.breaks_now(now_ms):
            self._break_sockets()

    def _served(self, topic: Topic, subscribers: list[Connection]) -> tuple[Connection, ...]:
        """Return who is sent a topic's frames."""
        faults = self.plan.faults
        if topic != ("trades", faults.starve):
            return tuple(subscribers)
        if self._starving is not faults:
            self._starving, self._starved = faults, set(subscribers)
        return tuple(one for one in subscribers if one not in self._starved)

    def flush(self) -> None:
        """Write out what is queued."""
        for connection in self.connections:
            connection.flush()

    async def drained(self, max_bytes: int) -> None:
        """Wait until every client has read all but this many bytes, or was dropped."""
        while sum(c.is_behind(max_bytes) for c in tuple(self.connections)):
            await asyncio.sleep(_DRAIN_POLL_S)

    def abort_all(self) -> None:
        """Drop every socket."""
        for connection in tuple(self.connections):
            connection.abort()

    def counts(self) -> dict[str, Any]:
        """Return how many sockets and subscriptions there are."""
        return {
            "connections": len(self.connections),
            "subscriptions": sum(_sizes(self._by_topic.values())),
        }

    def _break_sockets(self) -> None:
        faults = self.plan.faults
        for connection in tuple(self.connections)[: faults.break_sockets]:
            if faults.break_by == "stall":
                connection.flush()
                connection.is_stalled = True
            elif faults.break_by == "close":
                connection.close(faults.close_code, faults.close_reason)
            else:
                connection.drop()


def _sizes(lists: Iterable[list[Connection]]) -> Iterable[int]:
    return (len(subscribers) for subscribers in lists)
