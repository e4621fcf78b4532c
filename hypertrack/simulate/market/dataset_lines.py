"""The lines of a dataset, as the recorder would have written them."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hypertrack.records import MINUTE_MS
from hypertrack.simulate.market.arrays import (
    CandleArrays,
    Ints,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.text_columns import (
    Names,
    decimal_texts,
    hash_texts,
    integer_texts,
    joined_texts,
)

_LAG_MS = 220
"""Between a block's time and the receipt of its frames (measured: 195 to 276 ms)."""
_CANDLE_LAG_MS = 5_300
"""After its end a candle counts as closed."""

ORDERS_OF_BOTH = 30
"""Orders behind the best bid and the best offer together."""


def received_ns(time_ms: Ints) -> Ints:
    """Return when blocks of these times were received; never out of order."""
    received: Ints = (time_ms + _LAG_MS + time_ms * 7_919 % 47) * 1_000_000
    return received


class DatasetLines:
    """Makes the lines of one market, each with its end.

    Args:
        coins: Names.
        wallets: Addresses.
        salt: Of the market's hashes.
    """

    def __init__(self, coins: Sequence[str], wallets: Sequence[str], salt: int):
        self._names = Names(coins, wallets)
        self._salt = salt

    def trades(self, trades: TradeArrays) -> pa.Array:
        """Return one line a trade."""
        return joined_texts(
            '{"received_ns":',
            integer_texts(received_ns(trades.time_ms)),
            ',"coin":"',
            self._names.of_coins(trades.coin),
            pc.if_else(pa.array(trades.is_buy), '","side":"B","px":"', '","side":"A","px":"'),
            decimal_texts(trades.price),
            '","sz":"',
            decimal_texts(trades.size),
            '","time":',
            integer_texts(trades.time_ms),
            ',"hash":"',
            hash_texts(trades.order, trades.is_zero_hash, self._salt),
            '","tid":',
            integer_texts(trades.trade_id),
            ',"users":["',
            self._names.of_wallets(trades.buyer),
            '","',
            self._names.of_wallets(trades.seller),
            '"]}\n',
        )

    def quotes(self, quotes: QuoteArrays) -> pa.Array:
        """Return one line a change of the best bid and offer."""
        count = orders_behind(quotes)
        return joined_texts(
            '{"received_ns":',
            integer_texts(received_ns(quotes.time_ms)),
            ',"coin":"',
            self._names.of_coins(quotes.coin),
            '","time":',
            integer_texts(quotes.time_ms),
            ',"bbo":[{"px":"',
            decimal_texts(quotes.bid),
            '","sz":"',
            decimal_texts(quotes.bid_size),
            '","n":',
            integer_texts(count),
            '},{"px":"',
            decimal_texts(quotes.ask),
            '","sz":"',
            decimal_texts(quotes.ask_size),
            '","n":',
            integer_texts(ORDERS_OF_BOTH - count),
            "}]}\n",
        )

    def candles(self, candles: CandleArrays) -> pa.Array:
        """Return one line a candle."""
        return joined_texts(
            '{"received_ns":',
            integer_texts(candle_received_ns(candles.start_ms)),
            ',"t":',
            integer_texts(candles.start_ms),
            ',"T":',
            integer_texts(candles.start_ms + MINUTE_MS - 1),
            ',"s":"',
            self._names.of_coins(candles.coin),
            '","i":"1m","o":"',
            decimal_texts(candles.open),
            '","c":"',
            decimal_texts(candles.close),
            '","h":"',
            decimal_texts(candles.high),
            '","l":"',
            decimal_texts(candles.low),
            '","v":"',
            decimal_texts(candles.volume),
            '","n":',
            integer_texts(candles.count),
            "}\n",
        )


def text_of(lines: pa.Array) -> memoryview:
    """Return lines one after another, as they stand in memory.

    Arrow's buffer may be longer than its text, as it is of no lines: the offsets tell its ends.
    """
    if not len(lines):
        return memoryview(b"")
    offsets = np.frombuffer(lines.buffers()[1], dtype=np.int32)
    start, end = offsets[lines.offset], offsets[lines.offset + len(lines)]
    return memoryview(lines.buffers()[2] or b"")[start:end]


def orders_behind(quotes: QuoteArrays) -> Ints:
    """Return how many orders stand behind each best bid; the rest of them behind the offer."""
    counts: Ints = 1 + (quotes.time_ms // 7 + quotes.coin) % (ORDERS_OF_BOTH - 1)
    return counts


def minute_candles(trades: TradeArrays, decimals: Ints) -> CandleArrays:
    """Return a candle for each coin and minute with trades, by minute and coin.

    Args:
        trades: Of whole minutes, in the order in which they happened.
        decimals: Of the coins' sizes, ``[coins]``.
    """
    if not len(trades):
        return CandleArrays.none()
    minute, coin = trades.time_ms // MINUTE_MS, trades.coin.astype(np.int64)
    key = minute * len(decimals) + coin
    order = np.argsort(key, kind="stable")
    _, first, count = np.unique(key[order], return_index=True, return_counts=True)
    price, of = trades.price[order], coin[order][first]
    volume = np.add.reduceat(trades.size[order], first)
    scale = 10.0 ** decimals[of]
    return CandleArrays(
        start_ms=minute[order][first] * MINUTE_MS,
        coin=of.astype(np.int16),
        open=price[first],
        close=price[first + count - 1],
        high=np.maximum.reduceat(price, first),
        low=np.minimum.reduceat(price, first),
        volume=np.round(volume * scale) / scale,
        count=count,
    )


def candle_received_ns(start_ms: Ints) -> Ints:
    """Return when the last frame of each minute's candle was received."""
    received: Ints = (start_ms + MINUTE_MS + _CANDLE_LAG_MS) * 1_000_000
    return received
