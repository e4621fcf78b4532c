"""The exchange's paths over HTTP: requests checked as the venue does, and handed on."""

import asyncio
from typing import Any

from aiohttp import WSMsgType, web

from hypertrack.clock import Clock
from hypertrack.records import JsonError, decode_json, encode_json
from hypertrack.simulate.venue import explorer
from hypertrack.simulate.venue.connections import Connection, Guest, MinuteBudget
from hypertrack.simulate.venue.dialogue import Dialogue
from hypertrack.simulate.venue.faults import GREETING, Faults
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.info_endpoint import InfoDesk, weight
from hypertrack.simulate.venue.leaderboard import Leaderboard
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.requests import UnknownNameError, UnknownTypeError
from hypertrack.simulate.venue.rpc import EvmNode, error_reply
from hypertrack.simulate.venue.state import VenueState

_NOT_JSON = "Failed to parse the request body as JSON"
_NOT_A_REQUEST = "Failed to deserialize the JSON body into the target type"
_NOT_DECLARED = "Expected request with `Content-Type: application/json`"
_PAGE = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_EXPLORER_WEIGHT = 40
_DRIPS = 10
"""Pieces of an answer that trickles in."""
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
        self._board = Leaderboard(state, desk.accounts, lambda: exchange_clock.now_ms)
        self._guests: dict[str | None, Guest] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the paths."""
        return [
            web.get("/ws", self._socket),
            web.get("/explorer/ws", self._explorer_socket),
            web.route("*", "/info", self._info),
            web.route("*", "/explorer", self._explorer),
            web.route("*", "/evm", self._evm),
            web.get("/Mainnet/leaderboard", self._leaderboard),
        ]

    def spending(self) -> dict[str, int]:
        """Return what all addresses spent of their weight, and the most of one in a minute."""
        budgets = [guest.info_weight for guest in self._guests.values()]
        return {
            "total": sum(budget.total for budget in budgets),
            "most_in_a_minute": max((budget.most for budget in budgets), default=0),
            "refused": sum(budget.n_refused for budget in budgets),
        }

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

    async def _info(self, request: web.Request) -> web.StreamResponse:
        body, refusal = await self._body(request)
        if refusal is not None:
            return refusal
        try:
            reply = self._desk.answer(body)
        except UnknownTypeError:
            return web.Response(status=422, text=_NOT_A_REQUEST)
        except UnknownNameError:
            return _json(None, status=500)
        return await self._charged(request, weight(body["type"], reply), reply)

    async def _explorer(self, request: web.Request) -> web.StreamResponse:
        body, refusal = await self._body(request)
        if refusal is not None:
            return refusal
        known = isinstance(body, dict)
        now = self._exchange_clock.now_ms
        reply = explorer.answer(self._state, body, now) if known else None
        if reply is None:
            return web.Response(status=422, text=_NOT_A_REQUEST)
        return await self._charged(request, _EXPLORER_WEIGHT, reply)

    async def _leaderboard(self, _: web.Request) -> web.Response:
        return _json(await self._board.rows())

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
        if self._hub.plan.fails_request():
            return None, _failure(self._hub.plan.faults)
        if request.content_type != "application/json":
            return None, web.Response(status=415, text=_NOT_DECLARED)
        try:
            return decode_json(await request.read()), None
        except JsonError:
            return None, web.Response(status=400, text=_NOT_JSON)

    async def _charged(
        self, request: web.Request, amount: int, reply: object
    ) -> web.StreamResponse:
        """Return the reply, or 429 once the minute's weight is spent."""
        limit, now = self._rules.info_weight_per_minute, self._clock.monotonic_s()
        if not self._guest(request).info_weight.spend(amount, limit, now):
            return _json(None, status=429)
        plan = self._hub.plan
        body = encode_json(reply)
        if plan.cuts_answer():
            return _body(body[: len(body) // 2])
        if plan.faults.http_drip_s > 0:
            return await _dripped(request, body, plan.faults.http_drip_s)
        return _body(body)

    def _guest(self, request: web.Request) -> Guest:
        if request.remote not in self._guests:
            self._guests[request.remote] = Guest(
                info_weight=MinuteBudget(self._rules.info_minute_wall_s)
            )
        return self._guests[request.remote]


def _json(value: object, status: int = 200) -> web.Response:
    return _body(encode_json(value), status)


def _body(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _failure(faults: Faults) -> web.Response:
    if faults.http_body == "html":
        return web.Response(status=faults.http_status, text=_PAGE, content_type="text/html")
    return _json(None, status=faults.http_status)


async def _dripped(request: web.Request, body: bytes, duration_s: float) -> web.StreamResponse:
    """Send an answer in pieces."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(request)
    step = -(-len(body) // _DRIPS)
    for at in range(0, len(body), step):
        await asyncio.sleep(duration_s / _DRIPS)
        await response.write(body[at : at + step])
    return response


def _vanish(request: web.Request) -> web.Response:
    """Drop the connection instead of answering."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)
