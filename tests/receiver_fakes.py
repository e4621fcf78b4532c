"""Receivers on this machine: an HTTP server that answers as it is told, and messages for it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from fakes import START_MS

from hypertrack.records import DAY_MS, Message, MessageKind, RawJson

Reply = Callable[[BaseHTTPRequestHandler], None]


def message(number: int, **changes: object) -> Message:
    """Return a message made ``number`` seconds after the start, which lasts a day."""
    made_ms = START_MS + number * 1_000
    facts = {
        "id": f"sg_{number}",
        "kind": MessageKind.SIGNAL,
        "made_ms": made_ms,
        "expires_ms": made_ms + DAY_MS,
        "text": f"0xabc… opens a long of {number} BTC",
        "data": RawJson(b'{"seq":%d}' % number),
    }
    return Message(**(facts | changes))  # type: ignore[arg-type]


def status(code: int, **headers: str) -> Reply:
    """Return a reply of a status without a body."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return reply


def closes(handler: BaseHTTPRequestHandler) -> None:
    """Close without an answer."""
    handler.close_connection = True


def lies(handler: BaseHTTPRequestHandler) -> None:
    """Say 200 and ten bytes to come, send two, and close."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10")
    handler.end_headers()
    handler.wfile.write(b"ok")
    handler.close_connection = True


@dataclass
class Receiver:
    """What an HTTP server was sent, in order, and what it answers: each reply once, then 200."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers in self.headers]

    def wait_for(self, n_bodies: int) -> None:
        """Wait until so many were sent, at most 20 s."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.bodies) >= n_bodies, 20), self.bodies


@contextmanager
def receiving(*replies: Reply) -> Iterator[Receiver]:
    """Run an HTTP server on this machine."""
    receiver = Receiver(replies=list(replies))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with receiver.changed:
                receiver.headers.append({k.lower(): v for k, v in self.headers.items()})
                receiver.bodies.append(body)
                reply = receiver.replies.pop(0) if receiver.replies else status(200)
                receiver.changed.notify_all()
            reply(self)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
