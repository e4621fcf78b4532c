"""Keeping one socket: connect, subscribe, listen, notice its end, and begin again."""

import logging
import queue
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hypertrack.clock import Clock
from hypertrack.config import RecordSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.connection import Connection, ConnectionLostError, Heartbeat, connect
from hypertrack.feeds.frames import Acknowledged, Frame, Rejected, Unasked, parse_frame
from hypertrack.feeds.rows import Rows, Unreadable
from hypertrack.feeds.subscriptions import PING, Subscription
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.intake import Intake, StreamIntake
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.redundant import RedundantCoverage
from hypertrack.recording.subscription_tracker import SubscriptionTracker
from hypertrack.records import CoverageCause, Feed
from hypertrack.text import masked_url

log = logging.getLogger(__name__)

PACED_FEEDS = frozenset({Feed.L2BOOK, Feed.BLOCKS})
"""Feeds that the venue sends at its own pace, so that silence means something."""

PROVEN_FRAMES = 2
"""Frames after which a paced stream counts as flowing: what never flowed cannot fall silent, and
would have its socket replaced for ever."""

CHORE_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all sockets of a recorder share."""

    settings: RecordSettings
    clock: Clock
    stop: threading.Event
    new_sockets: RateBudget
    messages: RateBudget
    candles: CandleBook
    rng: random.Random = field(default_factory=random.Random)
    refused: set[str] = field(default_factory=set)
    """Coins that killed their socket too often; only ever added to."""


class Listener:
    """One socket of the plan, and the thread that keeps it.

    Attributes:
        intake: Where its rows go.
        n_reconnects: Connections lost so far.
        is_open: Whether one is open now.
    """

    def __init__(self, plan: SocketPlan, intake: Intake, around: Surroundings):
        self.intake = intake
        self.n_reconnects = 0
        self.is_open = False
        self._address = plan.url
        self._url = masked_url(plan.url)  # to be logged
        self._around = around
        self._roll = SubscriptionTracker(plan.subscriptions, around.settings.refuse_coin_after)
        self._starved: queue.SimpleQueue[Subscription] = queue.SimpleQueue()
        self._added: queue.SimpleQueue[StreamIntake] = queue.SimpleQueue()
        self._n_attempts = 0
        self._next_chores_s = 0.0
        self._is_pinged_for_life = False
        self._handlers: Mapping[type, Callable[..., None]] = {
            Rows: self._take_rows,
            Unreadable: self._take_unreadable,
            Acknowledged: self._take_acknowledged,
            Rejected: self._take_rejected,
            Unasked: self._take_unasked,
        }

    def run(self) -> None:
        """Listen until the recorder stops."""
        while not self._around.stop.is_set() and not self._roll.is_empty:
            connection = self._open()
            if connection is None:
                continue
            self.is_open = True
            try:
                self._listen(connection)
            except ConnectionLostError as lost:
                about = {"url": self._url, "cause": lost.cause}
                log.warning("%s: %s; connecting again", self._url, lost, extra=about)
                self._end(lost)
            finally:
                self.is_open = False
                connection.close()
        for stream in self.intake.streams.values():
            self.intake.settle(stream)
            if isinstance(stream.coverage, RedundantCoverage):
                stream.coverage.settle()

    def resubscribe(self, subscription: Subscription) -> None:
        """Have a stream that starves subscribed to anew; any thread may."""
        self._starved.put(subscription)

    def take_in(self, stream: StreamIntake) -> None:
        """Receive one more stream over this socket; any thread may."""
        self._added.put(stream)

    @property
    def n_subscriptions(self) -> int:
        """Return how many streams it carries, or is about to."""
        return self._roll.n_wanted + self._added.qsize()

    def _open(self) -> Connection | None:
        """Return a connection, None where there is none yet; wait before the attempt."""
        around, settings = self._around, self._around.settings
        if self._n_attempts:
            longest_s = min(
                settings.backoff_max_s, settings.backoff_min_s * 2 ** (self._n_attempts - 1)
            )
            if around.clock.wait(around.stop, around.rng.uniform(0, longest_s)):
                return None
        if not around.new_sockets.spend(1, around.stop):
            return None
        self._n_attempts += 1
        heartbeat = Heartbeat(settings.ping_interval_s, settings.pong_timeout_s)
        try:
            return connect(self._address, around.clock, heartbeat, around.messages)
        except VenueError as error:
            log.warning("%s", error, extra={"url": self._url})
            return None

    def _listen(self, connection: Connection) -> None:
        clock, stop = self._around.clock, self._around.stop
        self._roll.begin()
        while not self._starved.empty():
            self._starved.get()  # a new connection subscribes to everything
        self._next_chores_s = 0.0
        self._is_pinged_for_life = False
        for stream in self.intake.streams.values():
            stream.n_frames = 0
            stream.coverage.opened()
        while not stop.is_set() and not self._roll.is_empty:
            now_s = clock.monotonic_s()
            if now_s >= self._next_chores_s:
                self._do_chores(connection, now_s)
                self._next_chores_s = now_s + CHORE_INTERVAL_S
            data = connection.receive()
            if data is not None:
                received_ns = clock.wall_ns()
                self._roll.has_life = True
                frame: Frame = parse_frame(data)
                self._handlers[type(frame)](frame, data, received_ns)

    def _do_chores(self, connection: Connection, now_s: float) -> None:
        self._give_up(self._around.refused)
        self._check_pace(now_s)
        self._take_added()
        if self._roll.needs_sign_of_life and not self._is_pinged_for_life:
            connection.send(PING)
            self._is_pinged_for_life = True
        while not self._starved.empty() and self._around.messages.available():
            subscription = self._starved.get()
            connection.send(subscription.cancellation())
            self._roll.again(subscription)
        due = self._roll.due(now_s)
        if due and self._around.messages.available() >= len(due):
            for subscription in due:
                connection.send(subscription.request())
            self._roll.sent(due, now_s)

    def _take_added(self) -> None:
        while not self._added.empty():
            stream = self._added.get()
            subscription = stream.subscription
            self.intake.streams[subscription.feed, subscription.coin] = stream
            stream.coverage.opened()
            self._roll.want(subscription)

    def _check_pace(self, now_s: float) -> None:
        """End the connection where a paced stream has fallen silent."""
        limit_s = self._around.settings.paced_silence_s
        proven = [s for s in self.intake.streams.values() if s.n_frames >= PROVEN_FRAMES]
        silent = [
            stream
            for stream in proven
            if stream.subscription.feed in PACED_FEEDS and now_s - stream.last_frame_s > limit_s
        ]
        # Contexts were only seen to come each second for busy coins: all of them have to be silent.
        contexts = [stream for stream in proven if stream.subscription.feed is Feed.CONTEXTS]
        if all(now_s - stream.last_frame_s > limit_s for stream in contexts):
            silent += contexts
        if silent:
            for stream in silent:
                stream.coverage.lose(CoverageCause.SILENCE, stream.last_exchange_ms)
            name = silent[0].subscription.stream
            raise ConnectionLostError(
                CoverageCause.SILENCE, f"nothing of {name} for {limit_s:.0f} s"
            )

    def _take_rows(self, frame: Rows, data: bytes, received_ns: int) -> None:
        self._n_attempts = 0  # data flows again
        self.intake.take(frame, data, received_ns)

    def _take_unreadable(self, frame: Unreadable, data: bytes, received_ns: int) -> None:
        about = {"url": self._url, "feed": frame.feed, "coin": frame.coin}
        log.warning(
            "%s: unreadable frame kept in quarantine: %s", self._url, frame.reason, extra=about
        )
        self.intake.quarantine(frame, data, received_ns)

    def _take_acknowledged(self, frame: Acknowledged, _data: bytes, _received_ns: int) -> None:
        subscription = self._roll.acknowledge(frame.echo)
        if subscription is not None:
            self._stream_of(subscription).coverage.acknowledge()
            if subscription.feed is Feed.CANDLES:
                self._around.candles.connected(subscription.coin)

    def _take_rejected(self, frame: Rejected, _data: bytes, _received_ns: int) -> None:
        log.warning("%s: %s", self._url, frame.text, extra={"url": self._url})
        subscription = None if frame.echo is None else self._roll.reject(frame.echo)
        if subscription is not None:
            self._stream_of(subscription).coverage.refuse()

    def _take_unasked(self, _frame: Unasked, _data: bytes, _received_ns: int) -> None:
        """Take a pong, a greeting, a channel not asked for: signs of life, no more."""

    def _stream_of(self, subscription: Subscription) -> StreamIntake:
        return self.intake.streams[subscription.feed, subscription.coin]

    def _end(self, lost: ConnectionLostError) -> None:
        self.n_reconnects += 1
        self._n_attempts = max(self._n_attempts, 1)
        guilty = self._roll.dropped(self._around.clock.monotonic_s())
        for stream in self.intake.streams.values():
            self.intake.settle(stream)
            stream.coverage.lose(lost.cause)
            if stream.subscription.feed is Feed.CANDLES:
                self._around.candles.lost(stream.subscription.coin)
        if guilty is not None:
            about = {"url": self._url, "coin": guilty}
            log.error(
                "%s ended %s too often and is left out from now on", guilty, self._url, extra=about
            )
            self._around.refused.add(guilty)
        self._give_up(self._around.refused)

    def _give_up(self, coins: set[str]) -> None:
        gone = self._roll.of_coins(coins) if coins else []
        for subscription in gone:
            self._stream_of(subscription).coverage.refuse()
        self._roll.strike_off(gone)
