"""JSON-RPC of HyperEVM over HTTP, inside the requests that a minute allows."""

import threading
from typing import Any

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.http import JsonPoster
from hypertrack.records import JsonError, RawJson, Record, decode_json

METHOD_NOT_FOUND = -32601


class RpcError(VenueError):
    """The node answered with an error object."""

    def __init__(self, method: str, code: int, text: str):
        super().__init__(f"{method} failed: {text} ({code})")
        self.code = code


class _Failure(Record, frozen=True):
    code: int = 0
    message: str = ""


class _Reply(Record, frozen=True):
    result: RawJson = RawJson(b"null")
    error: _Failure | None = None


class EvmClient:
    """One node; each request waits until the minute has room for it."""

    def __init__(self, url: str, requests: RateBudget, clock: Clock, stop: threading.Event):
        self._requests = requests
        self._stop = stop
        self._poster = JsonPoster(url, clock, stop)
        self._n_sent = 0

    def call(self, method: str, *params: object, to: Any) -> Any:
        """Return the result of one request, decoded to a type.

        Raises:
            RpcError: The node refused it.
            VenueError: Unreachable, not understood, or stopping.
        """
        if not self._requests.spend(1, self._stop):
            raise VenueError(f"{method} was not asked: stopping")
        self._n_sent += 1
        body = {"jsonrpc": "2.0", "id": self._n_sent, "method": method, "params": params}
        answer = self._poster.post(body)
        try:
            reply = decode_json(answer, _Reply)
            if reply.error is not None:
                raise RpcError(method, reply.error.code, reply.error.message)
            return decode_json(bytes(reply.result), to)
        except JsonError as error:
            raise VenueError(f"{method} could not be read: {error}") from error

    def spare_requests(self) -> int:
        """Return how many requests the minute still allows now."""
        return self._requests.available()

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()
