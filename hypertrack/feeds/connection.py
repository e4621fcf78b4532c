"""One open socket: its heartbeat, and its end told as a cause."""

import base64
import socket
from typing import Any
from urllib.parse import unquote, urlsplit

import websocket

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.endpoints import host_of
from hypertrack.feeds.network import Proxy, proxy_for, tls_context
from hypertrack.feeds.subscriptions import PING
from hypertrack.records import CoverageCause, Record

POLL_S = 0.1
"""How long a read waits for a frame before it returns to its caller, who may want to stop."""

CONNECT_TIMEOUT_S = 10.0
MAX_CLOCK_JUMP_S = 10.0
"""The wall clock running ahead of the monotonic one by this means that the machine slept."""


READ_BYTES = 1 << 16
FINAL_TEXT = 0x81
SIZE_FOLLOWS = 126
"""First and second byte of a frame; a size of 127, or a masked frame, has a larger second one."""


class ReadAhead:
    """A socket that is read in large pieces.

    websocket-client asks for each frame in three small ones, and each costs it two system calls:
    half the time of a busy recorder.
    """

    def __init__(self, opened: socket.socket):
        self._socket = opened
        self._ahead = b""
        self._at = 0
        self.gettimeout = opened.gettimeout

    def recv(self, n_bytes: int) -> bytes:
        """Return at most so many bytes; none at the end of the stream."""
        if self._at == len(self._ahead):
            self._ahead, self._at = self._socket.recv(READ_BYTES), 0
        piece = self._ahead[self._at : self._at + n_bytes]
        self._at += len(piece)
        return piece

    def take_text(self) -> bytes | None:
        """Return the next frame if all of it was read ahead and it is one whole short text.

        Nearly every frame is (RFC 6455, section 5.2), and websocket-client takes a quarter of the
        recorder's time to find that out; all others are left to it.
        """
        start = self._at + 2
        head = self._ahead[self._at : start + 2]
        if len(head) < 4 or head[0] != FINAL_TEXT or head[1] > SIZE_FOLLOWS:
            return None
        size = head[1]
        if size == SIZE_FOLLOWS:
            start, size = start + 2, head[2] << 8 | head[3]
        if start + size > len(self._ahead):
            return None
        self._at = start + size
        return self._ahead[start : self._at]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)


class Heartbeat(Record, frozen=True):
    """How a socket is kept and found alive (protocol, section 1.4)."""

    ping_interval_s: float = 20.0
    pong_timeout_s: float = 10.0


class ConnectionLostError(VenueError):
    """The socket is gone, or as good as gone."""

    def __init__(self, cause: CoverageCause, detail: str):
        super().__init__(detail)
        self.cause = cause


