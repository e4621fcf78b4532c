"""A local WebSocket server that does exactly what the test says, one handler for each socket."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

Handler = Callable[[web.WebSocketResponse], Awaitable[None]]


@contextmanager
def socket_server(handler: Handler, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve the handler at the address that is yielded; its return closes the socket.

    ``ws://``, and ``wss://`` where there is a certificate.
    """
    stop = asyncio.Event()
    address: list[str] = []
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    async def greet(request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(compress=False)
        await response.prepare(request)
        await handler(response)
        return response

    async def serve() -> None:
        app = web.Application()
        app.add_routes([web.get("/ws", greet)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        address.append(f"{'wss' if tls else 'ws'}://127.0.0.1:{runner.addresses[0][1]}/ws")
        ready.set()
        await stop.wait()
        await runner.cleanup()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(serve())

    thread = threading.Thread(target=run, name="socket-server")
    thread.start()
    ready.wait(5)
    try:
        yield address[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
