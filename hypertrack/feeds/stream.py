"""A single stream as an iterator, for scripts and a first look; it does not reconnect."""

import threading
from collections.abc import Iterator

from hypertrack.clock import Clock, SystemClock
from hypertrack.errors import VenueError
from hypertrack.feeds.connection import connect
from hypertrack.feeds.frames import Rejected, parse_frame
from hypertrack.feeds.rows import Row, Rows
from hypertrack.feeds.subscriptions import Subscription


def stream(
    url: str,
    subscription: Subscription,
    *,
    clock: Clock | None = None,
    stop: threading.Event | None = None,
) -> Iterator[Row]:
    """Subscribe to one stream and yield its rows as they come.

    Args:
        url: WebSocket address (`Endpoints.market_ws`).
        stop: Ends the iteration when set.

    Raises:
        VenueError: No connection, a refused subscription, or a connection that ended; an unknown
            coin ends it without a word (protocol, section 1.6).
    """
    connection = connect(url, clock or SystemClock())
    try:
        connection.send(subscription.request())
        while stop is None or not stop.is_set():
            data = connection.receive()
            frame = None if data is None else parse_frame(data)
            if isinstance(frame, Rejected):
                raise VenueError(f"{subscription.stream} was refused: {frame.text}")
            if isinstance(frame, Rows):
                yield from frame.rows
    finally:
        connection.close()
