"""Time recording from a local server to the disk, on one core; the server has another.

    python tests/bench/bench_sockets.py              # rounds beside a peer, and where time goes
    python tests/bench/bench_sockets.py 20_000_000   # one long round: is memory flat?

A message is a frame of trades as a busy venue sends it: 20 coins, one to four trades a frame, a
fresh identity each. The peer does the same work the way asyncio recorders such as cryptofeed do:
``websockets``, ``json``, one line written for each trade that is new. Needs the ``bench`` extra and
two cores.
"""

import asyncio
import json
import logging
import multiprocessing
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import websockets
from aiohttp import web

from hypertrack.config import Settings
from hypertrack.feeds.endpoints import endpoints
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.plan import RecordingPlan, SocketPlan
from hypertrack.recording.recorder import Recorder
from hypertrack.records import Feed
from hypertrack.simulate.venue.connections import websocket_frame
from hypertrack.store.files.session import open_session

N_MESSAGES = 1_000_000
N_ROUNDS = 3
SERVER_CORE, CLIENT_CORE = 0, 1
COINS = [f"COIN{n}" for n in range(20)]
START_MS = 1_767_600_000_000
FIRST_ID = 10**14
"""Times and ids keep their number of digits, so that frames are made ready but for these."""

BATCH = 400
MAX_UNSENT_BYTES = 1 << 20
PROFILE_S = 15


class Sample(NamedTuple):
    """How far a client is."""

    n_messages: int
    n_lines: int
    wall_s: float
    cpu_s: float
    rss_mib: float


# --- the server ---------------------------------------------------------------------------------


def templates(n: int, rng: random.Random) -> list[tuple[bytes, int]]:
    """Return frames that lack times and ids, with the number of their trades."""
    made = []
    for nth in range(n):
        trades = [
            {
                "coin": COINS[nth % len(COINS)],
                "side": rng.choice("AB"),
                "px": f"{rng.uniform(80_000, 90_000):.1f}",
                "sz": f"{rng.uniform(0, 1):.5f}",
                "time": START_MS,
                "hash": f"0x{rng.getrandbits(256):064x}",
                "tid": FIRST_ID,
                "users": [f"0x{rng.getrandbits(160):040x}" for _ in range(2)],
            }
            for _ in range(rng.choice((1, 1, 1, 2, 2, 4)))
        ]
        text = json.dumps({"channel": "trades", "data": trades}, separators=(",", ":"))
        frame = websocket_frame(text.encode())
        frame = frame.replace(str(START_MS).encode(), b"%d").replace(str(FIRST_ID).encode(), b"%d")
        made.append((frame, len(trades)))
    return made


def frames(n_messages: int) -> Iterator[bytes]:
    """Yield complete frames, 20 to a block of 70 ms."""
    made = templates(2_000, random.Random(7))
    trade_id = FIRST_ID
    for nth in range(n_messages):
        frame, n_trades = made[nth % len(made)]
        time_ms = START_MS + nth // len(COINS) * 70
        yield frame % tuple(
            value for shift in range(n_trades) for value in (time_ms, trade_id + shift)
        )
        trade_id += n_trades


