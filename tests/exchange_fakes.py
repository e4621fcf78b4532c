"""A hand-made market for the simulated exchange, and a plain client of its sockets.

The source guarantees the venue's own shapes and the order of time; the client sends exactly the
text it is given and hands out frames in the order of their arrival.
"""

import json
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
import websocket
from fakes import ALICE, BOB, START_MS, ZERO_HASH

from hypertrack.config import SimulateSettings
from hypertrack.records import encode_json
from hypertrack.simulate.market.instruments import Coin, CoinKind
from hypertrack.simulate.venue.source import Event
from hypertrack.simulate.venue.wallet_records import PlainRecords

AT_ONCE = SimulateSettings(port=0, speed=0, settle_s=0.1)
"""The pace of the readers, after a moment to subscribe to everything."""

CLOSED = "closed without a close frame"


def kind_of(name: str) -> CoinKind:
    if name.startswith("#"):
        return "outcome"
    is_spot = name.startswith("@") or "/" in name
    return "hip3" if ":" in name else "spot" if is_spot else "perp"


def coin(name: str = "BTC", *, size_decimals: int = 5, price_usd: float = 84_143.0) -> Coin:
    """Return a coin; its kind follows from its name."""
    return Coin(
        name=name,
        kind=kind_of(name),
        token=name.partition("/")[0].rpartition(":")[2],
        size_decimals=size_decimals,
        price_usd=price_usd,
        trade_share=0.5,
        day_volume_usd=1_000_000.0,
        max_leverage=40,
        day_volatility_frac=0.03,
        spread_bps=1.0,
        depth_usd=100_000.0,
        follows=None,
    )


def trade(
    time_ms: int,
    trade_id: int,
    *,
    name: str = "BTC",
    price: str = "84143.0",
    size: str = "0.5",
    is_buy: bool = True,
    is_twap: bool = False,
    users: tuple[str, str] = (ALICE, BOB),
) -> dict[str, Any]:
    """Return a trade as the venue writes it; ``users`` are buyer and seller."""
    return {
        "coin": name,
        "side": "B" if is_buy else "A",
        "px": price,
        "sz": size,
        "time": time_ms,
        "hash": ZERO_HASH if is_twap else f"0x{trade_id:064x}",
        "tid": trade_id,
        "users": list(users),
    }


def block(*trades: Mapping[str, Any]) -> Event:
    """Return the frame of a coin's trades in one block."""
    first = trades[0]
    assert len({(one["coin"], one["time"]) for one in trades}) == 1
    return Event(first["time"], "trades", first["coin"], encode_json(trades))


def blocks(
    n_trades: int, *, start_ms: int = START_MS, step_ms: int = 100, name: str = "BTC"
) -> list[Event]:
    """Return so many blocks of one trade each; ids count from 1 and times from one step on."""
    return [
        block(trade(start_ms + nth * step_ms, nth, name=name)) for nth in range(1, n_trades + 1)
    ]


def quote(
    time_ms: int, bid: str, ask: str, *, name: str = "BTC", sizes: tuple[str, str] = ("1.0", "2.0")
) -> Event:
    """Return the frame of a coin's best bid and offer."""
    levels = [{"px": px, "sz": sz, "n": 3} for px, sz in zip((bid, ask), sizes, strict=True)]
    data = {"coin": name, "time": time_ms, "bbo": levels}
    return Event(time_ms, "bbo", name, encode_json(data))


@dataclass(frozen=True)
class HandSource:
    """Plays the given events; those up to ``open_ms`` are history."""

    played: Sequence[Event]
    coins: tuple[Coin, ...] = (coin("BTC"), coin("ETH", size_decimals=4, price_usd=2296.4))
    start_ms: int = START_MS
    open_ms: int = START_MS
    channels: frozenset[str] = frozenset({"trades", "bbo", "evm"})
    token_decimals: Mapping[str, int] = field(default_factory=dict)
    extra_ms: int = 0
    """Time that goes on after the last event."""

    @property
    def records(self) -> PlainRecords:
        return PlainRecords(self.start_ms, len(self.coins))

    @property
    def end_ms(self) -> int:
        return (self.played[-1].time_ms if self.played else self.open_ms) + self.extra_ms

    def events(self) -> Iterator[Event]:
        return iter(self.played)


class VenueClient:
    """A plain websocket client; a small receive buffer makes the exchange feel who reads late."""

    def __init__(self, url: str, path: str = "/ws", *, receive_buffer: int | None = None):
        address = url.replace("http://", "ws://") + path
        option = (socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        options = [option] if receive_buffer else []
        self.socket = websocket.create_connection(address, timeout=5.0, sockopt=options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown()

    def send(self, message: object) -> None:
        """Send text as it is, anything else as JSON."""
        self.socket.send(message if isinstance(message, str) else json.dumps(message))

    def subscribe(self, kind: str, **options: Any) -> None:
        self.send({"method": "subscribe", "subscription": {"type": kind, **options}})

    def unsubscribe(self, kind: str, **options: Any) -> None:
        self.send({"method": "unsubscribe", "subscription": {"type": kind, **options}})

    def text(self) -> str:
        """Return the next frame as it came; `CLOSED` at the end of the stream."""
        try:
            opcode, data = self.socket.recv_data()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            return CLOSED
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return f"close {int.from_bytes(data[:2], 'big')} {data[2:].decode()}"
        return str(data.decode())

    def frame(self) -> Any:
        """Return the next frame, parsed."""
        return json.loads(self.text())

    def frames(self, until: Callable[[Any], bool]) -> list[Any]:
        """Return the frames up to and with the first that satisfies ``until``."""
        found = [self.frame()]
        while not until(found[-1]):
            found.append(self.frame())
        return found

    def data(self, channel: str) -> Any:
        """Return the data of the next frame of a channel, skipping others."""
        return self.frames(lambda frame: channel_of(frame) == channel)[-1]["data"]

    def trades(self, last_id: int) -> list[int]:
        """Return the ids of all trades received up to the one with ``last_id``."""
        frames = self.frames(lambda frame: last_id in ids_of(frame))
        return [trade_id for frame in frames for trade_id in ids_of(frame)]


def channel_of(frame: Any) -> str | None:
    return frame.get("channel") if isinstance(frame, dict) else None


def ids_of(frame: Any) -> list[int]:
    """Return the trade ids of a frame, in order; none for other channels."""
    return [one["tid"] for one in frame["data"]] if channel_of(frame) == "trades" else []


def info(url: str, **request: Any) -> Any:
    """Return the answer of the info endpoint."""
    return httpx.post(f"{url}/info", json=request).raise_for_status().json()
