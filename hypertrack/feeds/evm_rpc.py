"""JSON-RPC of HyperEVM over HTTP, inside the requests that a minute allows."""

import threading
from collections.abc import Sequence
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
    id: int | None = None
    result: RawJson = RawJson(b"null")
    error: _Failure | None = None


class EvmClient:
    """One node; each request waits until the minute has room for it."""

    def __init__(self, url: str, requests: RateBudget, clock: Clock, stop: threading.Event):
        self._requests = requests
        self._stop = stop
        self._poster = JsonPoster(url, clock, stop)
        self._takes_batches = True

    def call(self, method: str, *params: object, to: Any) -> Any:
        """Return the result of one request, decoded to a type.

        Raises:
            RpcError: The node refused it.
            VenueError: Unreachable, not understood, or stopping.
        """
        body = self._post(1, _request(0, method, params))
        try:
            return _result(decode_json(body, _Reply), method, to)
        except JsonError as error:
            raise VenueError(f"{method} could not be read: {error}") from error

    def batch(self, method: str, many_params: Sequence[Sequence[object]], *, to: Any) -> list[Any]:
        """Return the results of requests that differ in their parameters, in one round trip.

        They count one by one against the budget; a node that takes no batches is asked one by one.

        Raises:
            RpcError: The node refused one of them.
            VenueError: Unreachable, not understood, or stopping.
        """
        if len(many_params) > 1 and self._takes_batches:
            requests = [_request(i, method, params) for i, params in enumerate(many_params)]
            try:
                replies = decode_json(self._post(len(requests), requests), list[_Reply])
                by_id = {reply.id: reply for reply in replies}
                return [_result(by_id[i], method, to) for i in range(len(requests))]
            except (JsonError, KeyError):
                self._takes_batches = False
        return [self.call(method, *params, to=to) for params in many_params]

    def _post(self, n_requests: int, body: object) -> bytes:
        if not self._requests.spend(n_requests, self._stop):
            raise VenueError("the EVM was not asked: stopping")
        return self._poster.post(body)

    def spare_requests(self) -> int:
        """Return how many requests the minute still allows now."""
        return self._requests.available()

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()


def _request(number: int, method: str, params: Sequence[object]) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _result(reply: _Reply, method: str, to: Any) -> Any:
    if reply.error is not None:
        raise RpcError(method, reply.error.code, reply.error.message)
    return decode_json(bytes(reply.result), to)
