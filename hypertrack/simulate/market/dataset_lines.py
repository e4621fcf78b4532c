"""The lines of a dataset, as the recorder would have written them."""

from collections.abc import Iterable, Sequence

import numpy as np

from hypertrack.records import MINUTE_MS, encode_json
from hypertrack.simulate.market.arrays import (
    CandleArrays,
    Floats,
    Ints,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.identifiers import order_hashes

_LAG_MS = 220
"""Between a block's time and the receipt of its frames (measured: 195 to 276 ms)."""
_CANDLE_LAG_MS = 5_300
"""After its end a candle counts as closed."""

ORDERS_OF_BOTH = 30
"""Orders behind the best bid and the best offer together."""


def received_ns(time_ms: Ints) -> list[int]:
    """Return when blocks of these times were received; never out of order."""
    lag = _LAG_MS + time_ms * 7_919 % 47
    received: list[int] = ((time_ms + lag) * 1_000_000).tolist()
    return received


def number_texts(values: Floats) -> list[str]:
    """Return numbers as the venue writes them: plain decimals, at least one of them."""
    if not len(values):
        return []
    texts = encode_json(values.tolist()).decode("ascii")[1:-1].split(",")  # faster than repr
    for at in np.flatnonzero((np.abs(values) < 1e-4) & (values != 0)):  # powers of ten there
        texts[at] = f"{values[at]:.10f}".rstrip("0")
    return texts


def trade_lines(
    trades: TradeArrays, coins: Sequence[str], wallets: Sequence[str], salt: int
) -> Iterable[str]:
    """Return one line a trade; ``salt`` tells one market's hashes from another's."""
    sides = np.where(trades.is_buy, "B", "A").tolist()
    columns = zip(
        received_ns(trades.time_ms),
        trades.coin.tolist(),
        sides,
        number_texts(trades.price),
        number_texts(trades.size),
        trades.time_ms.tolist(),
        order_hashes(trades.order, trades.is_zero_hash, salt),
        trades.trade_id.tolist(),
        trades.buyer.tolist(),
        trades.seller.tolist(),
        strict=True,
    )
    return (
        f'{{"received_ns":{received},"coin":"{coins[coin]}","side":"{side}","px":"{price}",'
        f'"sz":"{size}","time":{time},"hash":"{digest}","tid":{trade_id},'
        f'"users":["{wallets[buyer]}","{wallets[seller]}"]}}\n'
        for received, coin, side, price, size, time, digest, trade_id, buyer, seller in columns
    )


def orders_behind(quotes: QuoteArrays) -> Ints:
    """Return how many orders stand behind each best bid; the rest of them behind the offer."""
    counts: Ints = 1 + (quotes.time_ms // 7 + quotes.coin) % (ORDERS_OF_BOTH - 1)
    return counts


def quote_lines(quotes: QuoteArrays, coins: Sequence[str]) -> Iterable[str]:
    """Return one line a change of the best bid and offer."""
    columns = zip(
        received_ns(quotes.time_ms),
        quotes.coin.tolist(),
        quotes.time_ms.tolist(),
        number_texts(quotes.bid),
        number_texts(quotes.bid_size),
        number_texts(quotes.ask),
        number_texts(quotes.ask_size),
        orders_behind(quotes).tolist(),
        strict=True,
    )
    return (
        f'{{"received_ns":{received},"coin":"{coins[coin]}","time":{time},"bbo":['
        f'{{"px":"{bid}","sz":"{bid_size}","n":{n}}},'
        f'{{"px":"{ask}","sz":"{ask_size}","n":{ORDERS_OF_BOTH - n}}}]}}\n'
        for received, coin, time, bid, bid_size, ask, ask_size, n in columns
    )


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


def candle_lines(candles: CandleArrays, coins: Sequence[str]) -> Iterable[str]:
    """Return one line a candle."""
    columns = zip(
        candle_received_ns(candles.start_ms).tolist(),
        candles.start_ms.tolist(),
        candles.coin.tolist(),
        number_texts(candles.open),
        number_texts(candles.close),
        number_texts(candles.high),
        number_texts(candles.low),
        number_texts(candles.volume),
        candles.count.tolist(),
        strict=True,
    )
    return (
        f'{{"received_ns":{received},"t":{t},"T":{t + MINUTE_MS - 1},"s":"{coins[coin]}",'
        f'"i":"1m","o":"{open_}","c":"{close}","h":"{high}","l":"{low}","v":"{volume}","n":{n}}}\n'
        for received, t, coin, open_, close, high, low, volume, n in columns
    )
