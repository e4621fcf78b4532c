"""New heads of HyperEVM: polled over HTTP, or subscribed where the node has a WebSocket."""

import threading
from collections.abc import Iterator

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.connection import Heartbeat, connect
from hypertrack.feeds.evm_blocks import EvmBlocks
from hypertrack.records import JsonError, Record, decode_json, encode_json

SUBSCRIBE = encode_json(
    {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}
)


class _Head(Record, frozen=True):
    number: str


class _Params(Record, frozen=True):
    result: _Head


class _Notice(Record, frozen=True):
    params: _Params | None = None
    id: int | None = None
    error: dict[str, object] | None = None


def polled_heads(
    blocks: EvmBlocks, clock: Clock, stop: threading.Event, interval_s: float
) -> Iterator[int]:
    """Yield the newest block's number, again and again, until ``stop``.

    Raises:
        VenueError: The node does not answer.
    """
    while not stop.is_set():
        yield blocks.head()
        clock.wait(stop, interval_s)


def subscribed_heads(url: str, clock: Clock, stop: threading.Event) -> Iterator[int]:
    """Yield the number of every new head as the node announces it, until ``stop``.

    Raises:
        VenueError: No connection, or one that ended; silence for a minute counts as its end.
    """
    # A JSON-RPC node answers the venue's ping with an error object: a sign of life as good as any.
    connection = connect(url, clock, Heartbeat(ping_interval_s=30.0, pong_timeout_s=30.0))
    try:
        connection.send(SUBSCRIBE)
        while not stop.is_set():
            data = connection.receive()
            number = None if data is None else _head_in(data)
            if number is not None:
                yield number
    finally:
        connection.close()


def _head_in(data: bytes) -> int | None:
    try:
        notice = decode_json(data, _Notice)
        if notice.error is not None and notice.id == 1:
            raise VenueError(f"the EVM node refused to announce new heads: {notice.error}")
        return None if notice.params is None else int(notice.params.result.number, 16)
    except (JsonError, ValueError) as error:
        raise VenueError(f"new heads could not be read: {error}") from error
