"""What happens as tables, in the columns of sealed hours: the recorder's lines without the text."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hypertrack.records import MINUTE_MS
from hypertrack.simulate.market.arrays import (
    CandleArrays,
    CoinIds,
    Ints,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.dataset_lines import (
    ORDERS_OF_BOTH,
    candle_received_ns,
    orders_behind,
    received_ns,
)
from hypertrack.simulate.market.text_columns import Names, decimal_texts, hash_texts


class SealedTables:
    """Makes the tables of one market.

    Args:
        coins: Names.
        wallets: Addresses.
        salt: Of the market's hashes.
    """

    def __init__(self, coins: Sequence[str], wallets: Sequence[str], salt: int):
        self._names = Names(coins, wallets)
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
                "coin": self._names.of_coins(trades.coin),
                "side": pc.if_else(pa.array(trades.is_buy), "B", "A"),
                "px": decimal_texts(trades.price),
                "sz": decimal_texts(trades.size),
                "time": trades.time_ms,
                "hash": hash_texts(trades.order, trades.is_zero_hash, self._salt),
                "tid": trades.trade_id,
                "users": _pairs(self._names.of_wallets(users)),
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
                "coin": self._names.of_coins(quotes.coin),
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
                "s": self._names.of_coins(candles.coin),
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


def line_table(time_ms: Ints, lines: pa.Array) -> pa.Table:
    """Return rows of a chain's objects, which stay lines, to the second that they say."""
    return pa.table(
        {
            "received_ns": received_ns(time_ms),
            "chain": pa.repeat("evm", len(time_ms)),
            "time_ms": time_ms // 1000 * 1000,
            "line": pc.ascii_rtrim(lines, characters="\n"),
        }
    )


def _pairs(values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(np.arange(0, len(values) + 1, 2, dtype=np.int32), values)
