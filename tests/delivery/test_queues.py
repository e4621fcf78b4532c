"""Queues: a real Redis and a real NATS server, started here."""

import asyncio
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nats
import pytest
import redis
from receiver_fakes import free_port, message

from hypertrack.delivery.queues import NatsSubject, RedisStream

STREAM = "hypertrack.signals"


@contextmanager
def serving(command: Sequence[str], port: int) -> Iterator[None]:
    """Run a server until the block ends; it listens when the block begins."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until_s = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert time.monotonic() < until_s, f"{command[0]} does not listen"
                    time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(10)


def redis_server(folder: Path, port: int) -> list[str]:
    return ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)]


def test_redis_stream_holds_signals_in_order_and_survives_a_restart(tmp_path: Path) -> None:
    port = free_port()
    sender = RedisStream(f"redis://127.0.0.1:{port}/0", STREAM)
    with serving(redis_server(tmp_path, port), port):
        assert sender.send([message(1), message(2)]).is_taken
        with redis.Redis(port=port) as client:
            client.save()

    assert not sender.send([message(3)]).is_final  # nobody is there
    with serving(redis_server(tmp_path, port), port):
        assert sender.send([message(3)]).is_taken
        with redis.Redis(port=port) as client:
            entries = client.xrange(STREAM)

    assert [entry[b"signal"] for _, entry in entries] == [b'{"seq":%d}' % i for i in (1, 2, 3)]
    assert [entry[b"id"] for _, entry in entries] == [b"sg_1", b"sg_2", b"sg_3"]
    sender.close()


def test_nats_subject_carries_signals_in_order_and_survives_a_restart() -> None:
    port = free_port()
    command = ["nats-server", "-a", "127.0.0.1", "-p", str(port)]
    url = f"nats://127.0.0.1:{port}"
    sender = NatsSubject(url, STREAM)

    for numbers in ([1, 2], [3]):
        with serving(command, port):
            assert heard(url, sender, numbers) == [
                (f"sg_{number}", b'{"seq":%d}' % number) for number in numbers
            ]
        assert not sender.send([message(9)]).is_final
    sender.close()


def heard(url: str, sender: NatsSubject, numbers: list[int]) -> list[tuple[str, bytes]]:
    """Send messages while a subscriber listens; return what it hears."""

    async def listen() -> list[tuple[str, bytes]]:
        client = await nats.connect(url)
        subscription = await client.subscribe(STREAM)
        await client.flush()
        answer = await asyncio.to_thread(sender.send, [message(number) for number in numbers])
        assert answer.is_taken, answer
        told = [await subscription.next_msg(timeout=10) for _ in numbers]
        await client.close()
        return [((one.headers or {})["Nats-Msg-Id"], one.data) for one in told]

    return asyncio.run(listen())
