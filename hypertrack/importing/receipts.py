"""Exchange time beside the time of receipt: a row from the future is a row that cannot be meant."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from hypertrack.importing.line_reader import ForeignLineError
from hypertrack.records import JsonError, decode_json, is_ahead, usual_skew_ms

SAMPLED_LINES = 500
"""From which a file's usual skew is told; most of them are right, whatever the first one says."""


class Receipts:
    """Knows how far a file's clock of receipt usually lies behind the venue's.

    Args:
        lines: Of the file; its first ones are looked at.
    """

    def __init__(self, lines: Iterable[bytes] = ()):
        skews_ms = [skew_ms for line in islice(lines, SAMPLED_LINES) for skew_ms in _skews_ms(line)]
        self._skew_ms = usual_skew_ms(skews_ms)

    def is_ahead(self, time_ms: int, received_ns: int) -> bool:
        """Return whether exchange time lies beyond receipt by more than clocks explain."""
        return is_ahead(time_ms, received_ns // 1_000_000, self._skew_ms)

    def check(self, time_ms: int, received_ns: int) -> None:
        """Refuse a time from beyond its receipt.

        Raises:
            ForeignLineError: It is one.
        """
        if self.is_ahead(time_ms, received_ns):
            raise ForeignLineError(f"time {time_ms} is ahead of its receipt")


def _skews_ms(line: bytes) -> Iterable[int]:
    """Yield exchange time minus receipt of what a line of a capture or a dataset holds."""
    try:
        value: Any = decode_json(line)
    except (JsonError, UnicodeDecodeError):
        return
    match value:
        case {"received_wall_ns": int(received_ns), "data": [{"time": int(time_ms)}, *_]}:
            yield time_ms - received_ns // 1_000_000
        case {"received_wall_ns": int(received_ns), "data": {"time": int(time_ms)}}:
            yield time_ms - received_ns // 1_000_000
        case {"received_ns": int(received_ns), "time": int(time_ms)}:
            yield time_ms - received_ns // 1_000_000
        case _:
            return
