"""What waits for one sink, on disk: nothing is lost or told twice without need after a kill."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.files import replacing
from hypertrack.journal import Journal, read_journal
from hypertrack.records import (
    Delivery,
    Fate,
    JsonError,
    Message,
    MessageKind,
    decode_json,
    encode_json,
)

DELIVERIES_NAME = "deliveries.jsonl"

MAX_WAITING = 10_000
"""Messages that wait for a sink; beyond it the oldest alerts go first."""

REWRITE_ABOVE = 20_000
"""Lines of messages done with, from which a queue's file is written anew without them."""


class DeliveryLog:
    """``deliveries.jsonl``: one line for each message and sink, written when it is done with."""

    def __init__(self, folder: Path):
        self.path = folder / DELIVERIES_NAME
        self._journal = Journal(self.path)
        self._lock = threading.Lock()

    def add(self, deliveries: Iterable[Delivery]) -> None:
        """Write how messages ended.

        Raises:
            OSError: The disk is full, or broken.
        """
        with self._lock:
            self._journal.add(map(encode_json, deliveries))

    def settled(self, sink: str) -> set[str]:
        """Return the ids of messages that a sink is done with."""
        found = set()
        for line in read_journal(self.path):
            try:
                delivery = decode_json(line, Delivery)
            except (JsonError, UnicodeDecodeError):  # torn by a power cut: it is told again
                continue
            if delivery.sink == sink:
                found.add(delivery.id)
        return found

    def close(self) -> None:
        """Close the file."""
        self._journal.close()


@dataclass(frozen=True)
class Waiting:
    """How a queue stands.

    Attributes:
        oldest_ms: When the message at its head was made; None where none waits.
        n_by_fate: What became of messages since the start.
    """

    n_waiting: int
    oldest_ms: int | None
    n_by_fate: Counter[Fate]


class Outbox:
    """The queue of one sink: ``outbox/NAME.jsonl``, in the order in which messages were made.

    A message is in the file before `put` returns, and leaves the queue when its line stands in
    ``deliveries.jsonl``. A kill between the sending and that line sends it again, with the same id.

    Args:
        on_change: Called, from any thread, when there is something new to send.
    """

    def __init__(
        self, folder: Path, sink: str, log: DeliveryLog, clock: Clock, on_change: Callable[[], None]
    ):
        self._path = folder / "outbox" / f"{sink}.jsonl"
        self._sink = sink
        self._log = log
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.RLock()
        self._n_by_fate: Counter[Fate] = Counter()
        self._waiting = OrderedDict(_unsettled(self._path, log.settled(sink)))
        self._first_expiry_ms = 0
        """None of those that wait expires before it; 0 where that is not known."""
        self._journal = self._begun_anew()

    def put(self, messages: Iterable[Message]) -> None:
        """Take messages; those that wait already are not taken twice.

        Raises:
            OSError: The disk is full, or broken; nothing was taken.
        """
        with self._lock:
            new = {m.id: m for m in messages if m.id not in self._waiting}
            self._journal.add(map(encode_json, new.values()))
            self._n_lines += len(new)
            self._waiting.update(new)
            self._first_expiry_ms = 0
            self._make_room()
        self._on_change()

    def head(self, most: int) -> tuple[Message, ...]:
        """Return the oldest messages, those that expired settled and left out."""
        with self._lock:
            self._settle_expired()
            return tuple(islice(self._waiting.values(), most))

    def settle(
        self, messages: Iterable[Message], fate: Fate, n_tries: int, cause: str | None
    ) -> None:
        """Be done with messages.

        Raises:
            OSError: The disk is full, or broken; they wait on.
        """
        done = {message.id: message for message in messages}
        with self._lock:
            self._log.add(
                Delivery(
                    id=message.id,
                    sink=self._sink,
                    fate=fate,
                    made_ms=message.made_ms,
                    ended_ms=self._now_ms(),
                    n_tries=n_tries,
                    cause=cause,
                )
                for message in done.values()
            )
            self._n_by_fate[fate] += len(done)
            for message_id in done:
                self._waiting.pop(message_id, None)
            if self._n_lines - len(self._waiting) > REWRITE_ABOVE:
                self._journal.close()
                self._journal = self._begun_anew()

    def waiting(self) -> Waiting:
        """Return how the queue stands."""
        with self._lock:
            oldest_ms = next((m.made_ms for m in self._waiting.values()), None)
            return Waiting(len(self._waiting), oldest_ms, self._n_by_fate.copy())

    def close(self) -> None:
        """Close the file; what waits is there at the next start."""
        self._journal.close()

    def _make_room(self) -> None:
        n_over = len(self._waiting) - MAX_WAITING
        if n_over <= 0:
            return
        # A signal says what to do now, and expires by itself: alerts go before it.
        by_worth = sorted(
            self._waiting.values(), key=lambda message: message.kind is MessageKind.SIGNAL
        )
        self.settle(by_worth[:n_over], Fate.CROWDED_OUT, 0, f"over {MAX_WAITING:,} waited")

    def _settle_expired(self) -> None:
        now_ms = self._now_ms()
        if now_ms < self._first_expiry_ms or not self._waiting:
            return
        expired = [m for m in self._waiting.values() if m.expires_ms <= now_ms]
        if expired:
            self.settle(expired, Fate.EXPIRED, 0, None)
        self._first_expiry_ms = min((m.expires_ms for m in self._waiting.values()), default=0)

    def _begun_anew(self) -> Journal:
        """Write the file anew with what waits; return it, open."""
        with replacing(self._path) as unfinished:
            unfinished.write_bytes(
                b"".join(encode_json(message) + b"\n" for message in self._waiting.values())
            )
        self._n_lines = len(self._waiting)
        return Journal(self._path)

    def _now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000


def _unsettled(path: Path, settled: set[str]) -> Iterable[tuple[str, Message]]:
    for line in read_journal(path):
        try:
            message = decode_json(line, Message)
        except (JsonError, UnicodeDecodeError):  # torn: whoever wrote it was never told it is kept
            continue
        if message.id not in settled:
            settled.add(message.id)
            yield message.id, message
