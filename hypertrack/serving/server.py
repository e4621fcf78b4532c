"""The server: the page, its interface and its stream on one port, for who has the token."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from hypertrack.clock import Clock
from hypertrack.config import ServeSettings
from hypertrack.errors import ConfigError, HypertrackError, port_refused
from hypertrack.live.desk import Gap
from hypertrack.outputs.served_page import ServedFront
from hypertrack.records import RawJson, checked_wallet, encode_json
from hypertrack.serving.asking import MAX_ROWS, answer, asked_of, count, parse_question, profile_of
from hypertrack.serving.bulletin import Bulletin
from hypertrack.serving.door import Asked, Door, own_names
from hypertrack.serving.event_log import EventLog
from hypertrack.serving.headers import HEADERS
from hypertrack.serving.lookout import Lookout, News, ServedFiles
from hypertrack.serving.shelf import Shelf
from hypertrack.serving.streams import Streams
from hypertrack.text import first_line, url_host

SHUTDOWN_S = 1.0

T = TypeVar("T")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _is_ours(record: logging.LogRecord) -> bool:
    """Return whether an error is one of ours: what is no request is answered with 400."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


requests_log = logging.getLogger(f"{__name__}.requests")
requests_log.addFilter(_is_ours)  # or whoever reaches the port fills the log with tracebacks


@dataclass(frozen=True)
class Served:
    """What is served.

    Attributes:
        front: The page before it has loaded anything, its script and its style.
        changed_gaps: Reads what was missed where that is other than at the last call, else None.
        close: Lets go of the dataset.
    """

    front: ServedFront
    files: ServedFiles
    shelf: Shelf
    changed_gaps: Callable[[], tuple[Gap, ...] | None]
    close: Callable[[], None]


