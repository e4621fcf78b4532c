"""Sealed hours as stretches of time, of which whatever was made once holds for ever."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hypertrack.clock import utc_name
from hypertrack.records import HOUR_MS, Feed, encode_json
from hypertrack.store.reading.folder_lines import hour_start_ms
from hypertrack.store.reading.hour_batches import Batch

FORMAT = 1
"""Changes whenever a table of stretches is made otherwise, so that older files are made anew."""

PRICED = (Feed.TRADES, Feed.BBO)
"""The feeds whose hours tables are made of."""


class Stretch(NamedTuple):
    """Some sealed hours, one after another."""

    start_ms: int
    end_ms: int
    name: str
    """Another one where one of its hours, or of those before it, is another, or was numbered
    anew."""


class KeptHours(NamedTuple):
    """Where tables of sealed hours are kept."""

    place: Path
    stretches: tuple[Stretch, ...]
    """Those of which no trade is open, nor of any before: oldest first."""
    ends_ms: tuple[int, ...]
    """Where these end, and after them the stretches that open trades are of."""
    open_quotes_ms: tuple[int, int] | None
    """Times of the first and the last quote that is open; a feed that stopped has some for ever."""

    def file(self, table: str, stretch: Stretch) -> Path:
        """Return where a table's rows of a stretch are kept."""
        return self.place / table / f"{stretch.name}.parquet"


def stretches(batches: Sequence[Batch], until_ms: int | None = None) -> Iterator[Stretch]:
    """Yield the stretches that batches of trades end.

    Prices look back without a bound, to the last trade of a coin. So a name is made of all hours
    until its end: a new hour leaves the names before it as they are.

    Args:
        until_ms: Trades of that time are still open; none are where None.
    """
    ends = {_end_ms(each.hours) for each in batches if each.feed is Feed.TRADES}
    hours = sorted(
        (hour_start_ms(str(hour[0])), each.feed, hour, each.name)
        for each in batches
        if each.feed in PRICED
        for hour in each.hours
    )
    seen, at, start_ms = hashlib.blake2b(str(FORMAT).encode(), digest_size=6), 0, 0
    for end_ms in sorted(ends):
        if until_ms is not None and end_ms > until_ms:
            return
        while at < len(hours) and hours[at][0] < end_ms:
            seen.update(encode_json(hours[at]))
            at += 1
        first, last = (utc_name(ms)[:13] for ms in (start_ms, end_ms - HOUR_MS))
        yield Stretch(start_ms, end_ms, f"{first}_{last}_{seen.hexdigest()}")
        start_ms = end_ms


def _end_ms(hours: Iterable[tuple[object, ...]]) -> int:
    return max(hour_start_ms(str(name)) for name, *_ in hours) + HOUR_MS
