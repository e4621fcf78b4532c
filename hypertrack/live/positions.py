"""The position of every wallet and coin, and how it is known."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from hypertrack.live.recent_trades import RecentTrades
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
FLAT = Position(ZERO, PositionKnown.FLAT)

NO_TIMES: dict[str, int] = {}

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


AwaitedByWallet = dict[str, dict[str, Awaited]]
"""And by coin; an answer is of one wallet."""

NO_COINS: dict[str, Awaited] = {}


class Accounts(Record, frozen=True):
    """Accounts that the venue has told: flat in all that it did not name.

    Attributes:
        told_ms: By wallet and exchange of the venue, the last time.
        gap_end_ms: By coin, of the last gap in its trades: what was told before tells nothing.
    """

    told_ms: dict[str, dict[str, int]]
    gap_end_ms: dict[str, int]

    def is_known(self, wallet: str, coin: str) -> bool:
        """Return whether a wallet was told since the last gap: what is not held in mind is flat."""
        told_ms = self.last_ms(wallet, coin)
        return told_ms is not None and told_ms >= self.gap_end_ms.get(coin, told_ms)

    def last_ms(self, wallet: str, coin: str) -> int | None:
        """Return when a wallet was told last that may hold a coin; None if never."""
        of_wallet = self.told_ms.get(wallet)
        dex = None if of_wallet is None else dex_of(coin)
        return None if of_wallet is None or dex is None else of_wallet.get(dex)


class ToldPositions(NamedTuple):
    """What was known of positions when a tape began: sizes, and accounts of which all is known."""

    sizes: Mapping[Key, Decimal]
    accounts: Accounts | None = None


class Positions:
    """Follows positions through the tape.

    Args:
        told: What was known when the tape began.
        since_ms: When that was.

    Attributes:
        awaited: What the venue is to tell after a gap, by wallet and coin.
        accounts: Of whom all is known.
        recent: The last trades.
    """

    def __init__(self, told: ToldPositions | None = None, since_ms: int = 0):
        self._of: dict[str, dict[str, Position]] = {}
        """By coin, so that a gap in one forgets at once whoever may hold it."""
        self.awaited: AwaitedByWallet = {}
        self.accounts = (told and told.accounts) or Accounts({}, {})
        self.recent = RecentTrades(since_ms)
        for key, size in told.sizes.items() if told else ():
            self.tell(key, size)

    def by_coin(self) -> dict[str, dict[str, Position]]:
        """Return those that are held in mind, by coin and wallet."""
        return self._of

    def go_on(
        self,
        by_coin: dict[str, dict[str, Position]],
        awaited: AwaitedByWallet,
        accounts: Accounts,
    ) -> None:
        """Take what was held in mind before a restart."""
        self._of, self.awaited, self.accounts = by_coin, awaited, accounts

    def tell(self, key: Key, size: Decimal) -> None:
        """Set a position to what the venue says it is."""
        known = PositionKnown.EXACT if size else PositionKnown.FLAT
        wallet, coin = key
        self._of.setdefault(coin, {})[wallet] = Position(size, known)
        self._no_longer_await(wallet, coin)

    def trade(self, key: Key, change: Decimal, time_ms: int) -> tuple[Position, Position]:
        """Add a signed size; return the position before and after.

        A trade of before the last answer changes nothing; of the many that nobody has told nothing
        is kept.
        """
        wallet, coin = key
        if wallet in self.awaited:
            self._note_change(wallet, coin, change, time_ms)
        before = self._of.get(coin, NOBODY).get(wallet)
        if before is None:
            if not self.accounts.is_known(wallet, coin):
                return UNKNOWN, UNKNOWN
            before = FLAT
        told_ms = self.accounts.last_ms(wallet, coin)
        if told_ms is not None and time_ms <= told_ms:  # it came late: the answer holds it
            return UNKNOWN, before
        size = before.size + change
        after = Position(size, PositionKnown.EXACT if size else PositionKnown.FLAT)
        self._of.setdefault(coin, {})[wallet] = after
        return before, after

    def forget(self, coin: str, end_ms: int) -> None:
        """Let positions in a coin be unknown: trades of it were missed, until a time.

        A gap is met at the first trade behind it: accounts that were told in between stay known.
        """
        gap_end_ms = self.accounts.gap_end_ms
        gap_end_ms[coin] = max(end_ms, gap_end_ms.get(coin, end_ms))
        held = self._of.pop(coin, NOBODY)
        known = {wallet: held[wallet] for wallet in held if self.accounts.is_known(wallet, coin)}
        if known:
            self._of[coin] = known
        for wallet in list(self.awaited):
            self._no_longer_await(wallet, coin)

    def wait_for(self, wallets: Iterable[str], coin: str, since_ms: int) -> None:
        """Let positions in a coin be those that the venue is to tell, where it can be asked."""
        if dex_of(coin) is not None:
            for wallet in wallets:
                if not self.accounts.is_known(wallet, coin):
                    self.awaited.setdefault(wallet, {})[coin] = Awaited(since_ms, [])

    def is_awaited(self, key: Key) -> bool:
        """Return whether the venue is to tell a position."""
        return key[1] in self.awaited.get(key[0], NO_COINS)

    def answered(self, seen: AccountSeen) -> Iterator[tuple[Key, Decimal]]:
        """Yield the positions by now that an answer tells: those awaited, and those not known."""
        yield from self._answered_awaited(seen)
        told_ms = self.accounts.told_ms.get(seen.wallet, NO_TIMES).get(seen.dex, seen.time_ms)
        since = self.recent.changes(seen.wallet, seen.time_ms)
        if since is None or seen.time_ms < told_ms:  # a later answer has come before it
            return
        self.accounts.told_ms.setdefault(seen.wallet, {})[seen.dex] = seen.time_ms
        held = (coin for coin, of_coin in self._of.items() if seen.wallet in of_coin)
        for coin in sorted({*seen.sizes, *since, *held}):
            size = seen.size_of(coin)
            if size is None or not self.accounts.is_known(seen.wallet, coin):  # it had a gap since
                continue
            size += since.get(coin, ZERO)
            known = self._of.get(coin, NOBODY).get(seen.wallet)
            if known is None or known.size != size:
                yield (seen.wallet, coin), size

    def _answered_awaited(self, seen: AccountSeen) -> Iterator[tuple[Key, Decimal]]:
        for coin, awaited in list(self.awaited.get(seen.wallet, NO_COINS).items()):
            size = seen.size_of(coin)
            if size is not None and seen.time_ms >= awaited.since_ms:
                since = (change for at_ms, change in awaited.changes if at_ms > seen.time_ms)
                yield (seen.wallet, coin), sum(since, size)

    def _no_longer_await(self, wallet: str, coin: str) -> None:
        of_wallet = self.awaited.get(wallet, NO_COINS)
        of_wallet.pop(coin, None)
        if not of_wallet:
            self.awaited.pop(wallet, None)

    def _note_change(self, wallet: str, coin: str, change: Decimal, time_ms: int) -> None:
        awaited = self.awaited[wallet].get(coin)
        if awaited is None:
            return
        awaited.changes.append((time_ms, change))
        if len(awaited.changes) > MOST_CHANGES:
            gone, kept = awaited.changes[: MOST_CHANGES // 2], awaited.changes[MOST_CHANGES // 2 :]
            since_ms = max(awaited.since_ms, *(at_ms for at_ms, _ in gone))
            self.awaited[wallet][coin] = Awaited(since_ms, kept)


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
