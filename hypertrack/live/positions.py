"""The position of every wallet and coin, and how it is known."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from hypertrack.records import ActionKind, PositionKnown, Record
from hypertrack.store.reading.answer_tape import AccountSeen, dex_of

ZERO = Decimal(0)

Key = tuple[str, str]
"""Wallet and coin."""


class Position(Record, frozen=True, array_like=True, gc=False):
    """A signed size in coins, which means nothing where it is known by the tape alone."""

    size: Decimal = ZERO
    known: PositionKnown = PositionKnown.TAPE


UNKNOWN = Position()

NOBODY: dict[str, Position] = {}

MOST_CHANGES = 10_000
"""Of a position that is awaited; beyond them the older half goes, and so do older answers."""


class Awaited(Record, frozen=True):
    """A position that the venue is to tell, as of a time or later.

    Attributes:
        changes: Exchange time and signed size of what was traded since.
    """

    since_ms: int
    changes: list[tuple[int, Decimal]]


class Positions:
    """Follows positions through the tape.

    Args:
        told: Positions that were known when the tape begins.

    Attributes:
        awaited: What the venue is to tell after a gap.
    """

    def __init__(self, told: Mapping[Key, Decimal] | None = None):
        self._of: dict[str, dict[str, Position]] = {}
        """By coin, so that a gap in one forgets at once whoever may hold it."""
        self.awaited: dict[Key, Awaited] = {}
        for key, size in (told or {}).items():
            self.tell(key, size)

    def by_coin(self) -> dict[str, dict[str, Position]]:
        """Return those that are held in mind, by coin and wallet."""
        return self._of

    def go_on(self, by_coin: dict[str, dict[str, Position]], awaited: dict[Key, Awaited]) -> None:
        """Take what was held in mind before a restart."""
        self._of, self.awaited = by_coin, awaited

    def tell(self, key: Key, size: Decimal) -> None:
        """Set a position to what the venue says it is."""
        known = PositionKnown.EXACT if size else PositionKnown.FLAT
        self._of.setdefault(key[1], {})[key[0]] = Position(size, known)
        self.awaited.pop(key, None)

    def trade(self, key: Key, change: Decimal, time_ms: int) -> tuple[Position, Position]:
        """Add a signed size; return the position before and after.

        Of the many that nobody has told nothing is kept.
        """
        if key in self.awaited:
            self._note_change(key, change, time_ms)
        wallet, coin = key
        of_coin = self._of.get(coin, NOBODY)
        before = of_coin.get(wallet)
        if before is None:
            return UNKNOWN, UNKNOWN
        size = before.size + change
        after = Position(size, PositionKnown.EXACT if size else PositionKnown.FLAT)
        of_coin[wallet] = after
        return before, after

    def forget(self, coin: str) -> None:
        """Let every position in a coin be unknown: trades of it were missed."""
        self._of.pop(coin, None)
        for key in [key for key in self.awaited if key[1] == coin]:
            del self.awaited[key]

    def wait_for(self, wallets: Iterable[str], coin: str, since_ms: int) -> None:
        """Let positions in a coin be those that the venue is to tell, where it can be asked."""
        if dex_of(coin) is not None:
            self.awaited |= {(wallet, coin): Awaited(since_ms, []) for wallet in wallets}

    def answered(self, seen: AccountSeen) -> Iterator[tuple[Key, Decimal]]:
        """Yield the positions by now that an answer tells of those awaited."""
        for key, awaited in list(self.awaited.items()):
            size = seen.size_of(key[1])
            if key[0] == seen.wallet and size is not None and seen.time_ms >= awaited.since_ms:
                since = (change for at_ms, change in awaited.changes if at_ms > seen.time_ms)
                yield key, sum(since, size)

    def _note_change(self, key: Key, change: Decimal, time_ms: int) -> None:
        awaited = self.awaited[key]
        awaited.changes.append((time_ms, change))
        if len(awaited.changes) > MOST_CHANGES:
            gone, kept = awaited.changes[: MOST_CHANGES // 2], awaited.changes[MOST_CHANGES // 2 :]
            since_ms = max(awaited.since_ms, *(at_ms for at_ms, _ in gone))
            self.awaited[key] = Awaited(since_ms, kept)


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
