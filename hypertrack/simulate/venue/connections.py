"""One client's socket: frames queued, written in batches, and what the client may do."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from hypertrack.clock import Clock
from hypertrack.records import encode_json
from hypertrack.simulate.venue.subscription_requests import Subscription, Topic
from hypertrack.simulate.venue.venue_rules import VenueRules

_FINAL_TEXT = 0x81
_CLOSE = 0x88
_MINUTE_S = 60.0
_CLOSE_ANSWER_S = 0.1


def websocket_frame(payload: bytes, first_byte: int = _FINAL_TEXT) -> bytes:
    """Return the unmasked, uncompressed frame that carries a payload (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((first_byte, size)) + payload
    if size < 1 << 16:
        return bytes((first_byte, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first_byte, 127)) + size.to_bytes(8, "big") + payload


def channel_frame(channel: str, data: bytes) -> bytes:
    """Return the JSON of a frame whose data is JSON already."""
    return b'{"channel":"%s","data":%s}' % (channel.encode(), data)


class MinuteBudget:
    """Counts what was spent in the last minute.

    Args:
        minute_s: How long a minute lasts.

    Attributes:
        total: All that was spent.
        most: The most of any minute.
        n_refused: How often an amount was more than was left.
    """

    def __init__(self, minute_s: float = _MINUTE_S) -> None:
        self.total = self.most = self.n_refused = 0
        self._minute_s = minute_s
        self._spent: deque[tuple[float, int]] = deque()
        self._last_minute = 0

    def spend(self, amount: int, limit: int | None, now_s: float) -> bool:
        """Spend an amount and return True, or return False where it would exceed the limit."""
        while self._spent and self._spent[0][0] <= now_s - self._minute_s:
            self._last_minute -= self._spent.popleft()[1]
        if limit is not None and self._last_minute + amount > limit:
            self.n_refused += 1
            return False
        self._spent.append((now_s, amount))
        self._last_minute += amount
        self.total += amount
        self.most = max(self.most, self._last_minute)
        return True


@dataclass
class Guest:
    """What one address holds, over all of its sockets."""

    connections: set["Connection"] = field(default_factory=set)
    messages: MinuteBudget = field(default_factory=MinuteBudget)
    info_weight: MinuteBudget = field(default_factory=MinuteBudget)
    evm_requests: MinuteBudget = field(default_factory=MinuteBudget)
    n_posts: int = 0

    @property
    def n_subscriptions(self) -> int:
        """Return the subscriptions held."""
        return sum(len(connection.subscriptions) for connection in self.connections)

    def users(self) -> set[str]:
        """Return the wallets followed."""
        held = (s for c in self.connections for s in c.subscriptions.values())
        return {subscription.user for subscription in held if subscription.user is not None}


class Connection:
    """A socket of a client.

    Frames are written to the transport as they stand, many at once: they are the same bytes for
    every client, and this is several times faster than one write a frame.

    Args:
        transport: Of the connection, after the handshake.
        guest: The address it comes from.
        on_gone: Called once when it ends, however it does.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        guest: Guest,
        rules: VenueRules,
        clock: Clock,
        *,
        is_explorer: bool = False,
        on_gone: Callable[["Connection"], None] = lambda _: None,
    ):
        self.subscriptions: dict[Topic, Subscription] = {}
        self.guest = guest
        self.is_explorer = is_explorer
        self.is_stalled = False
        self.n_frames = 0
        self._has_ended = False
        self._transport = transport
        self._rules = rules
        self._clock = clock
        self._on_gone = on_gone
        self._pending: list[bytes] = []
        self._last_sent_s = clock.monotonic_s()
        self._backlog = 0
        self._stuck_since_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        guest.connections.add(self)
        self._watch_idle()

    @property
    def is_open(self) -> bool:
        """Return whether frames can still be written."""
        return not (self._has_ended or self._transport.is_closing())

    def send(self, payload: bytes) -> None:
        """Queue a frame of text."""
        self.send_frame(websocket_frame(payload))

    def send_frame(self, frame: bytes) -> None:
        """Queue a frame that is ready to be written."""
        if not self.is_stalled:
            self._pending.append(frame)

    def send_json(self, channel: str, data: object) -> None:
        """Queue a frame."""
        self.send(channel_frame(channel, encode_json(data)))

    def flush(self) -> None:
        """Write what is queued."""
        if not self._pending:
            return
        if self.is_open:
            self._transport.write(b"".join(self._pending))
            self.n_frames += len(self._pending)
            self._last_sent_s = self._clock.monotonic_s()
        self._pending.clear()

    def is_behind(self, max_bytes: int) -> bool:
        """Return whether more than this waits for the client; drop one that reads nothing."""
        backlog = self._transport.get_write_buffer_size() if self.is_open else 0
        now = self._clock.monotonic_s()
        if backlog <= max_bytes or backlog != self._backlog:
            self._backlog, self._stuck_since_s = backlog, now
        elif now - self._stuck_since_s > self._rules.slow_reader_wall_s:
            self.abort()
            return False
        return backlog > max_bytes

    def abort(self) -> None:
        """Drop the connection at once, without a close frame."""
        self._transport.abort()
        self.forget()

    def abort_later(self, delay_s: float) -> None:
        """Say nothing more and drop the connection after a while."""
        self.flush()
        self.is_stalled = True
        asyncio.get_running_loop().call_later(delay_s, self.abort)

    def drop(self) -> None:
        """End the stream after what was sent, without a close frame."""
        self.flush()
        self._transport.close()
        self.forget()

    def close(self, code: int, reason: str) -> None:
        """Send a close frame and end the stream, once the client had time to answer."""
        payload = code.to_bytes(2, "big") + reason.encode()
        self._pending.append(websocket_frame(payload, _CLOSE))
        self.flush()
        asyncio.get_running_loop().call_later(_CLOSE_ANSWER_S, self._transport.close)
        self.forget()

    def forget(self) -> None:
        """Give up what the connection holds; safe to call again."""
        self._has_ended = True
        if self._timer is not None:
            self._timer.cancel()
        self.guest.connections.discard(self)
        self._on_gone(self)

    def _watch_idle(self) -> None:
        """Look again when the connection will have been idle for long enough, or end it."""
        left = self._last_sent_s + self._rules.idle_wall_s - self._clock.monotonic_s()
        if left > 0 or self.is_stalled:
            wait_s = max(left, 0.05)
            self._timer = asyncio.get_running_loop().call_later(wait_s, self._watch_idle)
        elif self._rules.idle_close == "inactive":
            self.close(1000, "Inactive")
        else:
            self.abort()
