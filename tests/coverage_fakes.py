"""A book of coverage with one socket; exchange times are seconds."""

from pathlib import Path

from clock_fakes import ManualClock

from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.exchange_time import ExchangeTime
from hypertrack.recording.stream_coverage import StreamCoverage
from hypertrack.store.files.ledger import Ledger, read_ledger

Interval = tuple[str, int, int, str | None, int | None]


class Bench:
    """A book with one socket; what it wrote is read back from its ledger."""

    def __init__(self, folder: Path):
        self.clock = ManualClock()
        self.book = CoverageBook(Ledger(folder), self.clock)
        self.socket = ExchangeTime(self.book.time)
        self._folder = folder

    def stream(
        self, name: str = "trades:BTC", *, is_recovered: bool = False, resumed: int | None = None
    ) -> StreamCoverage:
        resumed_ms = None if resumed is None else resumed * 1000
        return self.book.stream(name, self.socket, is_recovered=is_recovered, resumed_ms=resumed_ms)

    def see(self, second: int) -> None:
        self.socket.see(second * 1000)

    def intervals(self, name: str = "trades:BTC") -> list[Interval]:
        return [
            (line.status, line.start_ms // 1000, line.end_ms // 1000, line.cause, line.missed)
            for line in read_ledger(self._folder)
            if line.stream == name
        ]

    def stopped(self, name: str = "trades:BTC") -> list[Interval]:
        self.book.stop()
        return self.intervals(name)


def observed_until(bench: Bench, stream: StreamCoverage, start: int, end: int) -> None:
    bench.see(start)
    stream.acknowledge()
    stream.begin_rows(start * 1000, start * 1000)
    bench.see(end)
