"""Paging through what the venue gives a piece at a time: where to go on, and when it is over.

A piece is cut at so many items, and times are shared: the fills of a block by all of them. So the
next piece begins at the time at which the last one ended, not beyond it, and what comes twice is
recognised. How many items a piece has at most is not relied on; one that was cut has a round
number of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

ROUND = 100
"""The venue cuts after 500 or 2,000 items: a number that this divides may be a cut."""


@dataclass
class Pages:
    """Where the paging stands.

    Attributes:
        cursor_ms: Where the last page ended, None before the first.
        is_reversed: The newest comes first; else the oldest.
        is_over: The venue has no more, or what is left is of before the start.
        holes: Times with more items than a page holds.
        oldest_ms: Time of the oldest item that came.
    """

    start_ms: int
    cursor_ms: int | None = None
    is_reversed: bool = True
    is_over: bool = False
    holes: list[int] = field(default_factory=list)
    oldest_ms: int | None = None
    _largest: int = 0

    def take(self, times_ms: Sequence[int], n_items: int) -> None:
        """Go on from a page.

        Args:
            times_ms: Of the items that could be read, in the order in which they came.
            n_items: All of them.
        """
        if not times_ms:
            self.is_over = True
            return
        oldest_ms = min(times_ms)
        self.oldest_ms = oldest_ms if self.oldest_ms is None else min(oldest_ms, self.oldest_ms)
        self._largest = max(self._largest, n_items)
        if self.is_reversed and times_ms[0] < times_ms[-1]:
            self.is_reversed, self.cursor_ms = False, None  # it was not listened to
        end_ms = oldest_ms if self.is_reversed else max(times_ms)
        is_cut = n_items % ROUND == 0
        is_stuck = end_ms == self.cursor_ms
        if is_cut and is_stuck and n_items == self._largest and len(set(times_ms)) == 1:
            self.holes.append(end_ms)
            self.cursor_ms = end_ms - 1 if self.is_reversed else end_ms + 1
            return
        self.cursor_ms = end_ms
        is_before = self.is_reversed and end_ms < self.start_ms
        self.is_over = not is_cut or is_stuck or is_before