def serve(n_messages: int, to_parent: Connection) -> None:
    """Send the frames to whoever has subscribed to all coins, once, as fast as they are read."""
    # A client that has enough leaves in the middle of a batch, and asyncio warns of each frame.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    os.sched_setaffinity(0, {SERVER_CORE})

    async def converse(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        for _ in COINS:
            message = await socket.receive_json()
            await socket.send_json({"channel": "subscriptionResponse", "data": message})
        transport = request.transport
        assert transport is not None
        batch: list[bytes] = []
        for frame in frames(n_messages):
            batch.append(frame)
            if len(batch) == BATCH:
                transport.write(b"".join(batch))
                batch.clear()
                while transport.get_write_buffer_size() > MAX_UNSENT_BYTES:  # type: ignore[attr-defined]
                    await asyncio.sleep(0.0002)
        transport.write(b"".join(batch))
        await socket.receive()  # the client ends it
        return socket

    async def run() -> None:
        app = web.Application()
        app.add_routes([web.get("/ws", converse)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        to_parent.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()

    asyncio.run(run())


# --- the clients --------------------------------------------------------------------------------


def record(url: str, folder: Path, n_messages: int, to_parent: Connection) -> None:
    """Record with hypertrack until all messages have come."""
    # Sealing takes other hours' lines meanwhile, at its own cost.
    settings = Settings.model_validate({"venue": {"url": url}, "record": {"seal": False}})
    where = endpoints(settings.venue)
    subscriptions = tuple(Subscription(Feed.TRADES, coin) for coin in COINS)
    plan = RecordingPlan(
        endpoints=where,
        feeds=(Feed.TRADES,),
        coins=tuple(COINS),
        sockets=(SocketPlan(url=where.market_ws, subscriptions=subscriptions),),
        evm_feeds=(),
        left_out=(),
    )
    stop = threading.Event()
    with open_session(folder) as session:
        recorder = Recorder(settings, plan, session, stop=stop)
        running = threading.Thread(target=recorder.run)
        running.start()
        clock = _Watch(to_parent)
        n_done = 0
        while n_done < n_messages:
            time.sleep(0.05)
            (feed,) = recorder.status().feeds
            n_done = feed.n_frames
            clock.tell(n_done, feed.n_rows)
        stop.set()
        running.join()
    clock.tell(n_done, recorder.status().feeds[0].n_rows, is_last=True)


def record_like_peers(url: str, folder: Path, n_messages: int, to_parent: Connection) -> None:
    """Do the same with asyncio, ``websockets`` and ``json``."""

    async def run() -> None:
        seen: OrderedDict[tuple[int, str, int], None] = OrderedDict()
        n_done = n_lines = 0
        clock = _Watch(to_parent)
        address = url.replace("http://", "ws://") + "/ws"
        with (folder / "trades.jsonl").open("w", encoding="utf-8") as file:
            async with websockets.connect(address, compression=None) as socket:
                for coin in COINS:
                    wanted = {"type": "trades", "coin": coin}
                    await socket.send(json.dumps({"method": "subscribe", "subscription": wanted}))
                async for text in socket:
                    frame = json.loads(text)
                    if frame["channel"] != "trades":
                        continue
                    received_ns = time.time_ns()
                    for trade in frame["data"]:
                        identity = trade["time"], trade["coin"], trade["tid"]
                        if identity in seen:
                            continue
                        seen[identity] = None
                        if len(seen) > 10_000:
                            seen.popitem(last=False)
                        file.write(json.dumps({"received_ns": received_ns, **trade}) + "\n")
                        n_lines += 1
                    n_done += 1
                    if n_done % 20_000 == 0:
                        clock.tell(n_done, n_lines)
                    if n_done == n_messages:
                        break
            file.flush()
            os.fsync(file.fileno())
        clock.tell(n_done, n_lines, is_last=True)

    asyncio.run(run())


class _Watch:
    """Tells the parent now and then how far it is; starts with the first message."""

    def __init__(self, to_parent: Connection, every: int = 250_000):
        self._to_parent = to_parent
        self._every = every
        self._due = 0
        self._start: tuple[float, float] | None = None

    def tell(self, n_messages: int, n_lines: int, *, is_last: bool = False) -> None:
        if self._start is None and n_messages:
            self._start = time.perf_counter(), time.process_time()
        if self._start is None or (n_messages < self._due and not is_last):
            return
        self._due += self._every
        wall_s, cpu_s = time.perf_counter() - self._start[0], time.process_time() - self._start[1]
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        rss_mib = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
        self._to_parent.send(Sample(n_messages, n_lines, wall_s, cpu_s, rss_mib))
        if is_last:
            self._to_parent.send(None)


# --- one round ----------------------------------------------------------------------------------

Client = Callable[[str, Path, int, Connection], None]


def client_process(
    client: Client, url: str, folder: Path, n_messages: int, to_parent: Connection
) -> None:
    """Run a client on its core."""
    os.sched_setaffinity(0, {CLIENT_CORE})
    client(url, folder, n_messages, to_parent)


def run_round(
    client: Client,
    n_messages: int,
    on_sample: Callable[[Sample], None] = lambda _: None,
    on_start: Callable[[int], None] = lambda _: None,
) -> Sample:
    """Run server and client once; assert that a line was written for each trade counted."""
    spawn = multiprocessing.get_context("spawn")
    from_server, server_end = spawn.Pipe(duplex=False)
    from_client, client_end = spawn.Pipe(duplex=False)
    server = spawn.Process(target=serve, args=(n_messages, server_end), daemon=True)
    server.start()
    with tempfile.TemporaryDirectory() as name:
        arguments = (client, from_server.recv(), Path(name), n_messages, client_end)
        process = spawn.Process(target=client_process, args=arguments)
        process.start()
        assert process.pid is not None
        last = from_client.recv()
        on_start(process.pid)
        sample: Sample | None = last
        while sample is not None:
            last = sample
            on_sample(sample)
            sample = from_client.recv()
        process.join()
        n_lines = _count_lines(Path(name) / "trades.jsonl")
    server.terminate()
    server.join()
    assert n_lines == last.n_lines, f"{n_lines:,} lines, counted {last.n_lines:,}"
    return last


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


# --- where the time goes ------------------------------------------------------------------------

PARTS = {
    "(websocket/": "taking other frames apart (websocket-client)",
    "take_text": "taking frames apart",
    "ReadAhead.recv": "system calls that read the socket",
    "feeds/connection.py": "heartbeat and clock",
    "feeds/frames.py": "parsing (msgspec)",
    "feeds/rows.py": "parsing (msgspec)",
    "feeds/wire_objects.py": "parsing (msgspec)",
    "records/bounds.py": "parsing (msgspec)",
    "recording/dedupe.py": "telling new from repeated",
    "recording/intake.py": "rows to lines, coverage, meters",
    "recording/line_format.py": "rows to lines, coverage, meters",
    "recording/meters.py": "rows to lines, coverage, meters",
    "recording/exchange_time.py": "rows to lines, coverage, meters",
    "recording/venue_clock.py": "rows to lines, coverage, meters",
    "files/writing.py": "queue and disk",
    "recording/listening.py": "loop",
}


def profile(pid: int, into: Path) -> "subprocess.Popen[bytes]":
    """Sample a process for a while, without slowing it."""
    options = ["-d", str(PROFILE_S), "-r", "500", "-f", "raw", "-o", str(into)]
    spy = Path(sys.executable).with_name("py-spy")
    quiet = subprocess.DEVNULL
    return subprocess.Popen(
        [spy, "record", *options, "--pid", str(pid)], stdout=quiet, stderr=quiet
    )


IDLE = "background.py"
"""A thread that only waits here, which the profiler takes for busy."""


def shares(stacks: Path) -> dict[str, float]:
    """Return the share of samples of each part: of the innermost frame that belongs to one."""
    counts: Counter[str] = Counter()
    for line in stacks.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        if IDLE in stack:
            continue
        inside_out = reversed(stack.split(";"))
        matches = (part for frame in inside_out for key, part in PARTS.items() if key in frame)
        part = next(matches, "other")
        counts[part] += int(count)
    total = sum(counts.values())
    return {part: count / total for part, count in counts.most_common()}


# --- what is printed ----------------------------------------------------------------------------


def show(name: str, last: Sample) -> None:
    print(
        f"{name:<13}{last.n_messages / last.wall_s:>10,.0f} messages/s"
        f"{last.n_lines / last.wall_s:>10,.0f} trades/s"
        f"{last.cpu_s / last.wall_s:>6.0%} of the core"
        f"{last.n_messages / last.cpu_s:>9,.0f} a CPU second{last.rss_mib:>8.1f} MiB",
        flush=True,
    )


def compare() -> None:
    """Print rounds of both, one after the other, and the shares of ours."""
    ours, peers = [], []
    with tempfile.TemporaryDirectory() as name:
        stacks = Path(name) / "stacks.txt"
        for _ in range(N_ROUNDS):
            ours.append(run_round(record, N_MESSAGES))
            show("hypertrack", ours[-1])
            peers.append(run_round(record_like_peers, N_MESSAGES))
            show("websockets", peers[-1])
        pairs = list(zip(ours, peers, strict=True))
        by_clock = statistics.median(peer.wall_s / our.wall_s for our, peer in pairs)
        by_cpu = statistics.median(peer.cpu_s / our.cpu_s for our, peer in pairs)
        print(f"hypertrack takes {by_clock:.2f} times as many, {by_cpu:.2f} by CPU time (medians)")
        spies: list[subprocess.Popen[bytes]] = []
        run_round(record, N_MESSAGES, on_start=lambda pid: spies.append(profile(pid, stacks)))
        spies[0].wait()
        for part, share in shares(stacks).items():
            print(f"{share:>6.1%}  {part}")


def soak(n_messages: int) -> None:
    """Print rate and memory through one long round."""
    samples: list[Sample] = []

    def keep(sample: Sample) -> None:
        samples.append(sample)
        if len(samples) % 4 == 0:
            show(f"{sample.n_messages / 1e6:.1f} million", sample)

    last = run_round(record, n_messages, keep)
    show("in all", last)
    warm = [sample.rss_mib for sample in samples if sample.n_messages >= n_messages // 20]
    print(
        f"memory after the first twentieth: {min(warm):.1f} to {max(warm):.1f} MiB, "
        f"{max(warm) / min(warm) - 1:.1%} apart, in {len(warm)} samples"
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        soak(int(sys.argv[1]))
    else:
        compare()
