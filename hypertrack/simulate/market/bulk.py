"""A whole dataset at once: the folder that recording the simulated market would have made."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
import pyarrow as pa

from hypertrack.config import SimulateSettings
from hypertrack.errors import DatasetError
from hypertrack.records import (
    MINUTE_MS,
    CoverageLine,
    CoverageStatus,
    Feed,
    encode_json,
)
from hypertrack.simulate.market.arrays import (
    Chunk,
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.dataset_lines import (
    DatasetLines,
    minute_candles,
    text_of,
)
from hypertrack.simulate.market.evm_lines import EvmLines
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.one_behind import OneBehind
from hypertrack.simulate.market.playing import WriteProgress, played
from hypertrack.simulate.market.wallet_ledger import WalletLedger

COVERAGE_NAME = "coverage.jsonl"
_BATCH_ROWS = 60_000
"""Trades and quotes from which on they are written."""
_MARGIN = 0.02
_MARGIN_FOR_CHANCE = 15.0
"""Rates are set a little high, more so for few trades, so that the trades asked for mostly come
before the hours are over. They come by whole sessions, about 200 at once: their number has a
standard deviation of that many times as few independent arrivals, 14 over its root."""


def settings_for(settings: SimulateSettings, n_trades: int) -> SimulateSettings:
    """Return the settings with the rate at which so many trades come in the hours asked for."""
    margin = 1 + _MARGIN + min(_MARGIN_FOR_CHANCE / np.sqrt(n_trades), 0.5)
    rate = float(n_trades * margin / (settings.hours * 3600))
    return settings.model_copy(update={"trades_per_second": rate})


def write_dataset(
    market: Market,
    folder: Path,
    n_trades: int | None = None,
    *,
    with_quotes: bool = True,
    ledger: WalletLedger | None = None,
) -> Iterator[WriteProgress]:
    """Write the market's dataset, yielding after each chunk; nothing happens until iterated.

    Args:
        market: What to write.
        folder: Made where missing; must not hold a dataset.
        n_trades: End after so many trades, past the market's end if need be, but not beyond
            twice its length; None writes the market to its end. `settings_for` sets the rate at
            which they come within the hours or soon after.
        with_quotes: Write the bbo feed too.
        ledger: Keeps what is written (`Market.ledger`).

    Raises:
        DatasetError: The folder holds a dataset.
    """
    paths = {feed: folder / f"{feed}.jsonl" for feed in _feeds(with_quotes)}
    taken = [path for path in (*paths.values(), folder / COVERAGE_NAME) if path.exists()]
    if taken:
        raise DatasetError(f"{folder} already holds a dataset ({taken[0].name}); choose another")
    folder.mkdir(parents=True, exist_ok=True)
    parts = {feed: path.with_suffix(".part") for feed, path in paths.items()}
    with ExitStack() as stack:
        files = {feed: stack.enter_context(part.open("wb")) for feed, part in parts.items()}
        writer = _Writer(market, files)
        chunks = stack.enter_context(_Batches(writer.write))
        yield from played(market, chunks.add, n_trades, ledger)
        chunks.finish()
    for feed, part in parts.items():
        part.rename(paths[feed])
    write_coverage(market, folder, writer.end_ms, with_quotes)


def write_coverage(market: Market, folder: Path, end_ms: int, with_quotes: bool) -> None:
    """Write the ledger of a market that was written up to a time."""
    lines = _coverage(market, end_ms, with_quotes)
    (folder / COVERAGE_NAME).write_bytes(b"".join(encode_json(line) + b"\n" for line in lines))


class _Batches:
    """Gives chunks to a writer, some at once, while the next ones happen; a context.

    Arrow takes its time for each call, however few the rows, and waits for the interpreter.
    """

    def __init__(self, write: Callable[[list[Chunk]], None]):
        self._write = write
        self._chunks: list[Chunk] = []
        self._writing = OneBehind()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._writing.close()

    def add(self, chunk: Chunk) -> None:
        """Take what happened.

        Raises:
            OSError: Earlier chunks could not be written.
        """
        self._chunks.append(chunk)
        if sum(len(each.trades) + len(each.quotes) for each in self._chunks) > _BATCH_ROWS:
            self._begin()

    def finish(self) -> None:
        """Write what is left and wait for it.

        Raises:
            OSError: It could not be written.
        """
        if self._chunks:
            self._begin()
        self._writing.wait()

    def _begin(self) -> None:
        chunks, self._chunks = self._chunks, []
        self._writing.begin(partial(self._write, chunks))


class _Writer:
    """The open files of a dataset."""

    def __init__(self, market: Market, files: Mapping[Feed, BinaryIO]):
        self._files = files
        names = [coin.name for coin in market.coins]
        self._lines = DatasetLines(names, market.wallets, market.settings.seed)
        self._decimals = np.array([coin.size_decimals for coin in market.coins])
        self._evm = EvmLines(market)
        self.end_ms = market.start_ms

    def write(self, chunks: list[Chunk]) -> None:
        """Append what happened."""
        trades = TradeArrays.join([chunk.trades for chunk in chunks])
        evm = EvmArrays(
            EvmBlockArrays.join([chunk.evm.blocks for chunk in chunks]),
            EvmTransactionArrays.join([chunk.evm.transactions for chunk in chunks]),
        )
        self.end_ms = chunks[-1].end_ms
        is_whole = trades.time_ms < self.end_ms // MINUTE_MS * MINUTE_MS
        candles = minute_candles(trades.take(is_whole), self._decimals)
        self._append(Feed.TRADES, self._lines.trades(trades))
        self._append(Feed.CANDLES, self._lines.candles(candles))
        if Feed.BBO in self._files:
            quotes = QuoteArrays.join([chunk.quotes for chunk in chunks])
            self._append(Feed.BBO, self._lines.quotes(quotes))
        self._append(Feed.BLOCKS, self._evm.blocks(evm))
        self._append(Feed.TRANSACTIONS, self._evm.transactions(evm))

    def _append(self, feed: Feed, lines: pa.Array) -> None:
        self._files[feed].write(text_of(lines))


def _feeds(with_quotes: bool) -> list[Feed]:
    feeds = [Feed.TRADES, Feed.CANDLES, Feed.BLOCKS, Feed.TRANSACTIONS]
    return [*feeds, Feed.BBO] if with_quotes else feeds


def _coverage(market: Market, end_ms: int, with_quotes: bool) -> Iterator[CoverageLine]:
    """Yield one observed interval for each stream."""
    per_coin = {Feed.TRADES, Feed.CANDLES, Feed.BBO}
    for feed in _feeds(with_quotes):
        names = [f":{coin.name}" for coin in market.coins] if feed in per_coin else [""]
        for name in names:
            yield CoverageLine(
                stream=f"{feed}{name}",
                status=CoverageStatus.OBSERVED,
                start_ms=market.start_ms,
                end_ms=end_ms,
            )
