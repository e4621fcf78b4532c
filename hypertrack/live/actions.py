"""Actions: fills of one wallet, coin and direction that belong together."""

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import heapify, heappop, heappush

from hypertrack.config import LiveSettings
from hypertrack.live.positions import (
    Accounts,
    AwaitedByWallet,
    Key,
    Position,
    Positions,
    kind_of,
    part_closed,
)
from hypertrack.live.recent_trades import RecentState
from hypertrack.records import (
    SYSTEM_WALLETS,
    Action,
    ActionKind,
    Phase,
    PositionKnown,
    Record,
    Side,
    TapeTrade,
)
from hypertrack.store.reading.answer_tape import AccountSeen

VWAP_DIGITS = 8
"""Significant digits of an average price: more than any price of the venue has."""

REMEMBERED_MS = 600_000
"""For so long a trade is known again that comes twice; a recorder writes it once."""


@dataclass(slots=True)
class _Pending:
    """An action that may still grow."""

    key: Key
    side: Side
    is_twap: bool
    first: TapeTrade
    before: Position
    last: TapeTrade
    after: Position
    n_fills: int = 0
    size: Decimal = Decimal(0)
    notional_usd: Decimal = Decimal(0)
    is_maker: bool = True
    is_begun: bool = False
    """Of a TWAP order: its beginning was told."""
    due_ms: int = field(default=0)


class FinderState(Record, frozen=True, kw_only=True):
    """What is held in mind of the tape so far."""

    positions: dict[str, dict[str, Position]]
    """By coin and wallet."""
    pending: list[_Pending]
    seen: list[tuple[str, int, int]]
    watermark_ms: int | None
    n_late: int
    awaited: AwaitedByWallet
    accounts: Accounts
    recent: RecentState


class ActionFinder:
    """Finds actions in trades, given in the order of receipt.

    What it says depends on the trades alone, never on when they are given, so that a replay says
    the same. Trades of one wallet, coin and direction that follow each other within ``settle_ms``
    are one action; slices of a TWAP order within ``twap_gap_s`` are one too, told at its beginning
    and at its end. An action is told when the watermark, the newest exchange time less
    ``lateness_s``, has passed the time until which it may grow.

    Attributes:
        watermark_ms: None before the first trade.
        n_late: Trades behind the watermark: they change positions, and nothing that was sent.
    """

    def __init__(self, settings: LiveSettings, positions: Positions):
        self._settings = settings
        self._positions = positions
        self._pending: dict[tuple[Key, bool], _Pending] = {}
        self._due: list[tuple[int, tuple[Key, bool]]] = []
        """When each may be told, as a heap; what has grown since stands in it again, later."""
        self._seen: set[tuple[str, int, int]] = set()
        self._seen_order: deque[tuple[str, int, int]] = deque()
        self.watermark_ms: int | None = None
        self.n_late = 0

    def state(self) -> FinderState:
        """Return what is held in mind, to be written down before the next trade is taken."""
        return FinderState(
            positions=self._positions.by_coin(),
            pending=list(self._pending.values()),
            seen=list(self._seen_order),
            watermark_ms=self.watermark_ms,
            n_late=self.n_late,
            awaited=self._positions.awaited,
            accounts=self._positions.accounts,
            recent=self._positions.recent.state(),
        )

    def go_on(self, state: FinderState) -> None:
        """Take what was held in mind before a restart."""
        self._positions.go_on(state.positions, state.awaited, state.accounts)
        self._positions.recent.go_on(state.recent)
        self._pending = {(one.key, one.is_twap): one for one in state.pending}
        self._due = [(one.due_ms, key) for key, one in self._pending.items()]
        heapify(self._due)
        self._seen, self._seen_order = set(state.seen), deque(state.seen)
        self.watermark_ms, self.n_late = state.watermark_ms, state.n_late

    def add(self, trade: TapeTrade) -> Iterator[Action]:
        """Take a trade; yield the actions that it completes, in the order of their settling."""
        if self._is_known(trade):
            return
        self._positions.recent.add(trade)
        is_late = self.watermark_ms is not None and trade.time_ms < self.watermark_ms
        newest_ms = trade.time_ms - round(self._settings.lateness_s * 1_000)
        if self.watermark_ms is None or newest_ms > self.watermark_ms:
            self.watermark_ms = newest_ms
            yield from self._settled(newest_ms)
        self.n_late += is_late
        if trade.buyer == trade.seller:  # changes nothing
            return
        for side, wallet in ((Side.BUY, trade.buyer), (Side.SELL, trade.seller)):
            if wallet not in SYSTEM_WALLETS:
                yield from self._fill(trade, wallet, side, is_late)

    def forget(self, coin: str, end_ms: int) -> Iterator[Action]:
        """Take note of a gap in a coin's trades; yield what was pending in it, as it stands."""
        for key in [key for key in self._pending if key[0][1] == coin]:
            yield _told(self._pending.pop(key))
        self._positions.forget(coin, end_ms)

    def wait_for(self, wallets: Iterable[str], coin: str, since_ms: int) -> None:
        """Let positions in a coin be those that the venue is to tell, as of a time or later."""
        self._positions.wait_for(wallets, coin, since_ms)

    def answered(self, seen: AccountSeen) -> Iterator[Action]:
        """Take an answer of the venue; yield what was pending in what it tells, as it stands."""
        for key, size in self._positions.answered(seen):
            for is_twap in (True, False):
                if (key, is_twap) in self._pending:
                    yield _told(self._pending.pop((key, is_twap)))
            self._positions.tell(key, size)

    def awaited(self) -> list[Key]:
        """Return the positions that the venue is to tell."""
        return [(wallet, coin) for wallet, of in self._positions.awaited.items() for coin in of]

    def is_awaited(self, key: Key) -> bool:
        """Return whether the venue is to tell a position."""
        return self._positions.is_awaited(key)

    def _fill(self, trade: TapeTrade, wallet: str, side: Side, is_late: bool) -> Iterator[Action]:
        key = (wallet, trade.coin)
        size = Decimal(trade.size)
        before, after = self._positions.trade(
            key, size if side is Side.BUY else -size, trade.time_ms
        )
        if is_late:
            return
        is_maker = trade.taker != wallet
        is_twap = trade.is_twap and not is_maker
        for other in (True, False):
            there = self._pending.get((key, other))
            if there is not None and not _joins(there, trade, side, is_twap):
                del self._pending[(key, other)]
                yield _told(there)
        pending = self._pending.pop((key, is_twap), None) or _Pending(
            key, side, is_twap, trade, before, trade, after
        )
        pending.last, pending.after = trade, after
        pending.n_fills += 1
        pending.size += size
        pending.notional_usd += size * Decimal(trade.price)
        pending.is_maker &= is_maker
        pending.due_ms = max(pending.due_ms, trade.time_ms + self._patience_ms(is_twap))
        self._pending[(key, is_twap)] = pending
        heappush(self._due, (pending.due_ms, (key, is_twap)))
        if is_twap and not pending.is_begun:
            pending.is_begun = True
            yield _action(pending, Phase.BEGIN)

    def _settled(self, watermark_ms: int) -> Iterator[Action]:
        while self._due and self._due[0][0] <= watermark_ms:
            due_ms, key = heappop(self._due)
            pending = self._pending.get(key)
            if pending is not None and pending.due_ms == due_ms:
                yield _told(self._pending.pop(key))

    def _patience_ms(self, is_twap: bool) -> int:
        return round(self._settings.twap_gap_s * 1_000) if is_twap else self._settings.settle_ms

    def _is_known(self, trade: TapeTrade) -> bool:
        identity = (trade.coin, trade.time_ms, trade.trade_id)
        if trade.trade_id == 0:  # many share it: the object was the identity when it was written
            return False
        if identity in self._seen:
            return True
        self._seen.add(identity)
        self._seen_order.append(identity)
        while self._seen_order[0][1] < (self.watermark_ms or 0) - REMEMBERED_MS:
            self._seen.discard(self._seen_order.popleft())
        return False


