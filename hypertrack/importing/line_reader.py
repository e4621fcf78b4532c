"""What reads the lines of one format."""

from typing import Protocol

from hypertrack.errors import HypertrackError
from hypertrack.records import JsonError, RawJson, encode_json

UNREADABLE = (JsonError, ValueError, ArithmeticError, RecursionError)
"""What a reader raises for a line that is torn, foreign or says something impossible; a
`UnicodeDecodeError` is a `ValueError`."""


class ForeignLineError(HypertrackError, ValueError):
    """A line that is JSON but not what its file should hold."""


class LineReader(Protocol):
    """Reads lines into a sink.

    Attributes:
        streams: ``feed:coin`` of all that was written.
    """

    streams: set[str]

    @property
    def block_number(self) -> int | None:
        """Return that of the block that was read last; None where the format has no numbers."""

    def read(self, line: bytes) -> int | None:
        """Take a line; return its exchange time in ms, None where it has none.

        Raises:
            Exception: One of `UNREADABLE`; nothing of the line was used.
        """

    def finish(self) -> None:
        """Write what still waited for later lines."""


def recorded_line(raw: bytes | RawJson, received_ns: int) -> bytes:
    """Return the venue's object as a recorder writes it: behind the time of receipt."""
    return b'{"received_ns":%d,' % received_ns + bytes(raw)[1:] + b"\n"


def context_line(raw: bytes | RawJson, received_ns: int, exchange_time_ms: int) -> bytes:
    """Return a context as a recorder writes it: its time stands beside that of receipt."""
    return recorded_line(
        b'{"exchange_time_ms":%d,' % exchange_time_ms + bytes(raw)[1:], received_ns
    )


def encoded_line(value: object) -> bytes:
    """Return a value as a line."""
    return encode_json(value) + b"\n"
