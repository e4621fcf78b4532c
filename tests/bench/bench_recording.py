"""How fast frames become lines: parse, dedupe, splice, write, on one core.

    python tests/bench/bench_recording.py [frames, default 200,000]

Frames are those of a busy venue: 20 coins, one to four trades a frame, a fresh identity each.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from hypertrack.clock import SystemClock
from hypertrack.config import RecordSettings
from hypertrack.feeds.frames import parse_frame
from hypertrack.feeds.rows import Rows
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.closed_candles import CandleBook
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.intake import Intake
from hypertrack.recording.plan import SocketPlan
from hypertrack.recording.streams import Streams
from hypertrack.records import Feed
from hypertrack.store.files.ledger import Ledger
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

N_FRAMES = 200_000
COINS = [f"COIN{n}" for n in range(20)]
START_MS = 1_767_600_000_000


def frames(n: int, rng: random.Random) -> Iterator[bytes]:
    """Yield frames of trades with the venue's shape and size."""
    trade_id = 0
    for nth in range(n):
        trades = []
        for _ in range(rng.choice((1, 1, 1, 2, 2, 4))):
            trade_id += 1
            trades.append(
                {
                    "coin": COINS[nth % len(COINS)],
                    "side": rng.choice("AB"),
                    "px": f"{rng.uniform(80_000, 90_000):.1f}",
                    "sz": f"{rng.uniform(0, 1):.5f}",
                    "time": START_MS + nth * 70,
                    "hash": f"0x{rng.getrandbits(256):064x}",
                    "tid": trade_id,
                    "users": [f"0x{rng.getrandbits(160):040x}" for _ in range(2)],
                }
            )
        data = {"channel": "trades", "data": trades}
        yield json.dumps(data, separators=(",", ":")).encode()


def intake_into(folder: Path, writer: LineWriter, clock: SystemClock) -> Intake:
    """Return the intake of a socket that carries the trades of all coins."""
    book = CoverageBook(Ledger(folder), clock)
    session = Session(folder=folder, mode="rotate")
    streams = Streams(session, book, writer, CandleBook(5_000), clock)
    subscriptions = tuple(Subscription(Feed.TRADES, coin) for coin in COINS)
    intake = streams.intake_of(SocketPlan(url="", subscriptions=subscriptions))
    for stream in intake.streams.values():
        stream.coverage.acknowledge()
    return intake


def main() -> None:
    """Print the rates."""
    n_frames = int(sys.argv[1]) if len(sys.argv) > 1 else N_FRAMES
    made = list(frames(n_frames, random.Random(7)))
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        writer = LineWriter(folder, RecordSettings(), clock)
        intake = intake_into(folder, writer, clock)
        writer.start()
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        for data in made:
            frame = parse_frame(data)
            assert isinstance(frame, Rows)
            intake.take(frame, data, clock.wall_ns())
        writer.close()
        wall_s, cpu_s = time.perf_counter() - start_s, time.process_time() - start_cpu_s
        n_trades = intake.streams[Feed.TRADES, COINS[0]].meter.n_rows
        n_lines = (folder / "trades.jsonl").read_bytes().count(b"\n")
    assert n_lines == n_trades
    print(f"{n_frames:,} frames, {n_trades:,} trades, {sum(map(len, made)) / 1e6:.0f} MB")
    print(f"{n_frames / wall_s:,.0f} frames/s, {n_trades / wall_s:,.0f} trades/s (wall)")
    print(f"{n_frames / cpu_s:,.0f} frames/s, {n_trades / cpu_s:,.0f} trades/s (CPU, all threads)")


if __name__ == "__main__":
    main()
