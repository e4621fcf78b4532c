"""What becomes of what the desk says: signals written and sent, alerts sent."""

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from typing import Protocol

from hypertrack.clock import Clock, utc
from hypertrack.config import FollowSettings
from hypertrack.live.desk import sentence
from hypertrack.live.rules import Alert, Event, Rules
from hypertrack.live.signals import Market, Signals
from hypertrack.records import (
    DAY_MS,
    Action,
    Message,
    MessageKind,
    RawJson,
    Signal,
    encode_json,
)

NOT_ADVICE = "A report of what somebody did, with an estimate beside it; no advice."


class Outlet(Protocol):
    """Where messages go."""

    def put(self, messages: Iterable[Message], to: Iterable[str]) -> None:
        """Give messages to sinks by name; they are kept when this returns."""


class Newsroom:
    """Writes signals before it sends them, and sends alerts.

    Args:
        on_line: Called with the line of each signal, once it is on the disk.

    Attributes:
        n_signals: Written since the start.
        n_alerts: Sent since the start.
    """

    def __init__(
        self,
        signals: Signals,
        rules: Rules,
        outlet: Outlet,
        clock: Clock,
        settings: FollowSettings,
        on_line: Callable[[bytes], None],
    ):
        self._signals = signals
        self._rules = rules
        self._outlet = outlet
        self._clock = clock
        self._to = settings.to
        self._on_line = on_line
        self._lines: list[bytes] = []
        self._messages: list[tuple[Message, tuple[str, ...]]] = []
        self.n_signals = 0
        self.n_alerts = 0

    @property
    def rules(self) -> Rules:
        """Return what decides which events are told."""
        return self._rules

    def act(self, action: Action, market: Market) -> None:
        """Make the signal of an action, where its wallet is followed; `send` sends it."""
        if not self.is_wanted(action):
            return
        now_ms = self._now_ms()
        made = self._signals.add(action, market, now_ms)
        if made is not None:
            self._lines.append(made[1])
        told = made or self._signals.written_before(action)
        if told is None or not self._to:
            return
        signal, line = told
        if made is not None or signal.expires_ms > now_ms:  # sinks know what they had
            self._messages.append((_signal_message(signal, action, line), self._to))

    def is_wanted(self, action: Action) -> bool:
        """Return whether a signal is to be made of an action."""
        return self._signals.is_wanted(action)

    def tell(self, event: Event) -> None:
        """Make the alerts of an event; `send` sends them."""
        for alert in self._rules.alerts(event):
            self.n_alerts += 1
            self._messages.append((alert_message(alert, self._now_ms()), alert.rule.to))

    def recall(self, event: Event) -> None:
        """Take note of an event that was told before a restart: limits count it."""
        for _ in self._rules.alerts(event):
            pass

    def send(self) -> None:
        """Write the signals that were made, then send these and the alerts, in their order.

        Raises:
            OSError: The disk is full, or broken: nothing is sent that is not on it.
        """
        self._signals.commit()
        for line in self._lines:
            self._on_line(line)
        self.n_signals += len(self._lines)
        for to, messages in groupby(self._messages, key=itemgetter(1)):
            self._outlet.put([message for message, _ in messages], to)
        self._lines, self._messages = [], []

    def _now_ms(self) -> int:
        return self._clock.wall_ns() // 1_000_000


def _signal_message(signal: Signal, action: Action, line: bytes) -> Message:
    known = "not judged" if signal.verdict is None else signal.verdict.name
    return Message(
        id=signal.id,
        kind=MessageKind.SIGNAL,
        made_ms=signal.emitted_ms,
        expires_ms=signal.expires_ms,
        text=f"{sentence(action)}. Verdict: {known}. {NOT_ADVICE}",
        data=RawJson(line),
    )


def alert_message(alert: Alert, now_ms: int) -> Message:
    """Return an alert as it is sent; its id is the same whenever the event is found again."""
    event = alert.event
    held = f" ({alert.n_held_back} more before it were held back)" if alert.n_held_back else ""
    data = {
        "alert": alert.rule.name,
        "event": event.name,
        "id": event.id,
        "time": utc(event.time_ms, timespec="milliseconds"),
        "time_ms": event.time_ms,
        **event.fields,
        "held_back": alert.n_held_back,
    }
    return Message(
        id=f"{event.id}_{alert.rule.name}",
        kind=MessageKind.ALERT,
        made_ms=now_ms,
        expires_ms=now_ms + DAY_MS,
        text=f"{alert.rule.name}: {event.text}{held}",
        data=RawJson(encode_json(data)),
    )
