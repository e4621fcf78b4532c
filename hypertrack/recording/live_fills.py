"""Fills of everybody while they happen: paired like those of archives, written by a recorder."""

from collections.abc import Iterable

from hypertrack.importing.archives import fill_of_event
from hypertrack.importing.line_reader import UNREADABLE, ForeignLineError
from hypertrack.importing.pairing import FillPairer
from hypertrack.importing.sink import Sink
from hypertrack.recording.following import FollowedCoverage, FollowerParts
from hypertrack.recording.tape_check import FILLS
from hypertrack.records import Feed, FollowedFills, RawJson


class LiveSink(Sink):
    """A sink whose lines go through the writer of a recorder.

    A trade that a socket brought already is not written again, and the other way round.
    """

    def __init__(self, parts: FollowerParts, coverage: FollowedCoverage):
        super().__init__(parts.folder)
        self._parts = parts
        self._coverage = coverage

    def add_trade(self, coin: str, time_ms: int, trade_id: int, line: bytes) -> None:
        """Append a trade, unless it is known from a socket."""
        stream = self._parts.streams_by_coin.get(coin)
        if stream is not None:
            identity = time_ms, trade_id
            self._parts.check.see(FILLS, coin, [identity])
            with stream.memory.lock:
                if not stream.memory.add(identity):
                    return
        self._coverage.meet(coin)
        self.add(Feed.TRADES, line)

    def keep(self, name: str, line: bytes) -> None:
        """Hand a line to the writer."""
        self._parts.writer.offer(name, line)


class FillsTaker:
    """Takes fills block by block; the pairs of a block are made when the next one begins."""

    def __init__(self, parts: FollowerParts):
        self.coverage = FollowedCoverage(parts)
        self.sink = LiveSink(parts, self.coverage)
        self.pairer = FillPairer(self.sink, window_ms=0)
        self.n_gaps = 0
        self._parts = parts
        self._block_ms: int | None = None
        """Of the block that waits for its end."""
        self._is_whole = True
        self._is_missing = False

    def take(self, events: Iterable[RawJson], received_ns: int, *, follows: bool) -> None:
        """Take the fills of a frame, ``[address, fill]`` each; a bad one is quarantined alone.

        Args:
            events: Of one block.
            received_ns: When they were received.
            follows: Nothing is missing between the frame before and this one.
        """
        if not follows:
            self.miss()
        times_ms = []
        for event in events:
            try:
                fill = fill_of_event(event, received_ns)
                if not self._parts.book.venue.is_plausible(fill.fill.time, received_ns):
                    raise ForeignLineError(f"time {fill.fill.time} lies ahead of the venue's clock")
            except UNREADABLE as error:
                self.sink.quarantine(bytes(event), f"a fill of all: {error}")
                self.miss()
                continue
            self.pairer.add(fill)
            times_ms.append(fill.fill.time)
        if times_ms:
            self.begin(max(times_ms), follows=True)

    def begin(self, block_ms: int, *, follows: bool) -> None:
        """Note that the fills of a block came, after which those before it are all there."""
        if self._block_ms is not None and block_ms > self._block_ms:
            self._reach(self._block_ms)
        self._block_ms = max(block_ms, self._block_ms or 0)
        if self._is_missing or not follows:
            self._is_whole, self._is_missing = False, False
            self.n_gaps += 1

    def rest(self) -> None:
        """Write what waits: nothing more seems to come of the last block."""
        self.pairer.finish()
        if self._block_ms is not None:
            self._reach(self._block_ms)
            self._block_ms = None

    def finish(self) -> None:
        """Write what waits, at the end of the recording."""
        self.rest()
        self._parts.check.finish()

    def miss(self) -> None:
        """Note that something is missing before what comes next."""
        self._is_missing = True

    def status(self) -> FollowedFills:
        """Return what came so far."""
        check, counts = self._parts.check, self.sink.counts
        return FollowedFills(
            n_fills=counts["fills"],
            n_trades=counts[Feed.TRADES],
            n_set_aside=counts["ambiguous"],
            n_quarantined=counts["quarantined"],
            n_gaps=self.n_gaps,
            n_both=check.n_both,
            n_only_on_tape=check.n_only_on_tape,
            n_only_in_fills=check.n_only_in_fills,
        )

    def _reach(self, block_ms: int) -> None:
        self.coverage.reach(block_ms, is_whole=self._is_whole)
        self._is_whole = True
