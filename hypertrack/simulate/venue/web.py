"""The exchange's paths over HTTP: requests checked as the venue does, and handed on."""

from typing import Any

from aiohttp import WSMsgType, web

from hypertrack.clock import Clock
from hypertrack.records import JsonError, decode_json, encode_json
from hypertrack.simulate.venue import explorer
from hypertrack.simulate.venue.connections import Connection, Guest
from hypertrack.simulate.venue.dialogue import Dialogue
from hypertrack.simulate.venue.faults import GREETING
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.info_endpoint import InfoDesk, weight
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.requests import UnknownNameError, UnknownTypeError
from hypertrack.simulate.venue.rpc import EvmNode, error_reply
from hypertrack.simulate.venue.state import VenueState

_NOT_JSON = "Failed to parse the request body as JSON"
_NOT_A_REQUEST = "Failed to deserialize the JSON body into the target type"
_NOT_DECLARED = "Expected request with `Content-Type: application/json`"
_EXPLORER_WEIGHT = 40
_MAX_MESSAGE_BYTES = 1 << 20


class WebDesk:
    """Answers everything but what tests and the command line ask of the server itself.

    Source:
        Protocol, sections 1.5 and 3; statuses and texts verbatim.
    """

    def __init__(
        self,
        state: VenueState,
        hub: Hub,
        dialogue: Dialogue,
        desk: InfoDesk,
        exchange_clock: ExchangeClock,
        clock: Clock,
    ):
        self._state = state
        self._rules = state.rules
        self._hub = hub
        self._dialogue = dialogue
        self._desk = desk
        self._exchange_clock = exchange_clock
        self._clock = clock
        self._node = EvmNode(state)
        self._guests: dict[str | None, Guest] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the paths."""
        return [
            web.get("/ws", self._socket),
            web.get("/explorer/ws", self._explorer_socket),
            web.route("*", "/info", self._info),
            web.route("*", "/explorer", self._explorer),
            web.route("*", "/evm", self._evm),
        ]

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, is_explorer=False)

    async def _explorer_socket(self, request: web.Request) -> web.StreamResponse:
        return await self._converse(request, is_explorer=True)

    async def _converse(self, request: web.Request, *, is_explorer: bool) -> web.StreamResponse:
        transport = request.transport
        plan, guest = self._hub.plan, self._guest(request)
        if transport is None or plan.refuses(self._exchange_clock.now_ms):
            return _vanish(request)
        socket = web.WebSocketResponse(compress=False, max_msg_size=_MAX_MESSAGE_BYTES)
        is_full = len(guest.connections) >= self._rules.max_connections
        await socket.prepare(request)
        connection = Connection(
            transport,
            guest,
            self._rules,
            self._clock,
            is_explorer=is_explorer,
            on_gone=self._hub.remove,
        )
        if is_full:
            most = self._rules.max_connections
            connection.close(1008, f"Cannot open more than {most} connections.")
        else:
            self._hub.add(connection)
        if plan.faults.has_greeting:
            connection.send(GREETING)
            connection.flush()
        try:
            await self._listen(socket, connection)
        finally:
            connection.forget()
        return socket

    async def _listen(self, socket: web.WebSocketResponse, connection: Connection) -> None:
        """Hear the client's messages until the connection ends."""
        async for message in socket:
            if message.type is WSMsgType.TEXT and connection.is_open and not connection.is_stalled:
                self._dialogue.hear(connection, message.data)

    async def _info(self, request: web.Request) -> web.Response:
        body, refusal = await self._body(request)
        if refusal is not None:
            return refusal
        try:
            reply = self._desk.answer(body)
        except UnknownTypeError:
            return web.Response(status=422, text=_NOT_A_REQUEST)
        except UnknownNameError:
            return _json(None, status=500)
        return self._charged(request, weight(body["type"], reply), reply)

    async def _explorer(self, request: web.Request) -> web.Response:
        body, refusal = await self._body(request)
        if refusal is not None:
            return refusal
        known = isinstance(body, dict)
        now = self._exchange_clock.now_ms
        reply = explorer.answer(self._state, body, now) if known else None
        if reply is None:
            return web.Response(status=422, text=_NOT_A_REQUEST)
        return self._charged(request, _EXPLORER_WEIGHT, reply)

    async def _evm(self, request: web.Request) -> web.Response:
        body, refusal = await self._body(request)
        if refusal is not None:
            is_malformed = refusal.status == 400
            return _json(error_reply(None, -32700, "parse error")) if is_malformed else refusal
        count = len(body) if isinstance(body, list) else 1
        limit, now = self._rules.evm_requests_per_minute, self._clock.monotonic_s()
        if not self._guest(request).evm_requests.spend(count, limit, now):
            return _json(error_reply(None, -32005, "rate limited"), status=429)
        return _json(self._node.answer(body))

    async def _body(self, request: web.Request) -> tuple[Any, web.Response | None]:
        """Return the request's JSON, or the refusal it deserves."""
        if request.method != "POST":
            return None, web.Response(status=405)
        failure = self._hub.plan.http_failure()
        if failure is not None:
            return None, _json(None, status=failure)
        if request.content_type != "application/json":
            return None, web.Response(status=415, text=_NOT_DECLARED)
        try:
            return decode_json(await request.read()), None
        except JsonError:
            return None, web.Response(status=400, text=_NOT_JSON)

    def _charged(self, request: web.Request, amount: int, reply: object) -> web.Response:
        """Return the reply, or 429 once the minute's weight is spent."""
        limit, now = self._rules.info_weight_per_minute, self._clock.monotonic_s()
        if not self._guest(request).info_weight.spend(amount, limit, now):
            return _json(None, status=429)
        return _json(reply)

    def _guest(self, request: web.Request) -> Guest:
        return self._guests.setdefault(request.remote, Guest())


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(status=status, body=encode_json(value), content_type="application/json")


def _vanish(request: web.Request) -> web.Response:
    """Drop the connection instead of answering."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
