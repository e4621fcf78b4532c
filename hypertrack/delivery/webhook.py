"""Webhooks: a signed POST, as Standard Webhooks describe it."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

import httpx

from hypertrack.clock import Clock, utc
from hypertrack.config import signing_key
from hypertrack.delivery.answers import TAKEN, Answer, failed, refused
from hypertrack.errors import ConfigError
from hypertrack.records import Message, RawJson, encode_json
from hypertrack.text import first_line

MAX_BODY_BYTES = 64 * 1_024

MAX_ANSWER_BYTES = 64 * 1_024
"""What is read of an answer; a receiver that goes on talking has taken the message or not."""

TIMEOUT_S = 10.0
"""From connecting to the answer's last byte: one that comes byte by byte does not hold a queue."""

TRIED_AGAIN = frozenset({408, 425, 429})


class Webhook:
    """Posts messages one by one to an address.

    The signature covers id, time and body, byte for byte as sent. No redirect is followed: what
    was meant for one address is not carried to another.

    Args:
        key: ``whsec_…``; unsigned where None.

    Source:
        Standard Webhooks 1.0, verified against its own package in tests/delivery/test_webhook.py.
    """

    most_at_once = 1
    every_s = 0.0

    def __init__(self, url: str, key: str | None, clock: Clock):
        self._url = url
        self._key = None if key is None else signing_key(key)
        self._clock = clock
        self._runner = asyncio.Runner()
        try:
            self._client = httpx.AsyncClient(
                follow_redirects=False,
                timeout=TIMEOUT_S,
                verify=url.startswith("https:"),  # certificates take 0.2 s to load
            )
        except (ImportError, ValueError) as error:  # a proxy of the environment, not understood
            raise ConfigError(f"webhooks cannot be sent: {error}") from None

    def send(self, messages: Sequence[Message]) -> Answer:
        """Post one message."""
        (message,) = messages
        body = _body(message)
        if len(body) > MAX_BODY_BYTES:
            return refused(f"{len(body):,} bytes, and {MAX_BODY_BYTES:,} are the most")
        try:
            return self._runner.run(self._posted(body, self._headers(message, body)))
        except TimeoutError:
            return failed(f"no answer within {TIMEOUT_S:.0f} s")
        except httpx.InvalidURL:  # its text may show the address, and that a key
            return refused("the address is none")
        except (httpx.HTTPError, OSError) as error:
            return failed(first_line(error))

    def close(self) -> None:
        """Let go of the connection."""
        self._runner.run(self._client.aclose())
        self._runner.close()

    async def _posted(self, body: bytes, headers: dict[str, str]) -> Answer:
        async with (
            asyncio.timeout(TIMEOUT_S),
            self._client.stream("POST", self._url, content=body, headers=headers) as response,
        ):
            n_bytes = 0
            async for part in response.aiter_raw():  # a 200 that breaks off was not meant
                n_bytes += len(part)
                if n_bytes > MAX_ANSWER_BYTES:
                    break
            return self._meaning(response)

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        seconds = self._clock.wall_ns() // 1_000_000_000
        headers = {
            "content-type": "application/json",
            "user-agent": "hypertrack",
            "webhook-id": message.id,
            "webhook-timestamp": str(seconds),
        }
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, message.id, seconds, body)
        return headers

    def _meaning(self, response: httpx.Response) -> Answer:
        status = response.status_code
        cause = f"HTTP {status}"
        if 200 <= status < 300:
            return TAKEN
        if status in TRIED_AGAIN or status >= 500:
            return failed(cause, self._asked_wait_s(response.headers.get("retry-after")))
        return refused(cause, is_gone=status == 410)

    def _asked_wait_s(self, text: str | None) -> float | None:
        """Return the seconds of a ``Retry-After``, which are a number or a date."""
        if text is None:
            return None
        if text.strip().isascii() and text.strip().isdecimal():
            return float(text)
        try:
            until = parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError):
            return None
        return max(until - self._clock.wall_ns() / 1e9, 0.0)


def signature(key: bytes, message_id: str, seconds: int, body: bytes) -> str:
    """Return a ``webhook-signature``.

    Args:
        seconds: Since the Unix epoch, the same as ``webhook-timestamp``.
    """
    signed = b".".join([message_id.encode(), str(seconds).encode(), body])
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


def _body(message: Message) -> bytes:
    return encode_json(
        {
            "type": message.kind,
            "timestamp": utc(message.made_ms, timespec="milliseconds"),
            "data": RawJson(message.data),
        }
    )
