"""All sinks together: who is told what, and what is said when one of them falls silent."""

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.config import SinkSettings
from hypertrack.delivery.answers import Sender
from hypertrack.delivery.courier import Courier, SinkState
from hypertrack.delivery.outbox import DeliveryLog
from hypertrack.errors import ConfigError
from hypertrack.records import DAY_MS, Message, MessageKind, RawJson, encode_json

FLUSH_S = 5.0
"""How long a stop waits for what can still be delivered."""


def _webhook(url: str, sink: SinkSettings, clock: Clock) -> Sender:
    from hypertrack.delivery.webhook import Webhook  # noqa: PLC0415 - loads httpx

    return Webhook(url, sink.key.get_secret_value() if sink.key else None, clock)


def _apprise(url: str, _: SinkSettings, __: Clock) -> Sender:
    from hypertrack.delivery.notify import Notifier  # noqa: PLC0415 - an extra

    return Notifier(url)


def _redis(url: str, sink: SinkSettings, _: Clock) -> Sender:
    from hypertrack.delivery.queues import RedisStream  # noqa: PLC0415 - an extra

    return RedisStream(url, sink.topic)


def _nats(url: str, sink: SinkSettings, _: Clock) -> Sender:
    from hypertrack.delivery.queues import NatsSubject  # noqa: PLC0415 - an extra

    return NatsSubject(url, sink.topic)


def _file(url: str, _: SinkSettings, __: Clock) -> Sender:
    from hypertrack.delivery.line_file import LineFile  # noqa: PLC0415 - beside the others

    return LineFile(Path(url))


SENDERS: Mapping[str, Callable[[str, SinkSettings, Clock], Sender]] = {
    "webhook": _webhook,
    "apprise": _apprise,
    "redis": _redis,
    "nats": _nats,
    "file": _file,
}


def open_sender(sink: SinkSettings, clock: Clock) -> Sender:
    """Return what brings messages to a sink.

    Raises:
        ConfigError: It has no address, or needs a package that is not installed.
    """
    if sink.url is None:
        name = sink.name.replace("-", "_").upper()
        raise ConfigError(
            f"sink {sink.name} has no address: give it a url, or set "
            f"HYPERTRACK_SECRETS__{name}_URL in .env"
        )
    return SENDERS[sink.kind](sink.url.get_secret_value(), sink, clock)


class Dispatch:
    """Delivers to every sink, each in its own thread and order.

    Args:
        folder: Where queues and ``deliveries.jsonl`` are; one process at a time.
        seed: Of the jitter between tries.
    """

    def __init__(self, folder: Path, sinks: Iterable[SinkSettings], clock: Clock, seed: int = 0):
        self._clock = clock
        self._log = DeliveryLog(folder)
        self._couriers = {
            sink.name: Courier(
                sink.name, open_sender(sink, clock), folder, self._log, clock, seed + number
            )
            for number, sink in enumerate(sinks)
        }
        self._told_off: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to deliver, first what waited from before."""
        for courier in self._couriers.values():
            courier.start()

    def put(self, messages: Iterable[Message], to: Iterable[str]) -> None:
        """Give messages to sinks by name; they are on disk when this returns.

        Raises:
            OSError: The disk is full, or broken.
        """
        told = tuple(messages)
        for name in to:
            self._couriers[name].outbox.put(told)
        self._tell_who_is_off()

    def states(self) -> tuple[SinkState, ...]:
        """Return how every sink stands."""
        self._tell_who_is_off()
        return tuple(courier.state() for courier in self._couriers.values())

    def close(self, patience_s: float = FLUSH_S) -> None:
        """Deliver for a while what can be delivered at once, then stop; the rest stays on disk."""
        enders = [
            threading.Thread(target=courier.finish, args=(patience_s,))
            for courier in self._couriers.values()
        ]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        self._log.close()

    def _tell_who_is_off(self) -> None:
        """Tell one working sink of each that is off, once."""
        with self._lock:
            off = {name for name, courier in self._couriers.items() if courier.is_off}
            working = [name for name in self._couriers if name not in off]
            news = sorted(off - self._told_off) if working else []
            self._told_off |= set(news)
        for name in news:
            self._couriers[working[0]].outbox.put((self._is_off(name),))

    def _is_off(self, name: str) -> Message:
        now_ms = self._clock.wall_ns() // 1_000_000
        cause = self._couriers[name].state().cause
        return Message(
            id=f"sink_off_{name}_{now_ms}",
            kind=MessageKind.ALERT,
            made_ms=now_ms,
            expires_ms=now_ms + DAY_MS,
            text=f"Sink {name} is off until the next start: {cause}.",
            data=RawJson(encode_json({"event": "sink.off", "sink": name, "cause": cause})),
        )
