"""One sink's thread: it takes from the outbox, in order, and tries until a message is done with."""

import logging
import random
import threading
from dataclasses import dataclass
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.delivery.answers import Answer, Sender, wait_s
from hypertrack.delivery.outbox import DeliveryLog, Outbox, Waiting
from hypertrack.records import Fate, Message

log = logging.getLogger(__name__)

MAX_FAILURES = 20
"""Failures in a row after which a sink is off until the next start."""

IDLE_S = 60.0
"""How long a courier sleeps while nothing waits, at most; something new wakes it."""


@dataclass(frozen=True)
class SinkState:
    """How a sink stands.

    Attributes:
        n_failed: Tries in a row that failed.
        cause: Of the last failure; None after a success.
        is_off: Nothing more is tried until the next start.
    """

    name: str
    waiting: Waiting
    n_failed: int
    cause: str | None
    is_off: bool


class Courier:
    """Brings the messages of one sink."""

    def __init__(
        self, name: str, sender: Sender, folder: Path, log_: DeliveryLog, clock: Clock, seed: int
    ):
        self.name = name
        self._sender = sender
        self._clock = clock
        self._rng = random.Random(seed)
        self._news = threading.Event()
        self._stop = threading.Event()
        self._n_failed = 0
        self._cause: str | None = None
        self.is_off = False
        self.outbox = Outbox(folder, name, log_, clock, self._news.set)
        self._thread = threading.Thread(target=self._run, name=f"sink-{name}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def state(self) -> SinkState:
        """Return how the sink stands."""
        return SinkState(self.name, self.outbox.waiting(), self._n_failed, self._cause, self.is_off)

    def finish(self, patience_s: float) -> None:
        """Deliver what waits and can be delivered at once, for so long, then stop.

        What waits on stays on disk.
        """
        until_s = self._clock.monotonic_s() + patience_s
        while (
            not (self.is_off or self._n_failed)
            and self._thread.is_alive()
            and self.outbox.waiting().n_waiting
            and self._clock.monotonic_s() < until_s
        ):
            self._clock.wait(self._stop, 0.05)
        self._stop.set()
        self._news.set()
        if self._thread.ident is not None:
            self._thread.join(max(until_s - self._clock.monotonic_s(), 0.1))
        if not self._thread.is_alive():  # a try that still runs needs both
            self._sender.close()
            self.outbox.close()

    def _run(self) -> None:
        while not self._stop.is_set() and not self.is_off:
            self._news.clear()
            try:
                self._deliver_what_waits()
            except OSError as error:  # the disk: what cannot be noted must not be told
                log.error("sink %s stops: %s", self.name, error)
                self._cause, self.is_off = str(error), True
                return
            self._news.wait(IDLE_S)

    def _deliver_what_waits(self) -> None:
        n_tries = 0
        head: tuple[Message, ...] = ()
        while not self._stop.is_set() and not self.is_off:
            # The same messages at each try, for as long as they are wanted: a receiver tells
            # repeats apart by id, and order is kept by going on only with the next.
            now = self.outbox.head(len(head) or self._sender.most_at_once)
            if not now:
                return
            n_tries = n_tries + 1 if now[0] in head else 1
            head = now
            answer = self._sender.send(head)
            self._note(answer)
            if answer.is_final:
                fate = Fate.DELIVERED if answer.is_taken else Fate.REFUSED
                self.outbox.settle(head, fate, n_tries, answer.cause)
                head = ()
                self._clock.wait(self._stop, self._sender.every_s)
            elif not self.is_off:
                self._clock.wait(self._stop, self._rest_s(answer, n_tries, head))

    def _rest_s(self, answer: Answer, n_tries: int, head: tuple[Message, ...]) -> float:
        """Return the wait before the next try, or until the first message expires."""
        now_ms = self._clock.wall_ns() // 1_000_000
        left_s = (min(message.expires_ms for message in head) - now_ms) / 1_000
        return max(min(wait_s(answer, n_tries, self._rng), left_s), 0.05)

    def _note(self, answer: Answer) -> None:
        self._cause = answer.cause
        self._n_failed = 0 if answer.is_taken else self._n_failed + 1
        if answer.is_gone or self._n_failed >= MAX_FAILURES:
            self.is_off = True
            log.error("sink %s is off until the next start: %s", self.name, answer.cause)
