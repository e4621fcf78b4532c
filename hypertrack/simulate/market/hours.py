"""The market hour by hour, each whole and in the order of sealed hours, in bounded memory.

What happened waits as numbers until its hour is over, and becomes text some rows at a time. An
hour is written while the next one happens, on a thread: packing does not need the interpreter.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, Self, TypeVar

import numpy as np
import pyarrow as pa

from hypertrack.records import HOUR_MS, MINUTE_MS, Feed
from hypertrack.simulate.market.arrays import (
    Chunk,
    Columns,
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    Ints,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.bulk import write_coverage
from hypertrack.simulate.market.dataset_lines import minute_candles
from hypertrack.simulate.market.evm_lines import EvmLines
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.one_behind import OneBehind
from hypertrack.simulate.market.playing import WriteProgress, played
from hypertrack.simulate.market.sealed_tables import SealedTables, line_table
from hypertrack.simulate.market.wallet_ledger import WalletLedger

TABLE_ROWS = 122_880
"""Rows that are text at a time; as many as the database that seals puts into a row group."""


C = TypeVar("C", bound=Columns)
Timed = TypeVar("Timed", TradeArrays, QuoteArrays, EvmBlockArrays, EvmTransactionArrays)


class HourSink(Protocol):
    """Takes the hours of a feed, one after the other."""

    def write(self, feed: Feed, hour: int, tables: Iterator[pa.Table]) -> None:
        """Write an hour since the epoch, its rows in order."""


@dataclass(frozen=True)
class Hour:
    """What happened in an hour, or in the part of it that the market has."""

    number: int
    """Hours since the epoch."""
    trades: TradeArrays
    quotes: QuoteArrays
    evm: EvmArrays
    whole_ms: int
    """The minutes before are whole."""


class HourWriter:
    """Gives whole hours of a market to a sink, at most one hour behind; a context.

    Attributes:
        end_ms: Of what was taken.

    Args:
        market: Whose chunks come.
        sink: Where they go; another thread calls it.
        with_quotes: Write the bbo feed too.
    """

    def __init__(self, market: Market, sink: HourSink, *, with_quotes: bool = True):
        names = [coin.name for coin in market.coins]
        self._tables = SealedTables(names, market.wallets, market.settings.seed)
        self._decimals = np.array([coin.size_decimals for coin in market.coins])
        self._evm = EvmLines(market)
        self._sink = sink
        self._with_quotes = with_quotes
        self._hour = market.start_ms // HOUR_MS
        self.end_ms = market.start_ms
        self._trades, self._quotes = [TradeArrays.none()], [QuoteArrays.none()]
        self._blocks = [EvmBlockArrays.none()]
        self._transactions = [EvmTransactionArrays.none()]
        self._writing = OneBehind()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._writing.close()

    def write(self, chunk: Chunk) -> None:
        """Take what happened; hours that are over are written.

        Raises:
            OSError: An earlier hour could not be written.
        """
        self._trades.append(chunk.trades)
        if self._with_quotes:
            self._quotes.append(chunk.quotes)
        self._blocks.append(chunk.evm.blocks)
        self._transactions.append(chunk.evm.transactions)
        self.end_ms = chunk.end_ms
        while (self._hour + 1) * HOUR_MS <= chunk.end_ms:
            self._begin_writing()

    def finish(self) -> None:
        """Write the last hour, which is not whole, and wait for it.

        Raises:
            OSError: It, or the one before, could not be written.
        """
        if self._hour * HOUR_MS < self.end_ms:
            self._begin_writing()
        self._writing.wait()

    def _begin_writing(self) -> None:
        self._writing.wait()  # memory holds two hours, not three
        self._writing.begin(partial(self._put_hour, self._cut_hour()))
        self._hour += 1

    def _cut_hour(self) -> Hour:
        """Take the first hour off what waits."""
        end_ms = (self._hour + 1) * HOUR_MS
        trades, self._trades = _until(end_ms, TradeArrays.join(self._trades))
        quotes, self._quotes = _until(end_ms, QuoteArrays.join(self._quotes))
        blocks, self._blocks = _until(end_ms, EvmBlockArrays.join(self._blocks))
        rows = EvmTransactionArrays.join(self._transactions)
        transactions, self._transactions = _until(end_ms, rows)
        evm = EvmArrays(blocks, transactions)
        return Hour(self._hour, trades, quotes, evm, self.end_ms // MINUTE_MS * MINUTE_MS)

    def _put_hour(self, hour: Hour) -> None:
        tables, trades, quotes = self._tables, hour.trades, hour.quotes
        order = tables.in_order(trades.coin, trades.time_ms)
        self._put(Feed.TRADES, hour, trades, order, tables.trades)
        order = tables.in_order(quotes.coin, quotes.time_ms)
        self._put(Feed.BBO, hour, quotes, order, tables.quotes)
        candles = minute_candles(trades.take(trades.time_ms < hour.whole_ms), self._decimals)
        order = tables.in_order(candles.coin, candles.start_ms)
        self._put(Feed.CANDLES, hour, candles, order, tables.candles)
        evm = hour.evm
        blocks = line_table(evm.blocks.time_ms, self._evm.blocks(evm))
        transactions = line_table(evm.transactions.time_ms, self._evm.transactions(evm))
        for feed, table in ((Feed.BLOCKS, blocks), (Feed.TRANSACTIONS, transactions)):
            if len(table):
                self._sink.write(feed, hour.number, iter([table]))

    def _put(
        self, feed: Feed, hour: Hour, rows: C, order: Ints, table: Callable[[C], pa.Table]
    ) -> None:
        """Write the rows of a feed in order, if there are any."""
        if len(rows):
            starts = range(0, len(rows), TABLE_ROWS)
            parts = (table(rows.take(order[at : at + TABLE_ROWS])) for at in starts)
            self._sink.write(feed, hour.number, parts)


def write_hours(
    market: Market,
    folder: Path,
    sink: HourSink,
    n_trades: int | None = None,
    *,
    with_quotes: bool = True,
    ledger: WalletLedger | None = None,
) -> Iterator[WriteProgress]:
    """Write the market's dataset as sealed hours, yielding after each chunk.

    What it holds is what `write_dataset` would have written. Memory holds an hour that
    happens and one that is written.

    Args:
        market: What to write.
        folder: Made where missing; takes the ledger.
        sink: Takes the hours, and is to put them in force afterwards.
        n_trades: As of `write_dataset`, like the rest.
        with_quotes: Write the bbo feed too.
        ledger: Keeps what is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with HourWriter(market, sink, with_quotes=with_quotes) as writer:
        yield from played(market, writer.write, n_trades, ledger)
        writer.finish()
    write_coverage(market, folder, writer.end_ms, with_quotes)


def _until(end_ms: int, rows: Timed) -> tuple[Timed, list[Timed]]:
    """Return the rows before a time, and the later ones."""
    place = int(np.searchsorted(rows.time_ms, end_ms))
    return rows.take(slice(0, place)), [rows.take(slice(place, None))]
