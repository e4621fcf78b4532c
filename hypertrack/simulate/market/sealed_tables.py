"""What happens as tables, in the columns of sealed hours: the recorder's lines without the text.

Decimals are written by Arrow, which like Python writes the shortest text that is the same number.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hypertrack.records import MINUTE_MS, ZERO_HASH
from hypertrack.simulate.market.arrays import (
    CandleArrays,
    CoinIds,
    Flags,
    Floats,
    Ints,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.dataset_lines import (
    ORDERS_OF_BOTH,
    candle_received_ns,
    number_texts,
    orders_behind,
    received_ns,
)
from hypertrack.simulate.market.identifiers import HASH_DIGITS, hash_digits

_EXPONENTS_BELOW = 1e-4
"""Where shortest texts turn to powers of ten, in one notation or the other."""


class SealedTables:
    """Makes the tables of one market.

    Args:
        coins: Names.
        wallets: Addresses.
        salt: Of the market's hashes.
    """

    def __init__(self, coins: Sequence[str], wallets: Sequence[str], salt: int):
        self._coins = pa.array(coins)
        self._wallets = pa.array(wallets)
        self._salt = salt
        rank = np.argsort(np.argsort(coins))
        self._rank = rank.astype(np.int64)

    def in_order(self, coin: CoinIds, time_ms: Ints) -> Ints:
        """Return the rows in the order of sealed hours: by name of the coin, then by time."""
        return np.lexsort((time_ms, self._rank[coin]))

    def trades(self, trades: TradeArrays) -> pa.Table:
        """Return rows of trades."""
        users = np.stack([trades.buyer, trades.seller], axis=1).ravel()
        return pa.table(
            {
                "received_ns": received_ns(trades.time_ms),
                "coin": self._names(trades.coin),
                "side": pc.if_else(pa.array(trades.is_buy), "B", "A"),
                "px": decimal_texts(trades.price),
                "sz": decimal_texts(trades.size),
                "time": trades.time_ms,
                "hash": _hashes(trades.order, trades.is_zero_hash, self._salt),
                "tid": trades.trade_id,
                "users": _pairs(self._wallets.take(pa.array(users))),
                "rest": pa.nulls(len(trades), pa.string()),
            }
        )

    def quotes(self, quotes: QuoteArrays) -> pa.Table:
        """Return rows of best bids and offers."""
        count = orders_behind(quotes)
        levels = pa.StructArray.from_arrays(
            [
                decimal_texts(np.stack([quotes.bid, quotes.ask], axis=1).ravel()),
                decimal_texts(np.stack([quotes.bid_size, quotes.ask_size], axis=1).ravel()),
                pa.array(np.stack([count, ORDERS_OF_BOTH - count], axis=1).ravel()),
            ],
            names=["px", "sz", "n"],
        )
        return pa.table(
            {
                "received_ns": received_ns(quotes.time_ms),
                "coin": self._names(quotes.coin),
                "time": quotes.time_ms,
                "bbo": _pairs(levels),
                "rest": pa.nulls(len(quotes), pa.string()),
            }
        )

    def candles(self, candles: CandleArrays) -> pa.Table:
        """Return rows of candles; their end is in the rest, as names do not differ by case."""
        ends = (candles.start_ms + MINUTE_MS - 1).tolist()
        return pa.table(
            {
                "received_ns": candle_received_ns(candles.start_ms),
                "t": candles.start_ms,
                "s": self._names(candles.coin),
                "i": pa.repeat("1m", len(candles)),
                "o": decimal_texts(candles.open),
                "c": decimal_texts(candles.close),
                "h": decimal_texts(candles.high),
                "l": decimal_texts(candles.low),
                "v": decimal_texts(candles.volume),
                "n": candles.count,
                "rest": pa.array([f'{{"T":{end}}}' for end in ends], pa.string()),
            }
        )

    def _names(self, coin: CoinIds) -> pa.Array:
        return self._coins.take(pa.array(coin))


def line_table(time_ms: Ints, lines: Iterable[str]) -> pa.Table:
    """Return rows of a chain's objects, which stay lines, to the second that they say."""
    return pa.table(
        {
            "received_ns": pa.array(received_ns(time_ms), pa.int64()),
            "chain": pa.repeat("evm", len(time_ms)),
            "time_ms": time_ms // 1000 * 1000,
            "line": pa.array([line.rstrip("\n") for line in lines], pa.string()),
        }
    )


def decimal_texts(values: Floats) -> pa.Array:
    """Return numbers as the venue writes them, like `number_texts`."""
    texts = pc.cast(pa.array(values), pa.string())
    is_whole = pa.array(values == np.floor(values))
    texts = pc.if_else(is_whole, pc.binary_join_element_wise(texts, ".0", ""), texts)
    is_small = (np.abs(values) < _EXPONENTS_BELOW) & (values != 0)
    small = pa.array(number_texts(values[is_small]), pa.string())
    return pc.replace_with_mask(texts, pa.array(is_small), small)


def _pairs(values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(np.arange(0, len(values) + 1, 2, dtype=np.int32), values)


def _hashes(orders: Ints, is_zero: Flags, salt: int) -> pa.Array:
    """Return the hash of each trade's taker order; all zeros for TWAP slices."""
    digits = np.empty((len(orders), 2 + HASH_DIGITS), dtype="S1")
    digits[:, :2] = (b"0", b"x")
    digits[:, 2:] = hash_digits(orders, salt).view("S1").reshape(-1, HASH_DIGITS)
    digits[is_zero] = np.frombuffer(ZERO_HASH.encode(), dtype="S1")
    ends = np.arange(0, digits.size + 1, digits.shape[1], dtype=np.int32)
    buffers = [pa.py_buffer(ends), pa.py_buffer(digits)]
    return pa.StringArray.from_buffers(len(orders), *buffers)
