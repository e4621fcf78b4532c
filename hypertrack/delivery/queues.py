"""Queues that programs read: a stream of Redis, a subject of NATS."""

import asyncio
from collections.abc import Sequence
from typing import Any

from hypertrack.delivery.answers import TAKEN, Answer, failed
from hypertrack.errors import ConfigError
from hypertrack.records import Message, encode_json
from hypertrack.text import first_line

TIMEOUT_S = 10.0

STREAM_LENGTH = 100_000
"""About so many messages stay in a stream of Redis; older ones leave it."""

MISSING = "sinks of kind {kind} need a package: pip install 'hypertrack[queues]'"


class RedisStream:
    """Adds each message to a stream, field ``signal``."""

    most_at_once = 100
    every_s = 0.0

    def __init__(self, url: str, stream: str):
        try:
            import redis  # noqa: PLC0415 - an extra
        except ImportError:
            raise ConfigError(MISSING.format(kind="redis")) from None
        self._errors = (redis.RedisError, OSError)
        self._stream = stream
        try:
            self._redis = redis.Redis.from_url(
                url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
            )
        except ValueError as error:
            raise ConfigError(f"the address of Redis: {error}") from None

    def send(self, messages: Sequence[Message]) -> Answer:
        """Add messages in one transaction, so that a part of them is never added twice."""
        try:
            with self._redis.pipeline(transaction=True) as pipeline:
                for message in messages:
                    fields: Any = {"signal": encode_json(message.data), "id": message.id}
                    pipeline.xadd(self._stream, fields, maxlen=STREAM_LENGTH, approximate=True)
                pipeline.execute()
        except self._errors as error:
            return failed(first_line(error))
        return TAKEN

    def close(self) -> None:
        """Let go of the connection."""
        self._redis.close()


class NatsSubject:
    """Publishes each message on a subject, its id in the header that JetStream tells repeats by."""

    most_at_once = 100
    every_s = 0.0

    def __init__(self, url: str, subject: str):
        try:
            import nats  # noqa: PLC0415 - an extra
        except ImportError:
            raise ConfigError(MISSING.format(kind="nats")) from None
        self._nats: Any = nats
        self._url = url
        self._subject = subject
        self._runner = asyncio.Runner()
        self._connection: Any = None
        self._lost = asyncio.Event()

    def send(self, messages: Sequence[Message]) -> Answer:
        """Publish messages, and wait until the server says that it has them all."""
        try:
            self._runner.run(self._published(messages))
        except TimeoutError:
            return self._failed(f"no answer within {TIMEOUT_S:.0f} s")
        except (self._nats.errors.Error, OSError) as error:
            return self._failed(first_line(error))
        return TAKEN

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None and not self._lost.is_set():
            self._runner.run(self._connection.close())
        self._runner.close()

    async def _published(self, messages: Sequence[Message]) -> None:
        async with asyncio.timeout(TIMEOUT_S):
            if self._connection is None or self._lost.is_set():
                await self._connect()
            for message in messages:
                await self._connection.publish(
                    self._subject, encode_json(message.data), headers={"Nats-Msg-Id": message.id}
                )
            flushed = asyncio.ensure_future(self._connection.flush(timeout=TIMEOUT_S))
            lost = asyncio.ensure_future(self._lost.wait())
            await asyncio.wait((flushed, lost), return_when=asyncio.FIRST_COMPLETED)
            lost.cancel()
            if not flushed.done():  # the client would wait for its answer all the same
                flushed.cancel()
                raise ConnectionResetError("the server closed the connection")
            await flushed

    async def _connect(self) -> None:
        self._lost = asyncio.Event()
        # The outbox tries again, in order: the client must not keep messages of its own.
        self._connection = await self._nats.connect(
            self._url,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0,
            error_cb=self._note_lost,
        )

    async def _note_lost(self, _: Exception) -> None:
        self._lost.set()  # what was wrong, the try says

    def _failed(self, cause: str) -> Answer:
        self._lost.set()
        return failed(cause)
