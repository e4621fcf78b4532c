"""Following HyperEVM: every block from the newest on, with its transactions, in order."""

import logging
import random
import threading
from collections.abc import Iterator, Mapping

from hypertrack.clock import Clock
from hypertrack.config import RecordSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.endpoints import Endpoints
from hypertrack.feeds.evm_blocks import BlockNotYetError, EvmBlock, EvmBlocks
from hypertrack.feeds.evm_heads import polled_heads, subscribed_heads
from hypertrack.feeds.evm_rpc import EvmClient
from hypertrack.feeds.subscriptions import EVM
from hypertrack.recording.line_format import join_lines
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.records import CoverageCause, Feed
from hypertrack.store.files.writing import LineWriter

log = logging.getLogger(__name__)

MAX_MINUTES_BEHIND = 5.0
REQUESTS_PER_BLOCK = 2
"""Blocks that would take longer to ask for are skipped, and the gap recorded."""

BLOCKS_AT_ONCE = 50
"""The most that the node gives logs of at once (protocol, section 8)."""

POLLS_OF_BUDGET = 0.15
"""Share of the requests a minute that goes into asking for the newest block's number: at 100 a
minute a poll every 4 s, which leaves room for a block a second and its logs."""

MIN_POLL_INTERVAL_S = 0.2


class EvmFollower:
    """The chain's blocks and transactions to lines; used by one thread."""

    def __init__(
        self,
        where: Endpoints,
        coverage_by_feed: Mapping[Feed, StreamCoverage],
        writer: LineWriter,
        settings: RecordSettings,
        clock: Clock,
        stop: threading.Event,
    ):
        self.meters = {feed: FeedMeter() for feed in coverage_by_feed}
        budget = RateBudget(settings.evm_requests_per_minute, clock)
        self._client = EvmClient(where.evm, budget, clock, stop)
        self._blocks = EvmBlocks(self._client)
        self._heads_ws = where.evm_heads_ws
        self._coverage_by_feed = coverage_by_feed
        self._writer = writer
        self._settings = settings
        self._clock = clock
        self._stop = stop
        self._next: int | None = None
        self._newest_ms: int | None = None

    def run(self) -> None:
        """Follow until the recorder stops; begin again after an error, where it was."""
        wait_s = self._settings.backoff_min_s
        while not self._stop.is_set():
            try:
                for head in self._heads():
                    self._catch_up(head)
                    wait_s = self._settings.backoff_min_s
            except VenueError as error:
                if self._stop.is_set():
                    return
                log.warning("EVM: %s; trying again", error)
                for coverage in self._coverage_by_feed.values():
                    coverage.lose(CoverageCause.ERROR, self._newest_ms)
                self._clock.wait(self._stop, random.uniform(0, wait_s))
                wait_s = min(2 * wait_s, self._settings.backoff_max_s)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def _heads(self) -> Iterator[int]:
        if self._heads_ws is not None:
            return subscribed_heads(self._heads_ws, self._clock, self._stop)
        polls_per_minute = self._settings.evm_requests_per_minute * POLLS_OF_BUDGET
        interval_s = max(MIN_POLL_INTERVAL_S, 60 / polls_per_minute)
        return polled_heads(self._blocks, self._clock, self._stop, interval_s)

    def _catch_up(self, head: int) -> None:
        first = head if self._next is None else self._next
        max_behind = (
            self._settings.evm_requests_per_minute * MAX_MINUTES_BEHIND / REQUESTS_PER_BLOCK
        )
        n_skipped = head - first if head - first > max_behind else 0
        first += n_skipped
        while first <= head and not self._stop.is_set():
            last = min(head, first + BLOCKS_AT_ONCE - 1)
            with_transactions = Feed.TRANSACTIONS in self._coverage_by_feed
            try:
                blocks = self._blocks.fetch(first, last, with_transactions=with_transactions)
            except BlockNotYetError:
                return  # announced before it can be had: the next head brings it
            received_ns = self._clock.wall_ns()
            for block in blocks:
                self._write(block, received_ns)
                self._cover(block.exchange_time_ms, n_skipped)
                n_skipped = 0
            first = self._next = last + 1

    def _cover(self, time_ms: int, n_skipped: int) -> None:
        """Note that a block came, the next one after the last unless some were skipped."""
        last_ms, self._newest_ms = self._newest_ms, time_ms
        for coverage in self._coverage_by_feed.values():
            coverage.time.see(time_ms)
            coverage.acknowledge()
            if coverage.is_awaiting_rows:
                coverage.begin_rows(time_ms, time_ms)
                if n_skipped and last_ms is not None:
                    coverage.open_gap(last_ms, time_ms, n_skipped)
                elif last_ms is not None:
                    coverage.close_gap()
                else:
                    coverage.leave_gap()
            elif n_skipped and last_ms is not None:
                coverage.interrupt(last_ms, time_ms, CoverageCause.OVERFLOW, n_skipped)

    def _write(self, block: EvmBlock, received_ns: int) -> None:
        lines = {Feed.BLOCKS: (block.block,), Feed.TRANSACTIONS: block.transactions}
        for feed, meter in self.meters.items():
            raws = lines[feed]
            meter.see(received_ns)
            meter.lag(received_ns // 1_000_000 - block.exchange_time_ms)
            if raws and self._writer.offer(feed, join_lines(raws, received_ns, EVM)):
                meter.n_rows += len(raws)
