"""The market as its nodes would have archived it: an lz4 file an hour, a line a block.

Source: ``node_fills_by_block`` of the venue's public node data (protocol, section 6). Blocks
without fills are lines too, so that a number that is missing is a block that is missing.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from hypertrack.errors import DatasetError
from hypertrack.files import replacing
from hypertrack.records import HOUR_MS, Record
from hypertrack.simulate.market.arrays import Chunk, Ints
from hypertrack.simulate.market.calendar import BLOCK_MS, block_after, block_times
from hypertrack.simulate.market.dataset_lines import received_ns
from hypertrack.simulate.market.fill_objects import FillObjects
from hypertrack.simulate.market.holdings import Holdings
from hypertrack.simulate.market.instruments import CoinColumns
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.one_sided_fills import (
    dust_texts,
    settlement_coin,
    settlement_texts,
)

ARCHIVE_FOLDER = Path("node_fills_by_block/hourly")

_BLOCKS_BEFORE = 24_400_000_000
"""Blocks are counted from the Unix epoch here, and from its own start by the venue."""

_HOLE_MS = (5_000.0, 120_000.0)
_MOST_OF_ITS_PART = 0.25


class Hole(Record, frozen=True, kw_only=True):
    """Blocks that the archives lack, both ends included."""

    first_block: int
    last_block: int
    start_ms: int
    """Time of the first of them."""
    end_ms: int


class ArchiveWriter:
    """Writes a market into hourly files, each there once its hour is over.

    Attributes:
        holes: Those of the holes asked for that the market came to.

    Args:
        market: Whose chunks come.
        folder: Of the archives.
        n_holes: Stretches of blocks to leave out, one in each of so many parts of the market.

    Raises:
        DatasetError: On entering, where the folder holds archives.
    """

    def __init__(self, market: Market, folder: Path, n_holes: int = 0):
        self.holes: list[Hole] = []
        self._market = market
        self._folder = folder
        self._wanted = draw_holes(market, n_holes)
        self._holdings = Holdings(market.start_positions, CoinColumns(market.coins).size_scale)
        self._objects = FillObjects(
            market.coins, market.wallets, market.terms, market.settings.seed
        )
        self._next_block = _first_block(market.start_ms)
        self._hour: int | None = None
        self._stack = ExitStack()
        self._file: pa.NativeFile | None = None
        self._end_prices = np.empty(0)

    def __enter__(self) -> Self:
        if any((self._folder / ARCHIVE_FOLDER).glob("*/*")):
            raise DatasetError(f"{self._folder} already holds archives: choose another")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)  # an hour that is not whole is given up

    def write(self, chunk: Chunk) -> None:
        """Append the blocks of a chunk."""
        trades = chunk.trades
        events = self._objects.texts(trades, self._holdings.add(trades))
        blocks = np.repeat(_block_of(trades.time_ms), 2)
        if self._next_block == _first_block(self._market.start_ms):
            events, blocks = self._with_dust(events, blocks)
        # A block without trades is held back: the last one of all is that of the settlement.
        stop = _first_block(chunk.end_ms) - 1
        self._append(max([stop, *(blocks[-1:] + 1).tolist()]), blocks, events)
        self._end_prices = chunk.end_prices

    def finish(self) -> None:
        """Settle the positions of the coin that is delisted, in a last block, and end the file."""
        last = self._next_block
        events = list(self._settlements(int(block_times(np.array([last]))[0])))
        self._append(last + 1, np.full(len(events), last), events)
        self._stack.close()
        self.holes = [hole for hole in self._wanted if hole.last_block < last - _BLOCKS_BEFORE]

    def _settlements(self, time_ms: int) -> Iterator[str]:
        market = self._market
        coin = settlement_coin(market.coins)
        if coin is not None and len(self._end_prices):
            held, price = self._holdings.of_coin(coin), float(self._end_prices[coin])
            named, seed = market.coins[coin], market.settings.seed
            yield from settlement_texts(held, named, market.wallets, price, time_ms, seed)

    def _with_dust(self, events: list[str], blocks: Ints) -> tuple[list[str], Ints]:
        market, first = self._market, self._next_block
        time_ms = int(block_times(np.array([first]))[0])
        dust = list(dust_texts(market.dust, market.coins, market.wallets, time_ms))
        return dust + events, np.concatenate([np.full(len(dust), first), blocks])

    def _append(self, stop: int, block_of_event: Ints, events: Sequence[str]) -> None:
        """Write the blocks before ``stop``, a part an hour."""
        numbers = np.arange(self._next_block, stop)
        hours = block_times(numbers) // HOUR_MS
        for hour in np.unique(hours).tolist():
            own = numbers[hours == hour]
            lines = _block_lines(own, self._is_kept(own), block_of_event, events)
            self._opened(hour).write("".join(lines).encode("ascii"))
        self._next_block = max(stop, self._next_block)

    def _opened(self, hour: int) -> pa.NativeFile:
        """Return the file of an hour; the one before is whole then."""
        if self._file is None or hour != self._hour:
            self._stack.close()
            path = self._folder / ARCHIVE_FOLDER / hour_name(hour)
            unfinished = self._stack.enter_context(replacing(path))
            self._file = self._stack.enter_context(
                pa.CompressedOutputStream(str(unfinished), "lz4")
            )
            self._hour = hour
        return self._file

    def _is_kept(self, numbers: Ints) -> list[bool]:
        kept = np.ones(len(numbers), dtype=bool)
        for hole in self._wanted:
            named = numbers - _BLOCKS_BEFORE
            kept &= (named < hole.first_block) | (named > hole.last_block)
        answer: list[bool] = kept.tolist()
        return answer


def draw_holes(market: Market, count: int) -> list[Hole]:
    """Draw holes in the archives of a market, by time; none overlap."""
    rng = np.random.default_rng([market.settings.seed, 23])
    part = (market.end_ms - market.start_ms) / max(count, 1)
    low, high = np.log(_HOLE_MS)
    length = np.exp(rng.uniform(low, high, count))
    length = np.minimum(length, _MOST_OF_ITS_PART * part)
    start = market.start_ms + part * (np.arange(count) + rng.uniform(0.2, 0.7, count))
    first, last = block_after(start), block_after(start + length)
    times = zip(block_times(first).tolist(), block_times(last).tolist(), strict=True)
    return [
        Hole(
            first_block=one - _BLOCKS_BEFORE,
            last_block=other - _BLOCKS_BEFORE,
            start_ms=start_ms,
            end_ms=end_ms,
        )
        for one, other, (start_ms, end_ms) in zip(first.tolist(), last.tolist(), times, strict=True)
    ]


def hour_name(hour: int) -> str:
    """Return where the archives of an hour since the epoch stand: ``20260105/0.lz4``."""
    start = datetime.fromtimestamp(hour * HOUR_MS // 1000, UTC)
    return f"{start:%Y%m%d}/{start.hour}.lz4"


def _block_lines(
    numbers: Ints, is_kept: Sequence[bool], block_of_event: Ints, events: Sequence[str]
) -> Iterator[str]:
    """Yield a line for each block; the events come by block."""
    times = block_times(numbers)
    received = received_ns(times) // 1_000_000
    rows = zip(
        (numbers - _BLOCKS_BEFORE).tolist(),
        _iso(received),
        _iso(times),
        (numbers * 7_919 % 999_983).tolist(),
        np.searchsorted(block_of_event, numbers).tolist(),
        np.searchsorted(block_of_event, numbers, side="right").tolist(),
        is_kept,
        strict=True,
    )
    for number, local, time, rest_ns, start, end, is_there in rows:
        if is_there:
            yield (
                f'{{"local_time":"{local}000000","block_time":"{time}{rest_ns:06}",'
                f'"block_number":{number},"events":[{",".join(events[start:end])}]}}\n'
            )


def _iso(time_ms: Ints) -> list[str]:
    """Return times to the millisecond."""
    texts: list[str] = np.datetime_as_string(time_ms.astype("datetime64[ms]")).tolist()
    return texts


def _first_block(time_ms: int) -> int:
    """Return the first block at or after a time."""
    near = time_ms // BLOCK_MS - 1
    around = block_times(np.arange(near, near + 4))
    return int(near + np.searchsorted(around, time_ms))


def _block_of(time_ms: Ints) -> Ints:
    """Return the block of each time, which is one of a block."""
    return (time_ms + BLOCK_MS // 2) // BLOCK_MS
