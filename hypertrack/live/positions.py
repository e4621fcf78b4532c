"""The position of every wallet and coin, and how it is known."""

from collections.abc import Mapping
from decimal import Decimal

from hypertrack.records import ActionKind, PositionKnown, Record

ZERO = Decimal(0)

Key = tuple[str, str]
"""Wallet and coin."""


class Position(Record, frozen=True, array_like=True, gc=False):
    """A signed size in coins; where it is known by the tape alone, what was traded since."""

    size: Decimal = ZERO
    known: PositionKnown = PositionKnown.TAPE


class Positions:
    """Follows positions through the tape.

    Args:
        told: Positions that were known when the tape begins.
    """

    def __init__(self, told: Mapping[Key, Decimal] | None = None):
        self._by_key: dict[Key, Position] = {}
        for key, size in (told or {}).items():
            self.tell(key, size)

    @property
    def by_key(self) -> Mapping[Key, Position]:
        """Return those that are held in mind."""
        return self._by_key

    def go_on(self, by_key: Mapping[Key, Position]) -> None:
        """Take what was held in mind before a restart."""
        self._by_key = dict(by_key)

    def tell(self, key: Key, size: Decimal) -> None:
        """Set a position to what the venue says it is."""
        self._by_key[key] = Position(size, PositionKnown.EXACT if size else PositionKnown.FLAT)

    def trade(self, key: Key, change: Decimal) -> tuple[Position, Position]:
        """Add a signed size; return the position before and after."""
        before = self._by_key.get(key, Position())
        after = Position(before.size + change, _known_after(before, change))
        self._by_key[key] = after
        return before, after

    def forget(self, coin: str) -> None:
        """Let every position in a coin be unknown: trades of it were missed."""
        for key in [key for key in self._by_key if key[1] == coin]:
            del self._by_key[key]


def _known_after(before: Position, change: Decimal) -> PositionKnown:
    if before.known is PositionKnown.TAPE:
        return PositionKnown.TAPE
    return PositionKnown.EXACT if before.size + change else PositionKnown.FLAT


def kind_of(before: Position, after: Decimal) -> ActionKind:
    """Return what a change of a position is called."""
    if before.known is PositionKnown.TAPE:
        return ActionKind.TRADE
    if not before.size:
        return ActionKind.OPEN
    if not after:
        return ActionKind.CLOSE
    if (before.size > 0) != (after > 0):
        return ActionKind.FLIP
    return ActionKind.ADD if abs(after) > abs(before.size) else ActionKind.REDUCE


def part_closed(before: Position, after: Decimal) -> float | None:
    """Return the share of a position that is gone; None where nothing is, or it is not known."""
    if before.known is PositionKnown.TAPE or not before.size:
        return None
    is_turned = (before.size > 0) != (after > 0)
    left = ZERO if is_turned else abs(after)
    return float(1 - left / abs(before.size)) if left < abs(before.size) else None