class Connection:
    """A socket that pings, notices silence and says why it ended; one thread uses it."""

    def __init__(
        self,
        opened: websocket.WebSocket,
        clock: Clock,
        heartbeat: Heartbeat,
        messages: RateBudget | None = None,
    ):
        self._socket = opened
        self._clock = clock
        self._heartbeat = heartbeat
        self._messages = messages
        self._ahead = ReadAhead(opened.sock)
        self._is_between_frames = True
        opened.sock = self._ahead
        self._last_frame_s = self._last_ping_s = clock.monotonic_s()
        self._is_pinged = False
        self._drift_s = self._drift()
        opened.settimeout(POLL_S)

    def send(self, frame: bytes) -> None:
        """Send a text frame and count it; waiting for room in the budget is the caller's part.

        Raises:
            ConnectionLostError: It could not be sent.
        """
        if self._messages is not None:
            self._messages.note()
        try:
            self._socket.send(frame)
        except (websocket.WebSocketException, OSError) as error:
            raise ConnectionLostError(CoverageCause.ERROR, _words(error)) from error

    def receive(self) -> bytes | None:
        """Return the next frame, or None where none came for `POLL_S`; ping when it is time.

        Raises:
            ConnectionLostError: Closed by the venue (`closed`), dropped (`error`), or silent after
                a ping or a sleep of the machine (`silence`).
        """
        if self._is_between_frames:
            text = self._ahead.take_text()
            if text is not None:  # it came with the frame before, after which all was well
                return text
        self._keep_alive()
        data = self._received()
        if data is not None:
            self._last_frame_s = self._clock.monotonic_s()
            self._is_pinged = False
        return data

    def _received(self) -> bytes | None:
        self._is_between_frames = False
        try:
            opcode, data = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            return None
        except (websocket.WebSocketException, OSError) as error:
            raise ConnectionLostError(CoverageCause.ERROR, _words(error)) from error
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            code = int.from_bytes(data[:2], "big")
            reason = data[2:].decode("utf-8", "replace")
            raise ConnectionLostError(CoverageCause.CLOSED, f"closed {code} {reason}".strip())
        self._is_between_frames = True
        return bytes(data)

    def close(self) -> None:
        """Say goodbye without waiting for the answer."""
        try:
            self._socket.close(timeout=0)
        finally:
            self._socket.shutdown()

    def _keep_alive(self) -> None:
        now_s, drift_s = self._clock.monotonic_s(), self._drift()
        if drift_s - self._drift_s > MAX_CLOCK_JUMP_S:
            raise ConnectionLostError(CoverageCause.SILENCE, "the machine slept")
        self._drift_s = drift_s
        if self._is_pinged and now_s - self._last_ping_s > self._heartbeat.pong_timeout_s:
            silence_s = now_s - self._last_frame_s
            raise ConnectionLostError(CoverageCause.SILENCE, f"no frame for {silence_s:.0f} s")
        if not self._is_pinged and now_s - self._last_ping_s >= self._heartbeat.ping_interval_s:
            self.send(PING)
            self._last_ping_s = now_s
            self._is_pinged = True

    def _drift(self) -> float:
        return self._clock.wall_ns() / 1e9 - self._clock.monotonic_s()


def connect(
    url: str,
    clock: Clock,
    heartbeat: Heartbeat | None = None,
    messages: RateBudget | None = None,
    timeout_s: float = CONNECT_TIMEOUT_S,
) -> Connection:
    """Open a socket.

    Args:
        messages: Every frame sent is counted there.

    Raises:
        VenueError: It could not be opened.
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """
    proxy = proxy_for(url)
    try:
        opened = websocket.create_connection(
            url,
            timeout=timeout_s,
            sslopt={"context": tls_context()} if url.startswith("wss") else None,
            header=_authorization(url),
            **_route(proxy),
            # Broken text is for the parser to find and keep, not for the socket to die of.
            skip_utf8_validation=True,
            sockopt=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        )
    except (websocket.WebSocketException, OSError, ValueError) as error:
        through = "" if proxy is None else f" through the proxy {proxy}"
        raise VenueError(
            f"cannot open a socket to {host_of(url)}{through} ({_words(error)}): check --url or "
            "the network"
        ) from error
    return Connection(opened, clock, heartbeat or Heartbeat(), messages)


def _authorization(url: str) -> dict[str, str]:
    """Return what REST sends for a name and password in an address."""
    parts = urlsplit(url)
    if parts.username is None:
        return {}
    words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(words.encode()).decode()}"}


def _route(proxy: Proxy | None) -> dict[str, Any]:
    """Return the options of websocket-client that lead through a proxy, or past all."""
    if proxy is None:
        # Only beside a host is the list of exceptions read, and without one the environment is.
        return {"http_proxy_host": "none", "http_proxy_port": 1, "http_no_proxy": ["*"]}
    return {
        "http_proxy_host": proxy.host,
        "http_proxy_port": proxy.port,
        "http_proxy_auth": proxy.credentials,
        "http_no_proxy": [""],
    }


def _words(error: Exception) -> str:
    first = str(error).splitlines()[0] if str(error) else type(error).__name__
    return first[:200]
