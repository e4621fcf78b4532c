"""Sealed hours as stretches of time, of which whatever was made once holds for ever."""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from hypertrack.clock import utc_name
from hypertrack.records import HOUR_MS, Feed, encode_json
from hypertrack.store.reading.folder_lines import hour_start_ms
from hypertrack.store.reading.hour_batches import Batch

FORMAT = 2
"""Changes whenever a table of stretches is made otherwise, so that older files are made anew."""

PRICED = (Feed.TRADES, Feed.BBO)
"""The feeds whose hours tables are made of."""


class Stretch(NamedTuple):
    """Some sealed hours, one after another."""

    start_ms: int
    end_ms: int
    name: str
    """Another one where one of its hours, or the hour before it, is another, or was numbered
    anew."""


class KeptHours(NamedTuple):
    """Where tables of sealed hours are kept."""

    place: Path
    stretches: tuple[Stretch, ...]
    """Oldest first."""
    open_hours_ms: frozenset[int]
    """When the hours begin that have open trades."""
    open_quotes_ms: tuple[int, int] | None
    """Times of the first and the last quote that is open; a feed that stopped has some for ever."""

    def file(self, table: str, stretch: Stretch, seen: str = "") -> Path:
        """Return where a table's rows of a stretch are kept.

        Args:
            seen: Names what they tell of that lies before the hour before it.
        """
        return self.place / table / f"{stretch.name}{seen and '.'}{seen}.parquet"


def stretches(batches: Sequence[Batch]) -> Iterator[Stretch]:
    """Yield the stretches that batches of trades end.

    A new hour leaves the names before it as they are, and one that changed those after the next.
    """
    ends = {_end_ms(each.hours) for each in batches if each.feed is Feed.TRADES}
    hours = sorted(
        (hour_start_ms(str(hour[0])), each.feed, hour, each.name)
        for each in batches
        if each.feed in PRICED
        for hour in each.hours
    )
    begins = [hour[0] for hour in hours]
    for start_ms, end_ms in pairwise([0, *sorted(ends)]):
        since, until = bisect_left(begins, start_ms - HOUR_MS), bisect_left(begins, end_ms)
        first, last = (utc_name(ms)[:13] for ms in (start_ms, end_ms - HOUR_MS))
        made_of = digest_of([FORMAT, *hours[since:until]])
        yield Stretch(start_ms, end_ms, f"{first}_{last}_{made_of}")


def digest_of(facts: Sequence[object]) -> str:
    """Return a few letters that stand for facts, and for no others."""
    return hashlib.blake2b(encode_json(facts), digest_size=6).hexdigest()


def _end_ms(hours: Iterable[tuple[object, ...]]) -> int:
    return max(hour_start_ms(str(name)) for name, *_ in hours) + HOUR_MS
