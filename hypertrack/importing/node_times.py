"""Times as the venue's nodes write them."""

from datetime import UTC, datetime
from functools import lru_cache


def time_ns(text: str) -> int:
    """Return nanoseconds since the epoch of an ISO time with up to nine decimals.

    A time without a zone is UTC.

    Raises:
        ValueError: No such time.
    """
    whole, _, decimals = text.removesuffix("Z").partition(".")
    return _second(whole) * 1_000_000_000 + int(decimals[:9].ljust(9, "0") if decimals else 0)


@lru_cache(maxsize=64)
def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())
