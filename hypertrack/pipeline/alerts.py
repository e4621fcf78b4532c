"""The alerts commands: what rules may ask, a test message, and what would have been sent."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.clock import SystemClock
from hypertrack.config import EVENT_FIELDS, Settings
from hypertrack.errors import ConfigError
from hypertrack.records import Message, MessageKind, RawJson, encode_json
from hypertrack.scratch import scratch_folder

if TYPE_CHECKING:
    from hypertrack.config import AlertSettings, SinkSettings


def fields() -> list[tuple[str, str, str, str]]:
    """Return event, field, type or values, and meaning, of everything that rules may ask."""
    return [
        (event, name, ", ".join(of.words) or of.type, of.says)
        for event, known in EVENT_FIELDS.items()
        for name, of in known.items()
    ]


@dataclass(frozen=True)
class Tested:
    """How a test message to a sink ended."""

    sink: str
    is_delivered: bool
    cause: str | None


def test(settings: Settings, name: str) -> list[Tested]:
    """Send one marked message to every sink of a rule; return how each took it.

    Raises:
        ConfigError: There is no rule of that name, or a sink cannot be opened.
    """
    rule = _rule(settings, name)
    sinks = [sink for sink in settings.sinks if sink.name in rule.to]
    return [_tested(sink, rule.name) for sink in sinks]


def _tested(sink: "SinkSettings", rule: str) -> Tested:
    from hypertrack.delivery.dispatch import open_sender

    sender = open_sender(sink, SystemClock())
    now_ms = time.time_ns() // 1_000_000
    message = Message(
        id=f"test_{now_ms}_{sink.name}",
        kind=MessageKind.TEST,
        made_ms=now_ms,
        expires_ms=now_ms + 60_000,
        text=f"A test of {rule}: hypertrack reaches you here.",
        data=RawJson(encode_json({"event": "test", "alert": rule})),
    )
    try:
        answer = sender.send([message])
    finally:
        sender.close()
    return Tested(sink.name, answer.is_taken, answer.cause)


@dataclass
class Outbox:
    """Keeps what would have been sent."""

    messages: list[tuple[Message, tuple[str, ...]]] = field(default_factory=list)

    def put(self, messages: Iterable[Message], to: Iterable[str]) -> None:
        """Keep messages."""
        self.messages += [(message, tuple(to)) for message in messages]


def replayed(settings: Settings, since_ms: int) -> list[tuple[Message, tuple[str, ...]]]:
    """Return the alerts that the rules in force would have sent since then, and to whom.

    Raises:
        ConfigError: There is no rule.
        DatasetError: There is no dataset.
    """
    if not settings.alerts:
        raise ConfigError("no [[alerts]] in the settings: `hypertrack alerts fields` helps")
    from hypertrack.pipeline.live import replay

    kept = Outbox()
    with scratch_folder() as folder:
        replay(settings, since_ms, Path(folder) / "signals.jsonl", lambda _: None, kept)
    return [(message, to) for message, to in kept.messages if message.kind is MessageKind.ALERT]


def _rule(settings: Settings, name: str) -> "AlertSettings":
    for rule in settings.alerts:
        if rule.name == name:
            return rule
    known = ", ".join(repr(rule.name) for rule in settings.alerts) or "none"
    raise ConfigError(f"no alert is called {name!r}; these are: {known}")
