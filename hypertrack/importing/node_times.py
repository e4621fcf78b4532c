"""Times as the venue's nodes, and those who copy their files, write them."""

import re
from datetime import datetime
from functools import lru_cache

from hypertrack.records import checked_time_ms

_PLAIN = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})")
"""As nodes write it: millions of lines of an archive are of a few thousand seconds."""

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d):(\d\d)(?:[.,](\d+))? ?([Zz]|[+-]\d\d(?::?\d\d)?)?"
)


def time_ns(text: str) -> int:
    """Return nanoseconds since the epoch of an RFC 3339 time; decimals beyond nine are cut off.

    A time without an offset is UTC. A leap second is the one after it.

    Raises:
        ValueError: No such time, or one that cannot be meant.
    """
    if (plain := _PLAIN.fullmatch(text)) is not None:
        return second_ns(plain[1].encode()) + int(plain[2])
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text[:40]!r} is no time")
    day, minute, second, decimals, offset = match.groups()
    if int(second) > 60:
        raise ValueError(f"{text[:40]!r} is no time")
    seconds = _minute_s(f"{day}T{minute}", (offset or "Z").upper()) + int(second)
    checked_time_ms(seconds * 1000)
    return seconds * 1_000_000_000 + int((decimals or "")[:9].ljust(9, "0"))


@lru_cache(maxsize=64)
def second_ns(text: bytes) -> int:
    """Return nanoseconds since the epoch of a time in whole seconds without an offset."""
    return time_ns(f"{text.decode()}Z")


@lru_cache(maxsize=64)
def _minute_s(text: str, offset: str) -> int:
    return int(datetime.fromisoformat(f"{text}:00{offset}").timestamp())
