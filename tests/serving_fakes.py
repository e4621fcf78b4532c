"""A dataset that live writes to, served on this machine, and signals as live writes them."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset
from kept_profiles import Kept, write_kept
from profile_fakes import profile_header

from hypertrack.clock import Clock, SystemClock
from hypertrack.config import Settings
from hypertrack.files import write_whole
from hypertrack.live.chain import Chain, Link
from hypertrack.pipeline.places import live_folder
from hypertrack.pipeline.serve import served
from hypertrack.records import (
    SIGNAL_SCHEMA,
    CopyEdgeSaid,
    CoverageSaid,
    Signal,
    Verdict,
    VerdictSaid,
    decode_json,
    encode_json,
    replace,
)
from hypertrack.serving.server import Server

TOKEN = "t" * 43

FACTS: dict[str, Any] = {
    "schema": SIGNAL_SCHEMA,
    "leader": ALICE,
    "venue": "hyperliquid",
    "network": "mainnet",
    "coin": "BTC",
    "kind": "open",
    "side": "buy",
    "is_maker": False,
    "is_twap": False,
    "phase": None,
    "size": "0.5",
    "vwap": "84143.0",
    "notional_usd": 42_071.5,
    "position_before": "0.0",
    "position_after": "0.5",
    "position_known": "exact",
    "part_closed": None,
    "action_ms": START_MS,
    "received_ms": START_MS + 200,
    "emitted_ms": START_MS + 1_400,
    "delay_ms": 1_400,
    "reference_px": "84150.5",
    "moved_bps": 0.9,
    "verdict": VerdictSaid(name="COPY", gate=None, model=None, as_of_ms=START_MS),
    "copy_edge": CopyEdgeSaid(delay_s=5.0, bps=3.1, low=0.4, high=5.8, n_bets=61),
    "capacity_usd": 25_000.0,
    "confidence": 0.97,
    "expires_ms": START_MS + 31_400,
    "coverage": CoverageSaid(observed_frac=0.9998, gap=False),
}


LIVE: dict[str, Any] = {
    "written_ms": START_MS,
    "watermark_ms": START_MS,
    "n_trades": 0,
    "n_late": 0,
    "n_unread": 0,
    "n_signals": 0,
    "n_alerts": 0,
    "measuring": {},
    "sinks": [],
}
"""How live stands when it has done nothing yet."""


class Dataset:
    """A folder with trades and profiles, to which signals are added as live adds them.

    Attributes:
        folder: Of everything; the dataset is in ``data``, where the settings say nothing else.
        settings: For it, on a free port.
    """

    def __init__(self, folder: Path, **more: Any):
        self.folder = folder
        write_dataset(
            folder / "data", trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)]
        )
        self.settings = Settings.model_validate(
            {
                "data": folder / "data",
                "out": folder,
                "serve": {"port": 0, "token": TOKEN},
                "dashboard": {"max_histories": 0},
                **more,
            }
        )
        self.live = live_folder(self.settings)
        self._chain: Chain | None = None

    def on_port(self, port: int) -> Settings:
        """Return the settings for one port."""
        serve = self.settings.serve.model_copy(update={"port": port})
        return self.settings.model_copy(update={"serve": serve})

    def write_profiles(self, *wallets: Kept) -> None:
        """Write what classify would."""
        write_kept(self.folder / "wallet_profiles.parquet", *(wallets or THREE))

    def write_live_profiles(self, *wallets: Kept) -> None:
        """Write what live measured after that."""
        header = profile_header(len(wallets), summary=None)
        later = replace(header, data=replace(header.data, end_ms=header.data.end_ms + 1))
        live = {"as_of_ms": np.full(len(wallets), later.data.end_ms)}
        live["n_fills_since"] = np.full(len(wallets), 7)
        write_kept(self.live / "profiles.parquet", *wallets, header=later, live=live)

    def add(self, **facts: Any) -> Signal:
        """Add a signal to the chain; what is not named is as of `FACTS`."""
        self._chain = self._chain or Chain(self.live / "signals.jsonl")
        name = f"sg_{len(self._chain.ids) + 1}"

        def made(link: Link) -> Signal:
            whole = {**FACTS, **facts, "id": name, "seq": link.seq, "prev": link.prev}
            return decode_json(encode_json(whole), Signal)

        return decode_json(self._chain.add(name, made), Signal)

    def say(self, **status: Any) -> None:
        """Write how live stands."""
        write_whole(self.live / "status.json", encode_json({**LIVE, **status}))

    def close(self) -> None:
        """Close the chain."""
        if self._chain is not None:
            self._chain.close()


def _kept(wallet: str, n: float, verdict: Verdict, edge_bps: float) -> Kept:
    ends = {"edge_low_bps": edge_bps - 1, "edge_high_bps": edge_bps + 1}
    return Kept(
        wallet, {"tx_count": n}, verdict=verdict, skill={"edge_bps": edge_bps, **ends, "n_bets": n}
    )


THREE = (
    _kept(ALICE, 300.0, Verdict.COPY, 6.0),
    _kept(BOB, 200.0, Verdict.WATCH, 2.0),
    _kept(CAROL, 100.0, Verdict.AVOID, -3.0),
)


@dataclass(frozen=True)
class Running:
    """A server that listens.

    Attributes:
        url: Without the token.
    """

    url: str
    server: Server
    loop: asyncio.AbstractEventLoop

    def cut(self) -> None:
        """Break every stream, as a network does."""
        for task in set(self.server.streams.open):
            self.loop.call_soon_threadsafe(task.cancel)

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self.url.rstrip("/").rpartition(":")[2])

    @property
    def page(self) -> str:
        """Return the address that is printed."""
        return f"{self.url}#token={TOKEN}"


@contextmanager
def running(settings: Settings, clock: Clock | None = None) -> Iterator[Running]:
    """Serve from a thread of its own, until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def opened() -> Server:
        server = Server(served(settings), settings.serve, TOKEN, clock or SystemClock())
        await server.start()
        return server

    try:
        server = asyncio.run_coroutine_threadsafe(opened(), loop).result(10)
        try:
            yield Running(server.url, server, loop)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def reader(server: Running) -> httpx.Client:
    return httpx.Client(
        base_url=server.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
    )


def wallets(answer: httpx.Response) -> list[str]:
    return [each["wallet"] for each in answer.json()["wallets"]]


PATIENCE_S = 60.0
"""Of a test that hears nothing but that the stream is there, which is said every 15 s."""


class Hearing:
    """Hears a stream."""

    def __init__(self, answer: httpx.Response):
        self._lines = answer.iter_lines()
        self.last_id = ""

    def next(self, *names: str) -> tuple[str, dict[str, object]]:
        """Return the next event of these names."""
        fields: dict[str, str] = {}
        until_s = time.monotonic() + PATIENCE_S
        for line in self._lines:
            assert time.monotonic() < until_s, f"no {names}"
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
                continue
            self.last_id = fields.get("id", self.last_id)
            if fields.get("event") in names:
                return fields["event"], json.loads(fields["data"])
            fields = {}
        raise EOFError


@contextmanager
def hearing(server: Running, last_id: str | None = None) -> Iterator[Hearing]:
    headers = {} if last_id is None else {"Last-Event-ID": last_id}
    with (
        reader(server) as client,
        client.stream("GET", "api/v1/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield Hearing(answer)
