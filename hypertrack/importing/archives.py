"""Readers of the venue's node archives: fills by block, fills, and trades without an id.

Source: samples and descriptions of the venue's public node data; a block's ``time`` in ms is its
``block_time`` cut off, and times without a zone are UTC.
"""

from hashlib import blake2b

from hypertrack.importing.line_reader import UNREADABLE, ForeignLineError, encoded_line
from hypertrack.importing.node_times import time_ns
from hypertrack.importing.pairing import Fill, FillPairer, RecordedTrade, WalletFill
from hypertrack.importing.sink import Sink
from hypertrack.records import (
    WALLET_PATTERN,
    Feed,
    RawJson,
    Record,
    encode_json,
    json_decoder,
)

NS_PER_MS = 1_000_000
TRADE_ID_BITS = 50
"""The venue's own trade ids have as many."""


class Block(Record, frozen=True):
    """A line of ``node_fills_by_block``."""

    block_time: str
    events: list[tuple[str, RawJson]]
    local_time: str | None = None


class TradeSide(Record, frozen=True):
    """One wallet's part of a line of ``node_trades``."""

    user: str
    oid: int | None = None


class NodeTrade(Record, frozen=True):
    """A line of ``node_trades``; its first side is the buyer, ``side`` the taker's."""

    coin: str
    side: str
    time: str
    px: str
    sz: str
    hash: str
    side_info: tuple[TradeSide, TradeSide]


_block_decoder = json_decoder(Block)
_wallet_fill_decoder = json_decoder(tuple[str, RawJson])
_fill_decoder = json_decoder(Fill)
_trade_decoder = json_decoder(NodeTrade)


class BlockReader:
    """Reads ``node_fills_by_block``; the node's own clock is the time of receipt."""

    def __init__(self, sink: Sink, pairer: FillPairer):
        self.streams = pairer.streams
        self._sink = sink
        self._pairer = pairer

    def read(self, line: bytes) -> int:
        """Take the fills of a block; an event that is no fill is quarantined alone."""
        block = _block_decoder.decode(line)
        block_ms = time_ns(block.block_time) // NS_PER_MS
        received_ns = time_ns(block.local_time or block.block_time)
        for wallet, raw in block.events:
            try:
                fill = _wallet_fill(wallet, raw, received_ns)
            except UNREADABLE as error:
                self._sink.quarantine(encode_json([wallet, raw]), f"event of a block: {error}")
            else:
                self._pairer.add(fill)
        return block_ms

    def finish(self) -> None:
        """Judge the fills that still wait."""
        self._pairer.finish()


class FillReader:
    """Reads ``node_fills``; nobody wrote down when a fill was received, so it is its block time."""

    def __init__(self, pairer: FillPairer):
        self.streams = pairer.streams
        self._pairer = pairer

    def read(self, line: bytes) -> int:
        """Take one wallet's fill."""
        wallet, raw = _wallet_fill_decoder.decode(line)
        fill = _wallet_fill(wallet, raw, None)
        self._pairer.add(fill)
        return fill.fill.time

    def finish(self) -> None:
        """Judge the fills that still wait."""
        self._pairer.finish()


class TradeReader:
    """Reads ``node_trades``, which are trades already but for their id (`derived_trade_id`)."""

    def __init__(self, sink: Sink):
        self.streams: set[str] = set()
        self._sink = sink

    def read(self, line: bytes) -> int:
        """Take a trade."""
        trade = _trade_decoder.decode(line)
        if trade.side not in {"A", "B"} or float(trade.px) <= 0 or float(trade.sz) <= 0:
            raise ForeignLineError("no trade: side, price or size is none")
        buyer, seller = (checked_wallet(side.user) for side in trade.side_info)
        received_ns = time_ns(trade.time)
        time_ms, trade_id = received_ns // NS_PER_MS, derived_trade_id(trade)
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


def derived_trade_id(trade: NodeTrade) -> int:
    """Return an id for a trade that came without one: the same for the same line, below 2^50.

    A hash of everything that tells trades apart. It is not the venue's own id, which is a hash
    of the two orders that nobody has published.
    """
    sides = [(side.user, side.oid) for side in trade.side_info]
    told = [trade.time, trade.coin, trade.side, trade.px, trade.sz, trade.hash, sides]
    number = int.from_bytes(blake2b(encode_json(told), digest_size=8).digest(), "big")
    return number >> (64 - TRADE_ID_BITS) or 1


def checked_wallet(text: str) -> str:
    """Return an address as it came.

    Raises:
        ForeignLineError: It is none.
    """
    if not WALLET_PATTERN.fullmatch(text.lower()):
        raise ForeignLineError(f"no wallet: {text[:60]!r}")
    return text


def _wallet_fill(wallet: str, raw: RawJson, received_ns: int | None) -> WalletFill:
    fill = _fill_decoder.decode(raw)
    if float(fill.px) <= 0 or float(fill.sz) <= 0:
        raise ForeignLineError("no fill: price or size is none")
    received = fill.time * NS_PER_MS if received_ns is None else received_ns
    return WalletFill(checked_wallet(wallet), fill, raw, received)
