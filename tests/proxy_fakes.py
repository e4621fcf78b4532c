"""An HTTP proxy on this machine that leads every name to one local server."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class FakeProxy:
    """What was asked of it: the heads of all requests, tunnels (CONNECT) and forwarded ones."""

    port: int
    heads: list[str] = field(default_factory=list)


@contextmanager
def running_proxy(target_url: str) -> Iterator[FakeProxy]:
    """Serve until the block ends; every host is the server at ``target_url``."""
    target = urlsplit(target_url)
    address = (target.hostname or "", target.port or 0)

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            head = b""
            while b"\r\n\r\n" not in head:
                head += self.request.recv(65_536)
            proxy.heads.append(head.decode())
            with socket.create_connection(address, timeout=5) as upstream:
                if head.startswith(b"CONNECT "):
                    self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    method, url, rest = head.split(b" ", 2)
                    upstream.sendall(b" ".join([method, urlsplit(url).path, rest]))
                back = threading.Thread(target=_pipe, args=(upstream, self.request), daemon=True)
                back.start()
                _pipe(self.request, upstream)
                back.join(5)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy = FakeProxy(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


def _pipe(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass
