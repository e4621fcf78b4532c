"""Readers of the venue's node archives and of one wallet's fills.

Source: samples and descriptions of the venue's public node data; a block's ``time`` in ms is its
``block_time`` cut off, and times without a zone are UTC.
"""

import re
from collections.abc import Callable
from hashlib import blake2b

from hypertrack.importing.line_reader import UNREADABLE, ForeignLineError, encoded_line
from hypertrack.importing.node_times import second_ns, time_ns
from hypertrack.importing.pairing import FillPairer, RecordedTrade, WalletFill, wallet_fill
from hypertrack.importing.sink import Sink
from hypertrack.records import (
    MAX_AHEAD_MS,
    Feed,
    RawJson,
    Record,
    checked_amount,
    checked_wallet,
    encode_json,
    json_decoder,
    require_names_once,
)

NS_PER_MS = 1_000_000
TRADE_ID_BITS = 50
"""The venue's own trade ids have as many."""


class Block(Record, frozen=True):
    """A line of ``node_fills_by_block``."""

    block_time: str
    events: RawJson
    local_time: str | None = None
    block_number: int | None = None


class TradeSide(Record, frozen=True):
    """One wallet's part of a line of ``node_trades``."""

    user: str
    oid: int | None = None


class NodeTrade(Record, frozen=True):
    """A line of ``node_trades``; its first side is the buyer, ``side`` the taker's."""

    coin: str
    side: str
    time: str
    px: str | float
    sz: str | float
    hash: str
    side_info: tuple[TradeSide, TradeSide]


class UserFills(Record, frozen=True):
    """What a socket's ``userFills`` says, and who keeps answers of ``/info`` by wallet."""

    user: str
    fills: RawJson


_TIME = rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.\d{9}"
_QUIET_BLOCK = re.compile(
    rb'\{"local_time":"%b","block_time":"%b","block_number":(\d{1,18}),"events":\[\]\}'
    % (_TIME, _TIME.replace(rb"\.\d{9}", rb"\.(\d{3})\d{6}"))
)
"""As nodes write a block in which nobody traded, which is most of them; what else is written so is
read as any other line."""

_block_decoder = json_decoder(Block)
_wallet_fill_decoder = json_decoder(tuple[str, RawJson])
_user_fills_decoder = json_decoder(UserFills)
_raws_decoder = json_decoder(list[RawJson])
_trade_decoder = json_decoder(NodeTrade)


