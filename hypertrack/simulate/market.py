"""The simulated market: its coins, its wallets and their truth, and what happens, by chunks."""

from collections.abc import Iterator

import numpy as np

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.simulate.arrays import (
    Chunk,
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    Floats,
    Ints,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.coins import Coin, build_coins, price_step
from hypertrack.simulate.identifiers import addresses, trade_ids
from hypertrack.simulate.prices import LOOK_AHEAD_MS, LatentPrices
from hypertrack.simulate.rhythm import block_after, block_times

__all__ = [
    "START_MS",
    "Chunk",
    "Coin",
    "EvmArrays",
    "EvmBlockArrays",
    "EvmTransactionArrays",
    "Market",
    "QuoteArrays",
    "TradeArrays",
]

START_MS = 1_767_571_200_000
"""2026-01-05 00:00:00 UTC, a Monday: when simulated time begins by default."""


class Market:
    """A market that is the same for the same settings and start.

    Attributes:
        wallets: Their addresses; trades and EVM transactions name wallets by index.
        truth: A column per fact, a row per wallet.
    """

    def __init__(self, settings: SimulateSettings, start_ms: int = START_MS):
        self.settings = settings
        self.coins = build_coins(settings.coins, settings.trades_per_second)
        self.start_ms = start_ms
        self.end_ms = start_ms + round(settings.hours * HOUR_MS)
        self.wallets = addresses(settings.wallets, np.random.default_rng([settings.seed, 1]))
        self.truth: dict[str, np.ndarray] = {"wallet": np.array(self.wallets)}

    def chunks(self) -> Iterator[Chunk]:
        """Yield all that happens, in order, a few minutes at a time."""
        rng = np.random.default_rng([self.settings.seed, 2])
        prices = LatentPrices(self.coins, self.start_ms, np.random.default_rng([1]))
        done = 0
        for start in range(self.start_ms, self.end_ms, 5 * MINUTE_MS):
            end = min(start + 5 * MINUTE_MS, self.end_ms)
            prices.extend(end + LOOK_AHEAD_MS)
            n = rng.poisson(self.settings.trades_per_second * (end - start) / 1000)
            time = np.sort(block_times(block_after(rng.integers(start, end - 200, n))))
            share = np.array([c.trade_share for c in self.coins])
            coin = rng.choice(len(share), n, p=share)
            decimals = np.array([c.max_price_decimals for c in self.coins])
            raw = np.exp(prices.log_price(time, coin))
            scale = price_step(raw, decimals[coin])[1]
            price = np.round(raw * scale) / scale
            size_scale = 10.0 ** np.array([c.size_decimals for c in self.coins])[coin]
            size = np.maximum(np.round(np.exp(rng.normal(5.8, 2, n)) / price * size_scale), 1)
            pair = rng.integers(0, len(self.wallets), (2, n)).astype(np.int32)
            number = np.arange(done, done + n)
            trades = TradeArrays(
                time,
                coin.astype(np.int16),
                price,
                size / size_scale,
                rng.random(n) < 0.5,
                trade_ids(number),
                pair[0],
                pair[1],
                rng.random(n) < 0.13,
                number,
            )
            done += n
            yield Chunk(start, end, trades, self._quotes(trades), self._evm(start, end))

    def _quotes(self, trades: TradeArrays) -> QuoteArrays:
        decimals = np.array([c.max_price_decimals for c in self.coins])
        step, scale = price_step(trades.price, decimals[trades.coin])
        bid = np.round((trades.price - step) * scale) / scale
        return QuoteArrays(trades.time_ms, trades.coin, bid, trades.price, trades.size, trades.size)

    def _evm(self, start: int, end: int) -> EvmArrays:
        time: Ints = np.arange(start, end, 1000)
        none = np.empty(0)
        i, f = none.astype(np.int64), none
        ids = none.astype(np.int32)
        floats: Floats = f
        return EvmArrays(
            EvmBlockArrays(time // 1000, time),
            EvmTransactionArrays(
                i, i, ids, ids, floats, none.astype(bool), i, none.astype(np.int16), ids, floats
            ),
        )
