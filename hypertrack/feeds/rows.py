"""The rows of each feed: the one place where the shape of the venue's data is known.

A row keeps the venue's object byte for byte; read from it are only the coin, the time and what
tells it from other rows. Shapes: protocol, sections 2.1 to 2.7.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import NamedTuple

from hypertrack.feeds.sound_objects import (
    SoundBook,
    SoundQuote,
    sound_book,
    sound_quote,
    sound_trades,
)
from hypertrack.feeds.subscriptions import CORE
from hypertrack.feeds.wire_objects import (
    Block,
    BlockTime,
    Book,
    Candle,
    Quote,
    StoredTrade,
    Trade,
    Transaction,
)
from hypertrack.records import (
    WALLET_PATTERN,
    Feed,
    JsonDecoder,
    JsonError,
    RawJson,
    checked_time_ms,
    encode_json,
    json_decoder,
)


class Row(NamedTuple):
    """One object of a feed, as it came."""

    coin: str
    exchange_time_ms: int
    row_id: int | str
    """With coin and time: the identity of a trade (`trade_identity`), block or transaction; a
    candle's count of trades; 0 for quotes and books."""
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


_raws = json_decoder(list[RawJson])
_trade = json_decoder(Trade)
_stored_trade = json_decoder(StoredTrade)
_quote, _book = json_decoder(Quote), json_decoder(Book)
_candle = json_decoder(Candle)
_block, _block_time = json_decoder(Block), json_decoder(BlockTime)
_transaction = json_decoder(Transaction)


def read_trades(data: RawJson) -> Rows:
    """Read a list of trades."""
    return read_sound_trades(bytes(data)) or _salvage(Feed.TRADES, _objects(data), _trade_row)


def read_bbo(data: RawJson) -> Rows:
    """Read one best bid and offer."""
    return read_sound_bbo(bytes(data)) or _salvage(Feed.BBO, _objects(data), _quote_row)


def read_book(data: RawJson) -> Rows:
    """Read one order book."""
    return read_sound_book(bytes(data)) or _salvage(Feed.L2BOOK, _objects(data), _book_row)


def read_sound_trades(data: bytes) -> Rows | None:
    """Read a list of trades, None where not all is as it should be."""
    try:
        trades = sound_trades.decode(data)
    except (JsonError, RecursionError):
        return None
    # Most frames have one trade, which need not be looked for.
    is_bare = len(trades) == 1 and data.startswith(b"[{") and data.endswith(b"}]")
    raws = [RawJson(data[1:-1])] if is_bare else _raws.decode(data)
    rows, is_wallet = [], WALLET_PATTERN.fullmatch
    for trade, raw in zip(trades, raws, strict=True):
        buyer, seller = trade.users
        if not (is_wallet(buyer) and is_wallet(seller)):
            return None
        if not (isinstance(trade.time, int) and isinstance(trade.tid, int)):
            return None
        rows.append(Row(trade.coin, trade.time, trade.tid, raw))
    return Rows(Feed.TRADES, rows)


def read_sound_bbo(data: bytes) -> Rows | None:
    """Read one best bid and offer, None where not all is as it should be."""
    return _sound_row(Feed.BBO, sound_quote, data)


def read_sound_book(data: bytes) -> Rows | None:
    """Read one order book, None where not all is as it should be."""
    return _sound_row(Feed.L2BOOK, sound_book, data)


def _sound_row(
    feed: Feed, decoder: JsonDecoder[SoundQuote] | JsonDecoder[SoundBook], data: bytes
) -> Rows | None:
    if not (data.startswith(b"{") and data.endswith(b"}")):
        return None  # white space around it would be taken for a part of it
    try:
        read = decoder.decode(data)
    except (JsonError, RecursionError):
        return None
    if not isinstance(read.time, int):
        return None
    return Rows(feed, [Row(read.coin, read.time, 0, RawJson(data))])


def read_candles(data: RawJson) -> Rows:
    """Read a candle: the documentation promises a list, the wire sends a bare object."""
    return _salvage(Feed.CANDLES, _objects(data), candle_row)


def read_explorer(data: bytes | RawJson) -> Rows | None:
    """Read a list of blocks, which have a ``blockTime``, or of transactions; None if empty."""
    raws = _raws.decode(data)
    if not raws:
        return None
    if any(map(_names_a_block, raws)):
        return _salvage(Feed.BLOCKS, raws, _block_row)
    return _salvage(Feed.TRANSACTIONS, raws, _transaction_row)


def candle_row(raw: RawJson) -> Row:
    """Read one candle; its time is the start of its minute, its id the count of its trades.

    Raises:
        JsonError: It lacks what a candle needs.
    """
    candle = _candle.decode(raw)
    return Row(candle.s, candle.t, candle.n, raw)


def recorded_row(feed: Feed, line: bytes) -> Row:
    """Read a line of a dataset, whose object has the time of receipt in it, as it was recorded.

    Args:
        feed: One of a coin: trades, quotes, books or candles.

    Raises:
        JsonError: It is not what the recorder would have taken.
    """
    return _ROW_OF[feed](RawJson(line))


def recorded_trade(line: bytes) -> Row | None:
    """Read a trade from its recorded line; None where it is not one."""
    return _recorded(line, _stored_row)


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


def trade_identity(trade: Trade | StoredTrade) -> int:
    """Return what tells a trade from others of its coin and time.

    The venue's id; where that is 0, as for dust, a negative number made of all that the trade
    says (three such trades of one block are three).
    """
    if trade.tid:
        return trade.tid
    told = [trade.side, trade.px, trade.sz, trade.hash, trade.users]
    return -1 - (int.from_bytes(blake2b(encode_json(told), digest_size=8).digest(), "big") >> 1)


def _trade_row(raw: RawJson) -> Row:
    trade = _trade.decode(raw)
    return Row(trade.coin, trade.time, trade_identity(trade), raw)


def _stored_row(raw: RawJson) -> Row:
    trade = _stored_trade.decode(raw)
    return Row(trade.coin, _checked(trade.time), trade_identity(trade), raw)


def _quote_row(raw: RawJson) -> Row:
    quote = _quote.decode(raw)
    return Row(quote.coin, quote.time, 0, raw)


def _book_row(raw: RawJson) -> Row:
    book = _book.decode(raw)
    return Row(book.coin, book.time, 0, raw)


_ROW_OF: Mapping[Feed, Callable[[RawJson], Row]] = {
    Feed.TRADES: _trade_row,
    Feed.BBO: _quote_row,
    Feed.L2BOOK: _book_row,
    Feed.CANDLES: candle_row,
}


def _names_a_block(raw: RawJson) -> bool:
    try:
        _block_time.decode(raw)
    except JsonError:
        return False
    return True


def _block_row(raw: RawJson) -> Row:
    block = _block.decode(raw)
    return Row(CORE, block.block_time, block.height, raw)


def _transaction_row(raw: RawJson) -> Row:
    transaction = _transaction.decode(raw)
    return Row(CORE, transaction.time, transaction.hash, raw)


def _objects(data: RawJson) -> list[RawJson]:
    """Return the objects of a list, or the one object that stands there in place of a list."""
    is_list = bytes(memoryview(data)[:1]) == b"["
    return _raws.decode(data) if is_list else [data]


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
    try:
        return checked_time_ms(time_ms)
    except ValueError as error:
        raise JsonError(str(error)) from None