def _joins(pending: _Pending, trade: TapeTrade, side: Side, is_twap: bool) -> bool:
    """Return whether a fill leaves an action of its wallet and coin as it is, or adds to it."""
    if pending.side is not side:
        return False
    return pending.is_twap != is_twap or trade.time_ms <= pending.due_ms


def _told(pending: _Pending) -> Action:
    return _action(pending, Phase.END if pending.is_twap else None)


def _action(pending: _Pending, phase: Phase | None) -> Action:
    wallet, coin = pending.key
    kind = kind_of(pending.before, pending.after.size)
    is_known = kind is not ActionKind.TRADE
    return Action(
        id=_id(pending, phase),
        wallet=wallet,
        coin=coin,
        kind=kind,
        side=pending.side,
        is_maker=pending.is_maker,
        is_twap=pending.is_twap,
        phase=phase,
        n_fills=pending.n_fills,
        size=plain(pending.size),
        vwap=plain(_rounded(pending.notional_usd / pending.size)),
        notional_usd=round(float(pending.notional_usd), 2),
        position_before=plain(pending.before.size) if is_known else None,
        position_after=plain(pending.after.size) if is_known else None,
        position_known=pending.before.known if is_known else PositionKnown.TAPE,
        part_closed=part_closed(pending.before, pending.after.size),
        first_ms=pending.first.time_ms,
        action_ms=pending.last.time_ms,
        received_ms=pending.last.received_ns // 1_000_000,
    )


def _id(pending: _Pending, phase: Phase | None) -> str:
    """Return what names an action for good: its wallet, coin, side, first trade and phase."""
    wallet, coin = pending.key
    first = pending.first
    said = "|".join(
        (wallet, coin, pending.side, str(first.time_ms), str(first.trade_id), phase or "")
    )
    return f"ac_{hashlib.sha256(said.encode()).hexdigest()[:24]}"


def _rounded(price: Decimal) -> Decimal:
    """Return a price of `VWAP_DIGITS` significant digits."""
    return price.quantize(Decimal(1).scaleb(price.adjusted() - VWAP_DIGITS + 1))


def plain(number: Decimal) -> str:
    """Return a decimal without exponent and without zeros that say nothing."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
