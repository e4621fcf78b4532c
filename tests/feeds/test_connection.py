"""One socket: its heartbeat, and how its end is told."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from aiohttp import web
from clock_fakes import ManualClock
from socket_fakes import Handler, socket_server

from hypertrack.clock import SystemClock
from hypertrack.errors import VenueError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.connection import Connection, ConnectionLostError, Heartbeat, connect
from hypertrack.records import CoverageCause
from hypertrack.simulate.venue.connections import websocket_frame

HEARTBEAT = Heartbeat(ping_interval_s=20, pong_timeout_s=10)


@contextmanager
def connected(
    handler: Handler, clock: ManualClock, messages: RateBudget | None = None
) -> Iterator[Connection]:
    with socket_server(handler) as url:
        connection = connect(url, clock, HEARTBEAT, messages)
        try:
            yield connection
        finally:
            connection.close()


async def echo(socket: web.WebSocketResponse) -> None:
    async for message in socket:
        await socket.send_str(message.data)


async def listen(socket: web.WebSocketResponse) -> None:
    async for _ in socket:
        pass


def frame_of(connection: Connection) -> bytes:
    while (data := connection.receive()) is None:
        pass
    return data


def lost(connection: Connection) -> ConnectionLostError:
    with pytest.raises(ConnectionLostError) as caught:
        frame_of(connection)
    return caught.value


def test_frames_come_as_bytes_and_none_where_there_is_none() -> None:
    with connected(echo, ManualClock()) as connection:
        assert connection.receive() is None
        connection.send('{"px":"84143.0","é":1}'.encode())

        assert frame_of(connection).decode() == '{"px":"84143.0","é":1}'


def test_ping_is_sent_when_its_time_has_come() -> None:
    clock = ManualClock()
    with connected(echo, clock) as connection:
        clock.advance(19.9)
        assert connection.receive() is None
        clock.advance(0.1)

        assert frame_of(connection) == b'{"method":"ping"}'


def test_socket_without_a_sign_of_life_after_a_ping_is_lost() -> None:
    clock = ManualClock()
    with connected(listen, clock) as connection:
        clock.advance(20)
        connection.receive()
        clock.advance(10)
        connection.receive()
        clock.advance(0.1)

        end = lost(connection)

    assert end.cause is CoverageCause.SILENCE
    assert str(end) == "no frame for 30 s"


def test_any_frame_is_a_sign_of_life() -> None:
    clock = ManualClock()
    with connected(echo, clock) as connection:
        clock.advance(20)
        frame_of(connection)  # the ping comes back
        clock.advance(15)

        assert connection.receive() is None


def test_machine_that_slept_has_lost_its_socket() -> None:
    clock = ManualClock()
    with connected(listen, clock) as connection:
        clock.slept_s = 11

        end = lost(connection)

    assert (end.cause, str(end)) == (CoverageCause.SILENCE, "the machine slept")


def test_clean_close_says_its_code_and_reason() -> None:
    async def close(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1000, message=b"Inactive")

    with connected(close, ManualClock()) as connection:
        end = lost(connection)

    assert (end.cause, str(end)) == (CoverageCause.CLOSED, "closed 1000 Inactive")


def test_drop_without_a_close_frame_is_an_error() -> None:
    async def drop(socket: web.WebSocketResponse) -> None:
        assert socket._req is not None
        assert socket._req.transport is not None
        socket._req.transport.abort()

    with connected(drop, ManualClock()) as connection:
        end = lost(connection)

    assert end.cause is CoverageCause.ERROR


def test_every_frame_sent_is_counted() -> None:
    clock = ManualClock()
    messages = RateBudget(10, clock)
    with connected(listen, clock, messages) as connection:
        connection.send(b"{}")
        clock.advance(20)
        connection.receive()

    assert messages.available() == 8  # ours and a ping


def test_address_without_a_server_is_a_venue_error_without_its_key() -> None:
    with pytest.raises(VenueError, match=r"cannot open a socket to ws://127\.0\.0\.1:9 ") as caught:
        connect("ws://127.0.0.1:9/v2/KEY", ManualClock())

    assert "KEY" not in str(caught.value)


SIZES = (0, 1, 125, 126, 127, 3_000, 65_535, 65_536, 70_000, 5)


def test_texts_of_every_size_arrive_whole_and_in_order() -> None:
    async def send_all(socket: web.WebSocketResponse) -> None:
        for size in SIZES * 3:
            await socket.send_str("x" * size)
        await socket.receive()

    with socket_server(send_all) as url:
        connection = connect(url, SystemClock())
        received = [frame_of(connection) for _ in SIZES * 3]
        connection.close()

    assert [len(data) for data in received] == list(SIZES * 3)


def test_text_that_comes_byte_by_byte_and_in_fragments_is_whole() -> None:
    fragments = b"\x01\x03abc" + b"\x80\x03def"
    parts = websocket_frame(b"one") + fragments + websocket_frame(b"y" * 200)

    async def trickle(socket: web.WebSocketResponse) -> None:
        assert socket._req is not None
        assert socket._req.transport is not None
        for at in range(len(parts)):
            socket._req.transport.write(parts[at : at + 1])
            await asyncio.sleep(0)
        await socket.receive()

    with socket_server(trickle) as url:
        connection = connect(url, SystemClock())
        received = [frame_of(connection) for _ in range(3)]
        connection.close()

    assert received == [b"one", b"abcdef", b"y" * 200]
