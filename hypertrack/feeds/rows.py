"""The rows of each feed: the one place where the shape of the venue's data is known.

A row keeps the venue's object byte for byte; read from it are only the coin, the time and what
tells it from other rows. Shapes: protocol, sections 2.1 to 2.7.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from hypertrack.feeds.subscriptions import CORE
from hypertrack.records import Feed, JsonError, RawJson, Record, json_decoder

MAX_TIME_MS = 4_102_444_800_000
"""2100-01-01: a time beyond it is no time, and would poison every later comparison."""


class Row(NamedTuple):
    """One object of a feed, as it came."""

    coin: str
    exchange_time_ms: int
    row_id: int | str
    """With coin and time: the identity of a trade, block or transaction; a candle's count of
    trades; 0 for quotes and books."""
    raw: RawJson


class Unreadable(NamedTuple):
    """A frame, or a part of one, that is not what it should be."""

    reason: str
    feed: Feed | None = None
    """None where not even that could be read."""
    coin: str | None = None
    n_rows: int | None = None
    """Objects that could not be read, where they could be told apart; 0 where none was ours."""


class Rows(NamedTuple):
    """The rows of one frame, all of one feed."""

    feed: Feed
    rows: list[Row]
    flaw: Unreadable | None = None
    """What could not be read beside them."""


class _Trade(Record, frozen=True):
    coin: str
    time: int
    tid: int


class _Quote(Record, frozen=True):
    coin: str
    time: int


class _Candle(Record, frozen=True):
    s: str
    t: int
    n: int


class _Block(Record, frozen=True, rename="camel"):
    block_time: int
    hash: str
    height: int
    num_txs: int


class _Transaction(Record, frozen=True):
    time: int
    hash: str
    user: str
    block: int


_raws = json_decoder(list[RawJson])
_trade, _trades = json_decoder(_Trade), json_decoder(list[_Trade])
_quote = json_decoder(_Quote)
_candle = json_decoder(_Candle)
_block = json_decoder(_Block)
_transaction = json_decoder(_Transaction)


def read_trades(data: RawJson) -> Rows:
    """Read a list of trades."""
    raws = _raws.decode(data)
    try:
        trades = _trades.decode(data)
    except JsonError:
        return _salvage(Feed.TRADES, raws, _trade_row)
    if any(not 0 < trade.time < MAX_TIME_MS for trade in trades):
        return _salvage(Feed.TRADES, raws, _trade_row)
    rows = [
        Row(trade.coin, trade.time, trade.tid, raw) for trade, raw in zip(trades, raws, strict=True)
    ]
    return Rows(Feed.TRADES, rows)


def read_bbo(data: RawJson) -> Rows:
    """Read one best bid and offer."""
    return _salvage(Feed.BBO, [data], _quote_row)


def read_book(data: RawJson) -> Rows:
    """Read one order book."""
    return _salvage(Feed.L2BOOK, [data], _quote_row)


def read_candles(data: RawJson) -> Rows:
    """Read a candle: the documentation promises a list, the wire sends a bare object."""
    is_list = bytes(memoryview(data)[:1]) == b"["
    return _salvage(Feed.CANDLES, _raws.decode(data) if is_list else [data], candle_row)


def read_explorer(data: bytes | RawJson) -> Rows | None:
    """Read a list of blocks or of transactions; which, its first object tells; None if empty."""
    raws = _raws.decode(data)
    if not raws:
        return None
    try:
        _block.decode(raws[0])
    except JsonError:
        return _salvage(Feed.TRANSACTIONS, raws, _transaction_row)
    return _salvage(Feed.BLOCKS, raws, _block_row)


def candle_row(raw: RawJson) -> Row:
    """Read one candle; its time is the start of its minute, its id the count of its trades.

    Raises:
        JsonError: It lacks what a candle needs.
    """
    candle = _candle.decode(raw)
    return Row(candle.s, _checked(candle.t), candle.n, raw)


def recorded_trade(line: bytes) -> Row | None:
    """Read a trade from its recorded line; None where it is not one."""
    return _recorded(line, _trade_row)


def recorded_candle(line: bytes) -> Row | None:
    """Read a candle from its recorded line; None where it is not one."""
    return _recorded(line, candle_row)


def coin_in(data: bytes) -> str | None:
    """Return the coin that broken bytes still name, so that coverage can be exact."""
    coin = _COIN.search(data)
    return coin[1].decode("utf-8", "replace") if coin else None


_COIN = re.compile(rb'"(?:coin|s)"\s*:\s*"([^"\\]+)"')


def _recorded(line: bytes, read: Callable[[RawJson], Row]) -> Row | None:
    try:
        return read(RawJson(line))
    except (JsonError, UnicodeDecodeError):
        return None


def _trade_row(raw: RawJson) -> Row:
    trade = _trade.decode(raw)
    return Row(trade.coin, _checked(trade.time), trade.tid, raw)


def _quote_row(raw: RawJson) -> Row:
    quote = _quote.decode(raw)
    return Row(quote.coin, _checked(quote.time), 0, raw)


def _block_row(raw: RawJson) -> Row:
    block = _block.decode(raw)
    return Row(CORE, _checked(block.block_time), block.height, raw)


def _transaction_row(raw: RawJson) -> Row:
    transaction = _transaction.decode(raw)
    return Row(CORE, _checked(transaction.time), transaction.hash, raw)


def _salvage(feed: Feed, raws: list[RawJson], read: Callable[[RawJson], Row]) -> Rows:
    """Read object by object, so that one that is broken does not take the others with it."""
    rows: list[Row] = []
    reason, broken = "", []
    for raw in raws:
        try:
            rows.append(read(raw))
        except JsonError as error:
            reason = reason or str(error)
            broken.append(bytes(raw))
    if not broken:
        return Rows(feed, rows)
    is_explorer = feed in (Feed.BLOCKS, Feed.TRANSACTIONS)
    coin = CORE if is_explorer else rows[0].coin if rows else coin_in(broken[0])
    return Rows(feed, rows, Unreadable(reason, feed, coin, len(broken)))


def _checked(time_ms: int) -> int:
    if not 0 < time_ms < MAX_TIME_MS:
        raise JsonError(f"time {time_ms} out of range")
    return time_ms