class BlockReader:
    """Reads ``node_fills_by_block``; the node's own clock is the time of receipt.

    Args:
        now_ms: No block is of later.
    """

    def __init__(self, sink: Sink, pairer: FillPairer, now_ms: int):
        self.streams = pairer.streams
        self.block_number: int | None = None
        self._sink = sink
        self._pairer = pairer
        self._now_ms = now_ms

    def read(self, line: bytes) -> int:
        """Take the fills of a block; an event that is no fill is quarantined alone."""
        if (quiet := _QUIET_BLOCK.fullmatch(line)) is not None:
            return self._pass(*quiet.groups())
        block = _block_decoder.decode(line)
        require_names_once(line, block.events)
        events = _raws_decoder.decode(block.events)
        block_ms = _past_ms(time_ns(block.block_time) // NS_PER_MS, self._now_ms)
        received_ns = time_ns(block.local_time or block.block_time)
        self.block_number = block.block_number
        for event in events:
            try:
                fill = fill_of_event(event, received_ns)
                if abs(fill.fill.time - block_ms) > MAX_AHEAD_MS:
                    raise ForeignLineError(f"time {fill.fill.time} is not of its block")
            except UNREADABLE as error:
                self._sink.quarantine(bytes(event), f"event of a block: {error}")
            else:
                self._pairer.add(fill)
        return block_ms

    def _pass(self, local: bytes, second: bytes, millisecond: bytes, number: bytes) -> int:
        """Take a block in which nobody traded."""
        second_ns(local)  # a time that is none is refused here too
        time_ms = second_ns(second) // NS_PER_MS + int(millisecond)
        block_ms = _past_ms(time_ms, self._now_ms)
        self.block_number = int(number)
        return block_ms

    def finish(self) -> None:
        """Judge the fills that still wait."""
        self._pairer.finish()


class FillReader:
    """Reads ``node_fills``; nobody wrote down when a fill was received, so it is its block time."""

    block_number = None

    def __init__(self, pairer: FillPairer, now_ms: int):
        self.streams = pairer.streams
        self._pairer = pairer
        self._now_ms = now_ms

    def read(self, line: bytes) -> int:
        """Take one wallet's fill."""
        fill = fill_of_event(line, None)
        _past_ms(fill.fill.time, self._now_ms)
        self._pairer.add(fill)
        return fill.fill.time

    def finish(self) -> None:
        """Judge the fills that still wait."""
        self._pairer.finish()


class UserFillReader:
    """Reads answers of ``/info`` to ``userFills``: fills of one wallet, which make no trade.

    Args:
        wallet: Whose fills those are that name nobody.
        now_ms: No fill is of later.
    """

    block_number = None

    def __init__(self, sink: Sink, wallet: str | None, now_ms: int):
        self.streams: set[str] = set()
        self._sink = sink
        self._wallet = wallet
        self._now_ms = now_ms

    def read(self, line: bytes) -> None:
        """Take an answer; a fill that cannot be meant is quarantined alone."""
        self.take(line, None, lambda time_ms: _past_ms(time_ms, self._now_ms))

    def take(self, line: bytes, received_ns: int | None, check: Callable[[int], object]) -> None:
        """Take what an answer or a frame says.

        Args:
            received_ns: Each fill's own time where None.
            check: Raises one of `UNREADABLE` for a time that cannot be.
        """
        wallet, fills = self._wallet, RawJson(line)
        if line[:1] == b"{":
            answer = _user_fills_decoder.decode(line)
            require_names_once(line, answer.fills)
            wallet, fills = answer.user, answer.fills
        if wallet is None:
            raise ForeignLineError("fills of a wallet that is not named: give --wallet 0x…")
        checked_wallet(wallet)
        for raw in _raws_decoder.decode(fills):
            try:
                fill = wallet_fill(wallet, raw, received_ns)
                check(fill.fill.time)
            except UNREADABLE as error:
                self._sink.quarantine(bytes(raw), f"fill of {wallet}: {error}")
            else:
                self._sink.add_lone_fill(fill.identity, fill.line())

    def finish(self) -> None:
        """Nothing waits."""


class TradeReader:
    """Reads ``node_trades``, which are trades already but for their id (`derived_trade_id`)."""

    block_number = None

    def __init__(self, sink: Sink, now_ms: int):
        self.streams: set[str] = set()
        self._sink = sink
        self._now_ms = now_ms

    def read(self, line: bytes) -> int:
        """Take a trade."""
        trade = _trade_decoder.decode(line)
        require_names_once(line)
        if trade.side not in {"A", "B"} or not trade.coin:
            raise ForeignLineError("no trade: coin or side is none")
        checked_amount(trade.px)
        checked_amount(trade.sz)
        buyer, seller = (checked_wallet(side.user) for side in trade.side_info)
        received_ns = time_ns(trade.time)
        time_ms = _past_ms(received_ns // NS_PER_MS, self._now_ms)
        trade_id = derived_trade_id(trade, received_ns)
        if self._sink.is_new_trade(trade.coin, time_ms, trade_id):
            recorded = RecordedTrade(
                received_ns=received_ns,
                coin=trade.coin,
                side=trade.side,
                px=trade.px,
                sz=trade.sz,
                time=time_ms,
                hash=trade.hash,
                tid=trade_id,
                users=(buyer, seller),
            )
            self.streams.add(f"{Feed.TRADES}:{trade.coin}")
            self._sink.add(Feed.TRADES, encoded_line(recorded))
        return time_ms

    def finish(self) -> None:
        """Nothing waits."""


def fill_of_event(event: bytes | RawJson, received_ns: int | None) -> WalletFill:
    """Return the fill of ``[address, fill]``; its block's time stands for an unknown receipt.

    Raises:
        Exception: One of `UNREADABLE`.
    """
    wallet, raw = _wallet_fill_decoder.decode(event)
    return wallet_fill(wallet, raw, received_ns)


def derived_trade_id(trade: NodeTrade, time_ns: int) -> int:
    """Return an id for a trade that came without one: the same for the same trade, below 2^50.

    A hash of everything that tells trades apart, however its time and addresses are spelled. It
    is not the venue's own id, which is a hash of the two orders that nobody has published.
    """
    sides = [(side.user.lower(), side.oid) for side in trade.side_info]
    told = [time_ns, trade.coin, trade.side, trade.px, trade.sz, trade.hash, sides]
    number = int.from_bytes(blake2b(encode_json(told), digest_size=8).digest(), "big")
    return number >> (64 - TRADE_ID_BITS) or 1


def _past_ms(time_ms: int, now_ms: int) -> int:
    if time_ms > now_ms + MAX_AHEAD_MS:
        raise ForeignLineError(f"time {time_ms} lies in the future")
    return time_ms
