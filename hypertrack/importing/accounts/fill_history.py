"""What the fills of a wallet say of how it began: from nothing, or with what it came in."""

from collections.abc import Iterable
from typing import Any

from hypertrack.feeds.account_questions import MAX_FILLS
from hypertrack.importing.pairing import FillKey
from hypertrack.records import CoverageCause

NEARLY_ALL = MAX_FILLS * 19 // 20
"""So many that begin within a position are all that the venue keeps: some could not be read."""

SAME_FRAC = 1e-9
"""Positions closer than this share are the same: the venue's own text carries rounding."""


class FillHistory:
    """The fills of one wallet that are known, in any order.

    Attributes:
        oldest_ms: Time of the oldest, None without any.
        newest_ms: Time of the newest.
    """

    def __init__(self, fills: Iterable[FillKey] = ()):
        self.oldest_ms: int | None = None
        self.newest_ms: int | None = None
        self._known: set[tuple[Any, ...]] = set()
        self._oldest: dict[str, list[FillKey]] = {}
        for fill in fills:
            self.add(fill)

    def __len__(self) -> int:
        return len(self._known)

    def add(self, fill: FillKey) -> bool:
        """Take a fill; return whether it was not known before."""
        if fill.identity in self._known:
            return False
        self._known.add(fill.identity)
        self.oldest_ms = min(fill.time_ms, self.oldest_ms or fill.time_ms)
        self.newest_ms = max(fill.time_ms, self.newest_ms or fill.time_ms)
        first = self._oldest.setdefault(fill.coin, [fill])
        if fill.time_ms < first[0].time_ms:
            self._oldest[fill.coin] = [fill]
        elif fill.time_ms == first[0].time_ms and first[0] is not fill:
            first.append(fill)
        return True

    @property
    def may_be_cut(self) -> bool:
        """Return whether what happened while we asked may have pushed old fills out unseen."""
        return MAX_FILLS // 2 <= len(self) < MAX_FILLS

    @property
    def trades(self) -> set[tuple[str, int, int]]:
        """Return coin, time and id of the trades that the fills are of."""
        return {(coin, time_ms, tid) for _, coin, _, time_ms, tid, *_ in self._known}

    @property
    def first_ms_by_coin(self) -> dict[str, int]:
        """Return, by coin, when its oldest fill was."""
        return {coin: fills[0].time_ms for coin, fills in self._oldest.items()}

    def came_in(self) -> dict[str, str]:
        """Return, by coin, the position before its oldest fill, where that is not 0."""
        starts = {coin: _head(fills) for coin, fills in self._oldest.items()}
        return {coin: start for coin, start in sorted(starts.items()) if float(start)}

    def cause(self, since_ms: int) -> CoverageCause | None:
        """Return why the fills begin where they do, as far as they tell.

        Args:
            since_ms: From when on was asked for, 0 for ever.
        """
        has_begun = not self.came_in()
        if len(self) >= (MAX_FILLS if has_begun else NEARLY_ALL):
            return CoverageCause.LIMIT
        if since_ms:
            return CoverageCause.SINCE
        return CoverageCause.FIRST if has_begun else None


def _head(fills: list[FillKey]) -> str:
    """Return where the fills of one coin and time begin: where none of the others ended."""
    ends = [_start(fill) + _signed(fill) for fill in fills]
    heads = [
        fill.start or "0"
        for nth, fill in enumerate(fills)
        if not any(
            nth != other and abs(end - _start(fill)) <= SAME_FRAC * max(1.0, abs(end))
            for other, end in enumerate(ends)
        )
    ]
    return heads[0] if heads else fills[0].start or "0"


def _start(fill: FillKey) -> float:
    return float(fill.start or 0)


def _signed(fill: FillKey) -> float:
    return float(fill.size) if fill.side == "B" else -float(fill.size)
