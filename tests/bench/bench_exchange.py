"""Time the simulated exchange: python tests/bench/bench_exchange.py [speed [hours [feeds]]].

The exchange runs in a process of its own, and one websocket-client reads all coins. Speed 0 (the
default) is as fast as that client reads; feeds are a comma-separated list of trades, bbo, candle,
l2Book, allMids and activeAssetCtx.
"""

import asyncio
import multiprocessing
import resource
import sys
import time
from multiprocessing.queues import Queue
from typing import Any

import websocket

from hypertrack.config import SimulateSettings
from hypertrack.records import encode_json
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource
from hypertrack.simulate.venue.server import Exchange, serve


def run_exchange(settings: SimulateSettings, messages: "Queue[Any]") -> None:
    """Serve a market until all of it is delivered."""
    source = MarketSource(Market(settings))
    names = [coin.name for coin in source.coins]

    async def run() -> None:
        running: list[Exchange] = []
        stop = asyncio.Event()
        serving = asyncio.create_task(serve(source, settings, on_ready=running.append, stop=stop))
        while not running:
            await asyncio.sleep(0.01)
        messages.put((running[0].url, names, source.end_ms - source.open_ms))
        while not running[0].finished.is_set():
            await asyncio.sleep(0.01)
        stop.set()
        await serving
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu_s = usage.ru_utime + usage.ru_stime
        messages.put((running[0].sent.n_trades, cpu_s, usage.ru_maxrss / 1024))

    asyncio.run(run())


def subscribe(socket: websocket.WebSocket, feeds: list[str], coins: list[str]) -> None:
    """Subscribe to every feed of every coin."""
    for feed in feeds:
        for coin in [None] if feed == "allMids" else coins:
            subscription = {"type": feed} | ({} if coin is None else {"coin": coin})
            if feed == "candle":
                subscription["interval"] = "1m"
            request = {"method": "subscribe", "subscription": subscription}
            socket.send(encode_json(request).decode())


def main(speed: float, hours: float, feeds: list[str]) -> None:
    """Run the benchmark."""
    settings = SimulateSettings(port=0, speed=speed, hours=hours, settle_s=0.2)
    messages: Queue[Any] = multiprocessing.Queue()
    process = multiprocessing.Process(target=run_exchange, args=(settings, messages))
    process.start()
    url, coins, span_ms = messages.get()
    socket = websocket.create_connection(
        url.replace("http://", "ws://") + "/ws", skip_utf8_validation=True
    )
    subscribe(socket, feeds, coins)
    n_frames = n_bytes = 0
    start_s = time.perf_counter() + settings.settle_s
    try:
        while data := socket.recv():
            n_frames, n_bytes = n_frames + 1, n_bytes + len(data)
    except (websocket.WebSocketException, OSError):
        pass  # the exchange ends by dropping the socket
    took_s = time.perf_counter() - start_s
    n_trades, cpu_s, peak_mib = messages.get()
    process.join()
    print(f"{n_frames:,} frames, {n_bytes / 1e6:.1f} MB, {n_trades:,} trades in {took_s:.2f} s")
    print(f"{n_frames / took_s:,.0f} frames/s, {n_trades / took_s:,.0f} trades/s")
    print(f"{span_ms / 1000 / took_s:,.0f} times real time")
    print(f"exchange: {cpu_s:.1f} s of CPU, market included; peak {peak_mib:.0f} MiB")


if __name__ == "__main__":
    arguments = dict(enumerate(sys.argv[1:]))
    main(
        float(arguments.get(0, 0)),
        float(arguments.get(1, 1)),
        arguments.get(2, "trades,bbo,candle").split(","),
    )
