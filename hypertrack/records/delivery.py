"""What is sent to people and programs, and what became of it."""

from enum import StrEnum

from hypertrack.records.base import RawJson, Record


class MessageKind(StrEnum):
    """What a message tells."""

    SIGNAL = "signal"
    ALERT = "alert"
    TEST = "test"


class Message(Record, frozen=True, kw_only=True):
    """One thing to be told; the same at each try."""

    id: str
    """Tells repeats apart: whoever receives it twice acts once."""
    kind: MessageKind
    made_ms: int
    expires_ms: int
    """From then on it is not delivered."""
    text: str
    """A sentence for people."""
    data: RawJson
    """The whole of it, for programs."""


class Fate(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    EXPIRED = "expired"
    """Nobody took it in time."""
    REFUSED = "refused"
    """The receiver said that asking again is of no use."""
    CROWDED_OUT = "crowded_out"
    """More waited than a queue holds."""


class Delivery(Record, frozen=True, kw_only=True):
    """A line of ``deliveries.jsonl``: how a message to one sink ended."""

    id: str
    sink: str
    fate: Fate
    made_ms: int
    ended_ms: int
    n_tries: int
    cause: str | None = None
    """The last answer that was not the one hoped for."""
