"""The simulated market: its coins, its wallets and their truth, and what happens, by chunks."""

from collections.abc import Iterator

import numpy as np

from hypertrack.config import SimulateSettings
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.simulate.market.arrays import (
    Chunk,
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.evm_activity import EvmChain, build_tokens
from hypertrack.simulate.market.flow import Flow
from hypertrack.simulate.market.instruments import Coin, CoinColumns, build_coins
from hypertrack.simulate.market.latent_prices import LatentPrices
from hypertrack.simulate.market.population import build_population
from hypertrack.simulate.market.tempo import Tempo
from hypertrack.simulate.market.truth import truth

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

_CHUNK_TRADES = 50_000
_CHUNK_MINUTES = 10
_BURN_IN_MS = 30 * MINUTE_MS
"""Unseen time before the start, in which positions, orders and quotes come about."""


class Market:
    """A market that is the same for the same settings and start.

    Attributes:
        wallets: Their addresses; trades and EVM transactions name wallets by index.
        tokens: The ERC-20 contracts of the EVM chain.
        truth: A column per fact, a row per wallet.
    """

    def __init__(self, settings: SimulateSettings, start_ms: int = START_MS):
        self.settings = settings
        self.start_ms = start_ms // MINUTE_MS * MINUTE_MS
        seconds = max(round(settings.hours * HOUR_MS / 1000), 1)
        self.end_ms = self.start_ms + seconds * 1000
        self.coins = build_coins(settings.coins, settings.trades_per_second)
        self._population = build_population(
            settings.wallets, self.coins, np.random.default_rng([settings.seed, 1])
        )
        self.wallets = self._population.addresses
        self.tokens = build_tokens(np.random.default_rng([settings.seed, 2]))
        self.truth = truth(self._population, self.coins)

    def chunks(self) -> Iterator[Chunk]:
        """Yield all that happens, in order, some minutes at a time.

        Each call starts over and yields the same.
        """
        flow = self._flow()
        chain = EvmChain(
            self._population, self.tokens, np.random.default_rng([self.settings.seed, 4])
        )
        begin, trades, quotes = self.start_ms, list[TradeArrays](), list[QuoteArrays]()
        for start in range(self.start_ms, self.end_ms, MINUTE_MS):
            end = min(start + MINUTE_MS, self.end_ms)
            minute = flow.minute(start, end)
            trades.append(minute[0])
            quotes.append(minute[1])
            n_trades = sum(map(len, trades))
            if end == self.end_ms or len(trades) == _CHUNK_MINUTES or n_trades > _CHUNK_TRADES:
                joined = TradeArrays.join(trades), QuoteArrays.join(quotes)
                yield Chunk(begin, end, *joined, chain.stretch(begin, end))
                begin, trades, quotes = end, [], []

    def _flow(self) -> Flow:
        """Return the flow of trades, as it stands at the start."""
        settings = self.settings
        begin = self.start_ms - _BURN_IN_MS
        coins = CoinColumns(self.coins)
        prices = LatentPrices(self.coins, begin, np.random.default_rng([settings.seed, 5]))
        tempo = Tempo(self._population, settings.trades_per_second, self.start_ms, self.end_ms)
        flow = Flow(settings, self._population, coins, prices, tempo, begin)
        for start in range(begin, self.start_ms, MINUTE_MS):
            flow.minute(start, start + MINUTE_MS)
        return flow
