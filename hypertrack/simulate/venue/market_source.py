"""The simulated market as a source: its columns written as the venue's frames."""

from collections.abc import Iterator
from itertools import islice, pairwise
from operator import itemgetter

import numpy as np
import pyarrow as pa

from hypertrack.errors import ConfigError
from hypertrack.records import HOUR_MS, MINUTE_MS, RawJson, encode_json
from hypertrack.simulate.market.arrays import EvmArrays, HourArrays, QuoteArrays, TradeArrays
from hypertrack.simulate.market.dataset_lines import DatasetLines
from hypertrack.simulate.market.evm_objects import EvmObjects, gas_by_block
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_records import MarketRecords
from hypertrack.simulate.venue.source import Event

RECENT_MS = HOUR_MS
"""Quotes and blocks before that are over when the exchange opens, and nobody asks for them."""


class MarketSource:
    """Plays a simulated market.

    Args:
        market: What happens.
        history_ms: The part of it that lies in the past when the exchange opens; None is ten
            minutes, or half of a shorter one. Of what is long past only trades and prices are
            told: accounts go back to them, and no stream does.

    Raises:
        ConfigError: Nothing of it would be left.
    """

    channels = frozenset({"trades", "bbo", "evm"})

    def __init__(self, market: Market, history_ms: int | None = None):
        self._market = market
        self._names = [coin.name for coin in market.coins]
        self._lines = DatasetLines(self._names, market.wallets, market.settings.seed)
        self._evm = EvmObjects(market.wallets, market.tokens, market.settings.seed)
        self.records = MarketRecords(market)
        self.coins: tuple[Coin, ...] = market.coins
        self.start_ms = market.start_ms
        self.end_ms = market.end_ms
        length_ms = self.end_ms - self.start_ms
        if history_ms is None:
            history_ms = min(10 * MINUTE_MS, length_ms // 2)
        if history_ms >= length_ms:
            raise ConfigError(
                f"a market of {length_ms / HOUR_MS:g} h cannot open when "
                f"{history_ms / HOUR_MS:g} h of it are past: lower simulate.history_hours"
            )
        self.open_ms = self.start_ms + history_ms
        self.token_decimals = {token.address: token.decimals for token in market.tokens}

    def events(self) -> Iterator[Event]:
        """Yield the market's trades, quotes and EVM blocks."""
        for chunk in self._market.chunks():
            merged = [*_hours(chunk.hours), *self._trades(chunk.trades)]
            if chunk.end_ms > self.open_ms - RECENT_MS:
                merged += [*self._quotes(chunk.quotes), *self._blocks(chunk.evm)]
            merged.sort(key=itemgetter(0))  # four sorted runs: a merge
            yield from merged

    def _trades(self, trades: TradeArrays) -> Iterator[Event]:
        """Yield one frame for each coin in each block."""
        trades = trades.take(np.lexsort((trades.coin, trades.time_ms)))
        items = _objects(self._lines.trades(trades))
        is_next = (np.diff(trades.time_ms) != 0) | (np.diff(trades.coin) != 0)
        bounds = [0, *(np.flatnonzero(is_next) + 1).tolist(), len(trades)]
        times, coins = trades.time_ms.tolist(), trades.coin.tolist()
        for start, end in pairwise(bounds if times else []):
            data = f"[{','.join(islice(items, end - start))}]".encode()
            yield Event(times[start], "trades", self._names[coins[start]], data)

    def _quotes(self, quotes: QuoteArrays) -> Iterator[Event]:
        items = _objects(self._lines.quotes(quotes))
        rows = zip(quotes.time_ms.tolist(), quotes.coin.tolist(), items, strict=True)
        for time_ms, coin, item in rows:
            yield Event(time_ms, "bbo", self._names[coin], item.encode())

    def _blocks(self, evm: EvmArrays) -> Iterator[Event]:
        """Yield every EVM block with its transactions."""
        headers = self._evm.headers(evm.blocks, gas_by_block(evm)).to_pylist()
        transactions = list(self._evm.transactions(evm.transactions))
        transfers = [self._evm.transfers(evm.transactions, at) for at in range(len(transactions))]
        ends = np.searchsorted(evm.transactions.block, evm.blocks.number, side="right").tolist()
        bounds = pairwise([0, *ends])
        for time_ms, header, (start, end) in zip(
            evm.blocks.time_ms.tolist(), headers, bounds, strict=True
        ):
            block = {
                "header": RawJson(f"{{{header}}}".encode()),
                "transactions": transactions[start:end],
                "transfers": transfers[start:end],
            }
            yield Event(time_ms, "evm", "", encode_json(block))


def _hours(hours: HourArrays) -> Iterator[Event]:
    """Yield the coins' prices at full hours."""
    for time_ms, prices in zip(hours.time_ms.tolist(), hours.prices.tolist(), strict=True):
        yield Event(time_ms, "prices", "", encode_json(prices))


def _objects(lines: pa.Array) -> Iterator[str]:
    """Yield the venue's objects of recorded lines, which begin with the time of receipt."""
    return ("{" + line.partition(",")[2].rstrip() for line in lines.to_pylist())
