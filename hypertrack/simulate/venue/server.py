"""The simulated exchange as a server: everything put together, started and stopped."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

from aiohttp import web

from hypertrack.clock import Clock, SystemClock
from hypertrack.config import SimulateSettings
from hypertrack.errors import port_refused
from hypertrack.records import JsonError, as_dict, decode_json, encode_json
from hypertrack.simulate.venue.account_desk import AccountDesk
from hypertrack.simulate.venue.broadcast import Broadcaster
from hypertrack.simulate.venue.dialogue import Dialogue
from hypertrack.simulate.venue.faults import FaultPlan, Faults
from hypertrack.simulate.venue.hub import Hub
from hypertrack.simulate.venue.info_endpoint import InfoDesk
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.player import Player
from hypertrack.simulate.venue.source import Source
from hypertrack.simulate.venue.state import Published, VenueState
from hypertrack.simulate.venue.venue_rules import VenueRules
from hypertrack.simulate.venue.web import WebDesk
from hypertrack.text import url_host

_SHUTDOWN_S = 1.0


class Exchange:
    """A venue that plays a source to whoever connects.

    Everything but `start`, `play_until` and `stop` may be used from any thread.

    Args:
        settings: Where it listens, how fast time passes and when it begins.
        rules: What it enforces.
        faults: What goes wrong from the start.

    Attributes:
        finished: Set once the source is over and every client was sent everything, after which
            the exchange goes on answering; and when it stops.
        sent: What was published since it opened.
    """

    def __init__(
        self,
        source: Source,
        settings: SimulateSettings,
        *,
        rules: VenueRules | None = None,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ):
        rules, clock = rules or VenueRules(), clock or SystemClock()
        self.settings = settings
        self.finished = threading.Event()
        self.url = ""
        self._rules = rules
        self._plan = FaultPlan(faults)
        self._state = VenueState(source, rules)
        self._hub = Hub(self._plan)
        self._clock = ExchangeClock(source.open_ms, settings.speed, clock)
        accounts = AccountDesk(self._state, lambda: self._clock.now_ms)
        self._broadcaster = Broadcaster(self._state, self._hub, self._clock, accounts)
        desk = InfoDesk(
            self._state,
            lambda: self._clock.now_ms,
            self._told_time_ms,
            accounts,
            lambda: self._plan.faults,
        )
        self._dialogue = Dialogue(self._state, self._hub, self._broadcaster, desk, clock)
        self._web = WebDesk(self._state, self._hub, self._dialogue, desk, self._clock, clock)
        self._player = Player(
            source,
            self._broadcaster,
            self._hub,
            self._clock,
            None if settings.start_at_once else settings.settle_s,
        )
        app = web.Application()
        app.add_routes(self._web.routes())
        app.add_routes([web.get("/control", self._status), web.post("/control", self._control)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_S)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def sent(self) -> Published:
        """What was published since the exchange opened."""
        return self._state.published

    @property
    def time_ms(self) -> int:
        """Exchange time."""
        return self._clock.now_ms

    @property
    def n_breaks(self) -> int:
        """How often an armed fault has broken the sockets."""
        return self._plan.n_breaks

    @property
    def spending(self) -> dict[str, int]:
        """Weight that the info endpoint was asked for: in all, and the most in a minute."""
        return self._web.spending()

    async def start(self) -> str:
        """Take the history in and listen; return the base URL.

        Raises:
            ConfigError: The port is taken.
        """
        self._loop = asyncio.get_running_loop()
        await self._player.take_history()
        await self._runner.setup()
        host, port = self.settings.host, self.settings.port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise port_refused(host, port, "--port, or 0 for any", error) from error
        port = self._runner.addresses[0][1]
        self.url = f"http://{url_host(host)}:{port}"
        return self.url

    async def play_until(self, stop: asyncio.Event) -> None:
        """Serve until told to stop; raise what broke the source."""
        playing = asyncio.create_task(self._play())
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                playing.result()
                await stopping
        finally:
            playing.cancel()
            stopping.cancel()
            await asyncio.gather(playing, stopping, return_exceptions=True)

    async def stop(self) -> None:
        """Drop all sockets and stop listening."""
        await self._player.close()
        await self._dialogue.close()
        self._hub.abort_all()
        await self._runner.cleanup()

    def arm(self, faults: Faults) -> None:
        """Let things go wrong from now on; `Faults()` ends it."""
        armed = threading.Event()

        def arm() -> None:
            self._plan.arm(faults)
            armed.set()

        self.soon(arm)
        armed.wait()

    def soon(self, act: Callable[[], object]) -> None:
        """Act in the exchange's own thread: at once if called there, or once it is over."""
        if self._loop is None or self._loop.is_closed() or _is_running(self._loop):
            act()
        else:
            self._loop.call_soon_threadsafe(act)

    async def _play(self) -> None:
        try:
            await self._player.play(self._rules.max_backlog_bytes)
        finally:
            self.finished.set()

    def _told_time_ms(self) -> int:
        return self._clock.now_ms + self._plan.faults.clock_skew_ms

    async def _status(self, _: web.Request) -> web.Response:
        status = {
            "time": self._clock.now_ms,
            "finished": self.finished.is_set(),
            "trades": self.sent.n_trades,
            "frames": dict(self.sent.n_frames),
            "breaks": self._plan.n_breaks,
            "weight": self.spending,
            **self._hub.counts(),
            "faults": as_dict(self._plan.faults),
        }
        return web.Response(body=encode_json(status), content_type="application/json")

    async def _control(self, request: web.Request) -> web.Response:
        try:
            self._plan.arm(decode_json(await request.read(), Faults))
        except JsonError as error:
            return web.Response(status=422, text=str(error))
        return await self._status(request)


def _is_running(loop: asyncio.AbstractEventLoop) -> bool:
    """Return whether this thread is in the loop."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


async def serve(
    source: Source,
    settings: SimulateSettings,
    rules: VenueRules | None = None,
    faults: Faults | None = None,
    *,
    on_ready: Callable[[Exchange], None] = lambda _: None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve a source until ``stop`` is set or the task is cancelled.

    Args:
        on_ready: Called once the exchange listens; its ``url`` says where.

    Raises:
        ConfigError: The port is taken.
    """
    exchange = Exchange(source, settings, rules=rules, faults=faults)
    try:
        await exchange.start()
        on_ready(exchange)
        await exchange.play_until(stop or asyncio.Event())
    finally:
        await exchange.stop()


@contextlib.contextmanager
def running_exchange(
    source: Source,
    settings: SimulateSettings | None = None,
    faults: Faults | None = None,
    *,
    rules: VenueRules | None = None,
) -> Iterator[Exchange]:
    """Run an exchange in a thread of its own for as long as the context lasts.

    Args:
        settings: By default a free port and the pace of the readers.

    Raises:
        ConfigError: The port is taken. What broke the source is raised at the end.
    """
    settings = settings or SimulateSettings(port=0, speed=0, settle_s=0.1)
    stop, ready = asyncio.Event(), Future[Exchange]()
    ended: Future[None] = Future()

    def run() -> None:
        try:
            asyncio.run(
                serve(source, settings, rules, faults, on_ready=ready.set_result, stop=stop)
            )
            ended.set_result(None)
        except BaseException as error:
            ended.set_exception(error)
            if not ready.done():
                ready.set_exception(error)

    thread = threading.Thread(target=run, name="simulated-exchange")
    thread.start()
    exchange = ready.result()
    try:
        yield exchange
    finally:
        exchange.soon(stop.set)
        thread.join()
    ended.result()