class Server:
    """Serves one dataset.

    Args:
        token: Who has it may read.

    Attributes:
        url: Where it listens, without the token.
        streams: Who hears what happens.
    """

    def __init__(self, served: Served, settings: ServeSettings, token: str, clock: Clock):
        self.url = ""
        self._served = served
        self._settings = settings
        self._token = token
        self._clock = clock
        self._door: Door | None = None
        self._log = EventLog()
        self._bulletin = Bulletin(self._log)
        self.streams = Streams(self._log)
        self._worker = ThreadPoolExecutor(1, "profiles")
        self._lookout = Lookout(
            served.files, served.shelf, served.changed_gaps, self._tell_soon, clock
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            logger=requests_log,
            shutdown_timeout=SHUTDOWN_S,
            handle_signals=False,
        )

    async def start(self) -> str:
        """Listen, and look at the files; return the address.

        Raises:
            ConfigError: The port is taken.
        """
        self._loop = asyncio.get_running_loop()
        await self._runner.setup()
        host, port = self._settings.host, self._settings.port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise port_refused(host, port, "--port, or 0 for any", error) from error
        port = self._runner.addresses[0][1]
        self._door = Door(
            own_names(host, port, self._settings.allow_hosts), self._token, self._clock
        )
        self.url = f"http://{url_host(host)}:{port}/"
        await asyncio.to_thread(self._lookout.start)
        return self.url

    async def stop(self) -> None:
        """End the streams and stop listening."""
        self._log.close()
        await self._runner.cleanup()
        await asyncio.to_thread(self._lookout.close)
        self._worker.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._served.shelf.close)
        await asyncio.to_thread(self._served.close)

    # --- what is asked --------------------------------------------------------------------------

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard])
        app.on_response_prepare.append(_add_headers)
        front = self._served.front
        texts = {"/": (front.page, "text/html"), "/app.js": (front.script, "text/javascript")}
        texts |= {"/app.css": (front.style, "text/css")}
        app.add_routes([web.get(path, _text(*each)) for path, each in texts.items()])
        answers: dict[str, Handler] = {
            "page": self._page,
            "status": self._status,
            "wallets": self._wallets,
            "wallets/{wallet}": self._wallet,
            "signals": self._signals,
            "follow": self._follow,
            "models": self._models,
            "events": self.streams.answer,
        }
        app.add_routes([web.get(f"/api/v1/{path}", each) for path, each in answers.items()])
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        assert self._door is not None  # it listens by then
        refusal = self._door.refusal(_asked(request))
        if refusal is not None:
            return web.Response(
                status=refusal.status, text=f"{refusal.says}\n", headers=refusal.headers
            )
        try:
            return await handler(request)
        except HypertrackError as error:
            return web.Response(status=400, text=f"{first_line(error)}\n")

    async def _page(self, _: web.Request) -> web.Response:
        page = await self._in_worker(self._served.shelf.page)
        return web.Response(body=page, content_type="text/html", charset="utf-8")

    async def _status(self, _: web.Request) -> web.Response:
        return _json(
            {
                "now_ms": self._clock.wall_ns() // 1_000_000,
                "status": self._bulletin.status,
                "gaps": self._bulletin.gaps,
                "n_streams": len(self.streams.open),
                "n_unread": self._bulletin.n_unread,
                "last_event_id": self._log.newest_id,
            }
        )

    async def _wallets(self, request: web.Request) -> web.Response:
        asked = parse_question(request.query.items())
        profiles = await self._in_worker(self._served.shelf.profiles)
        if profiles is None:
            return _json({"n_wallets": 0, "n_found": 0, "offset": 0, "wallets": ()})
        return _json(await self._in_worker(lambda: answer(profiles, asked)))

    async def _wallet(self, request: web.Request) -> web.Response:
        wallet = _wallet_in(request.match_info["wallet"])
        profiles = await self._in_worker(self._served.shelf.profiles)
        if profiles is not None:
            found = await self._in_worker(lambda: profile_of(profiles, wallet))
            if found is not None:
                return _json(found)
        return web.Response(status=404, text=f"{wallet} has no profile\n")

    async def _signals(self, request: web.Request) -> web.Response:
        asked = asked_of(request.query.items(), ("limit", "before", "wallet", "coin"))
        most = count("limit", asked.get("limit", "100"), MAX_ROWS)
        before = count("before", asked["before"], 10**12) if "before" in asked else None
        wallet = _wallet_in(asked["wallet"]) if "wallet" in asked else None
        found = self._bulletin.signals(before, wallet, asked.get("coin"))
        lines = [*map(RawJson, islice(found, most))]
        return _json({"last_event_id": self._log.newest_id, "signals": lines})

    async def _follow(self, request: web.Request) -> web.Response:
        asked = asked_of(request.query.items(), ("limit",))
        most = count("limit", asked.get("limit", "100"), MAX_ROWS)
        steps = [*map(RawJson, islice(self._bulletin.steps(), most))]
        return _json({"follow": self._bulletin.paper, "steps": steps})

    async def _models(self, _: web.Request) -> web.Response:
        return _json({"models": self._bulletin.models})

    # --- threads --------------------------------------------------------------------------------

    def _tell_soon(self, news: News) -> None:
        """Pass on, from the lookout's thread, what it saw."""
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._bulletin.hear, news)

    async def _in_worker(self, act: Callable[[], T]) -> T:
        """Do what blocks where it holds up nobody but others who ask for profiles."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, act)


def _asked(request: web.Request) -> Asked:
    headers = request.headers
    return Asked(
        method=request.method,
        path=request.path,
        hosts=tuple(headers.getall("Host", ())),
        origin=headers.get("Origin"),
        site=headers.get("Sec-Fetch-Site"),
        authorization=headers.get("Authorization"),
        address=request.remote or "",
    )


def _wallet_in(text: str) -> str:
    try:
        return checked_wallet(text)
    except ValueError:
        raise ConfigError("a wallet is 0x and forty hexadecimal digits") from None


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


def _text(text: str, content_type: str) -> Handler:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    return handler


def _json(value: object) -> web.Response:
    return web.Response(body=encode_json(value), content_type="application/json")
