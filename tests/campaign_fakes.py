"""What a recording lacks beside what its exchange sent, and whether the ledger says so.

`fork_server` guarantees a recorder in a process of its own within milliseconds: the imports are
done once, and each recorder is a fork of them.
"""

import os
import signal
import subprocess
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from hypertrack.feeds.rows import recorded_trade
from hypertrack.records import CoverageLine, CoverageStatus
from hypertrack.store.files.ledger import read_ledger

Trade = tuple[int, str, int]
"""Exchange time, coin and id."""


@dataclass(frozen=True)
class Outcome:
    """What a fault did to a recording."""

    fault: str
    n_injected: int
    n_sent: int
    n_lost: int
    n_explained: int
    """Of the lost trades, those that lie in an interval that the ledger calls missing."""


Note = Callable[[Outcome], None]
"""Puts an outcome into the table of the campaign."""


def stored_trades(folder: Path) -> list[Trade]:
    """Return the recorded trades in the order of the file; every line must be one."""
    path = folder / "trades.jsonl"
    rows = [recorded_trade(line) for line in path.read_bytes().splitlines()]
    assert None not in rows, "a line that is no trade"
    return [(row.exchange_time_ms, row.coin, int(row.row_id)) for row in rows if row is not None]


def outcome_of(
    fault: str,
    folder: Path,
    sent: Iterable[Trade],
    n_injected: int,
    stored: list[Trade] | None = None,
) -> Outcome:
    """Compare a recording with what was sent; assert that it holds nothing twice.

    What was sent before a coin's stream was first acknowledged, or from the newest time known at
    the end on, was not asked for and is left out.

    Args:
        stored: What it holds, where that is not all in the open file.
    """
    stored = stored_trades(folder) if stored is None else stored
    assert len(stored) == len(set(stored)), "a trade is stored twice"
    lines_by_coin: dict[str, list[CoverageLine]] = {}
    for line in read_ledger(folder):
        feed, _, coin = line.stream.partition(":")
        if feed == "trades":
            lines_by_coin.setdefault(coin, []).append(line)
    span_by_coin = {
        coin: (min(line.start_ms for line in lines), max(line.end_ms for line in lines))
        for coin, lines in lines_by_coin.items()
    }
    nowhere = (0, 0)
    asked = {
        (time_ms, coin, trade_id)
        for time_ms, coin, trade_id in sent
        if span_by_coin.get(coin, nowhere)[0] <= time_ms < span_by_coin.get(coin, nowhere)[1]
    }
    lost = asked - set(stored)
    explained = _explained(lost, stored, lines_by_coin)
    return Outcome(fault, n_injected, len(asked), len(lost), len(explained))


def _explained(
    lost: set[Trade], stored: list[Trade], lines_by_coin: dict[str, list[CoverageLine]]
) -> set[Trade]:
    """Return the lost trades inside an interval that the ledger says is missing, or may be.

    A frame that could not be read was lost between the newest time known then, at which its mark
    stands, and the next trade of its coin. Marks of the whole feed stand under no coin.
    """
    times_by_coin: dict[str, list[int]] = {coin: [] for _, coin, _ in lost}
    for time_ms, coin, _ in sorted(stored):
        if coin in times_by_coin:
            times_by_coin[coin].append(time_ms)
    missing_by_coin = {
        coin: [
            (line.start_ms, _end_ms(line, times_ms))
            for line in (*lines_by_coin.get(coin, ()), *lines_by_coin.get("", ()))
            if line.status is not CoverageStatus.OBSERVED and line.missed != 0
        ]
        for coin, times_ms in times_by_coin.items()
    }
    return {
        (time_ms, coin, trade_id)
        for time_ms, coin, trade_id in lost
        if any(start_ms <= time_ms <= end_ms for start_ms, end_ms in missing_by_coin[coin])
    }


def _end_ms(line: CoverageLine, times_ms: list[int]) -> int:
    at = bisect_right(times_ms, line.end_ms)
    is_mark = line.start_ms == line.end_ms
    return times_ms[at] if is_mark and at < len(times_ms) else line.end_ms


FORK_SERVER = """
import importlib, logging, os, sys
from pathlib import Path
from recorder_fakes import plan_for, settings_for
from hypertrack.config import parse_place
from hypertrack.recording import recorder
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.files.session import open_session

logging.disable(logging.WARNING)
settings = settings_for(sys.argv[1], *sys.argv[3:], write_interval_s=0.02)
plan = plan_for(settings)
place = parse_place(sys.argv[2])
if isinstance(place, Path):
    open_place = lambda: open_session(place, "append")
else:
    importlib.import_module(f"adbc_driver_{place.dialect}.dbapi")
    open_place = lambda: open_database_session(place, "append", Path(os.environ["SPOOL"]))
for checkpoint_interval_s in sys.stdin:
    child = os.fork()
    if not child:
        recorder.CHECKPOINT_INTERVAL_S = float(checkpoint_interval_s)
        with open_place() as session:
            recorder.Recorder(settings, plan, session).run()
        os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class ForkServer:
    """Starts recorders that continue one dataset, and kills them."""

    def __init__(self, process: "subprocess.Popen[str]"):
        self._process = process

    def start(self, checkpoint_interval_s: float) -> int:
        """Start a recorder and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{checkpoint_interval_s}\n")
        self._process.stdin.flush()
        return self._answer()

    def kill(self, recorder: int) -> int:
        """Kill a recorder and return the signal it ended with, 0 where it had ended by itself."""
        with suppress(ProcessLookupError):
            os.kill(recorder, signal.SIGKILL)
        return os.WTERMSIG(self._answer())

    def _answer(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


@contextmanager
def fork_server(url: str, place: str, *feeds: str, spool: str = "") -> Iterator[ForkServer]:
    """Give a server of recorders for the feeds of a local venue.

    Args:
        place: Folder, or URL of a database; then ``spool`` is needed.
    """
    tests = Path(__file__).parent
    with subprocess.Popen(
        [sys.executable, "-c", FORK_SERVER, url, place, *feeds],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=tests.parent,
        env=os.environ | {"PYTHONPATH": f"{tests}:{tests.parent}", "SPOOL": spool},
    ) as process:
        try:
            yield ForkServer(process)
        finally:
            process.kill()
