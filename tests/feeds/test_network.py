"""Proxies and certificates mean the same for REST and for sockets."""

import base64
import logging
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from aiohttp import web
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from proxy_fakes import running_proxy
from socket_fakes import socket_server

from hypertrack.clock import SystemClock
from hypertrack.errors import ConfigError, VenueError
from hypertrack.feeds import http
from hypertrack.feeds.connection import connect
from hypertrack.feeds.http import JsonPoster
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.network import proxy_for, tls_context
from hypertrack.feeds.subscriptions import PING
from hypertrack.simulate.venue.server import running_exchange

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR")
PROXY = "http://127.0.0.1:3128"

AUTHORITY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgw5rk61oZoZwlp8LK
6dnyUb5XfLS52IrDCpexyLuZkIWhRANCAARwgJCklv36T0abidWVppte5cMcb7f7
+EgZTC9qkV6fE0+J4NGbMTIaKRpJOgtcoAv9qky3JjtX+Jz45+yEMNoz
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBuzCCAWGgAwIBAgIUQPzwvgaC1gSsiDzuhIB0lvDPLJgwCgYIKoZIzj0EAwIw
JDEiMCAGA1UEAwwZaHlwZXJ0cmFjayB0ZXN0IGF1dGhvcml0eTAgFw0yNjExMjYw
MDQ2MzNaGA8yMTI2MTEwMjAwNDYzM1owJDEiMCAGA1UEAwwZaHlwZXJ0cmFjayB0
ZXN0IGF1dGhvcml0eTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHCAkKSW/fpP
RpuJ1ZWmm17lwxxvt/v4SBlML2qRXp8TT4ng0ZsxMhopGkk6C1ygC/2qTLcmO1f4
nPjn7IQw2jOjbzBtMB0GA1UdDgQWBBQiEBVZTdYcIpqHPTdoXRKTL8J3UzAfBgNV
HSMEGDAWgBQiEBVZTdYcIpqHPTdoXRKTL8J3UzAPBgNVHRMBAf8EBTADAQH/MBoG
A1UdEQQTMBGHBH8AAAGCCWxvY2FsaG9zdDAKBggqhkjOPQQDAgNIADBFAiEA023N
MMSQ2MFIKRm8EFpI4e4iXMZR1pPLo2uXLEWUoT8CIEjOcbsHzfSpk2qQEXLtfvku
wLAz3kj6l4RK5Ac7wVDL
-----END CERTIFICATE-----
"""
"""A certificate that signs itself, and its key: for 127.0.0.1, in this test alone."""


@contextmanager
def local_server(handler: type[socketserver.BaseRequestHandler]) -> Iterator[str]:
    """Serve connections by hand until the block ends."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://venue.example/info", "http_proxy"),
        ("ws://venue.example/ws", "http_proxy"),
        ("https://venue.example/info", "https_proxy"),
        ("wss://venue.example/ws", "https_proxy"),
    ],
)
def test_each_scheme_has_its_proxy_and_all_proxy_is_for_both(url: str, name: str) -> None:
    for spelling in (name, name.upper(), "all_proxy", "ALL_PROXY"):
        assert str(proxy_for(url, {spelling: PROXY})) == PROXY
    other = "https_proxy" if name == "http_proxy" else "http_proxy"
    assert proxy_for(url, {other: PROXY}) is None


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "0.0.0.0", "a.localhost"]
)
@pytest.mark.parametrize("scheme", ["http", "ws", "https", "wss"])
def test_loopback_never_goes_through_a_proxy(scheme: str, host: str) -> None:
    assert proxy_for(f"{scheme}://{host}:8765/ws", {"all_proxy": PROXY}) is None


@pytest.mark.parametrize(
    ("no_proxy", "is_direct"),
    [
        ("*", True),
        ("venue.example", True),
        (".example", True),
        ("*.example", True),
        (" other.example , VENUE.example:443 ", True),
        ("venue.example:80", False),
        ("other.example venue.example", True),
        ("venue.example.", True),
        ("443", False),
        ("ue.example", False),
        ("", False),
    ],
)
def test_no_proxy_names_hosts_and_their_domains(no_proxy: str, is_direct: bool) -> None:
    found = proxy_for("wss://venue.example:443/ws", {"https_proxy": PROXY, "no_proxy": no_proxy})

    assert (found is None) is is_direct


@pytest.mark.parametrize(
    ("url", "no_proxy"),
    [
        ("http://10.1.2.3/info", "10.0.0.0/8"),
        ("ws://[fd00::7]:80/ws", "fd00::/8"),
        ("wss://[fd00::7]/ws", "[fd00::7]:443"),
        ("https://venue.example/info", "venue.example:443"),
        ("ws://10.1.2.3/ws", "10.1.2.3:80"),
    ],
)
def test_no_proxy_names_networks(url: str, no_proxy: str) -> None:
    assert proxy_for(url, {"all_proxy": PROXY, "no_proxy": no_proxy}) is None


def test_proxy_without_a_scheme_is_an_http_proxy() -> None:
    assert str(proxy_for("http://venue.example", {"http_proxy": "[fd00::7]:3128"})) == (
        "http://[fd00::7]:3128"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("socks5://me:s3cret@h:1080", "all_proxy names socks5://h:1080, and only http:// proxies"),
        ("http://h:port", "all_proxy has no host and port"),
        ("http://[::1", "all_proxy has no host and port"),
        ("http://", "all_proxy names no host"),
    ],
)
def test_proxy_that_cannot_be_used_is_said(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as refusal:
        proxy_for("https://venue.example", {"all_proxy": text})

    assert "s3cret" not in str(refusal.value)


def test_rest_and_sockets_go_through_the_proxy_with_its_credentials(
    environment: pytest.MonkeyPatch,
) -> None:
    with (
        running_exchange(HandSource(blocks(1), coins=(coin(),)), AT_ONCE) as exchange,
        running_proxy(exchange.url) as proxy,
    ):
        environment.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.port}")
        with closing(InfoClient("http://venue.example/info")) as info:
            dexes = info.perp_dexs()
        connection = connect("ws://venue.example/ws", SystemClock())
        connection.send(PING)
        while (frame := connection.receive()) is None or b"pong" not in frame:
            pass
        connection.close()

    asked, tunnelled = proxy.heads
    assert dexes[0] == ""
    assert asked.startswith("POST http://venue.example/info ")
    assert tunnelled.startswith("CONNECT venue.example:80 ")
    credentials = base64.b64encode(b"me:p@ss").decode()
    for head in (asked, tunnelled):
        assert f"Proxy-Authorization: Basic {credentials}".lower() in head.lower()


def test_password_in_the_address_is_sent_by_sockets_too_and_shown_by_neither() -> None:
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            for _ in range(2):
                asking, _address = server.accept()
                heads.append(asking.recv(65_536))
                asking.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        place = f"me:s3cret@127.0.0.1:{server.getsockname()[1]}"
        poster = JsonPoster(f"http://{place}/info", SystemClock(), threading.Event(), 1)
        with pytest.raises(VenueError) as of_rest:
            poster.post({})
        with pytest.raises(VenueError) as of_socket:
            connect(f"ws://{place}/ws", SystemClock())
        poster.close()
        thread.join()

    basic = b"Authorization: Basic " + base64.b64encode(b"me:s3cret")
    assert all(basic in head for head in heads)
    assert "s3cret" not in f"{of_rest.value} {of_socket.value}"


def test_message_names_the_proxy_that_failed_without_its_password(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("http_proxy", "http://me:s3cret@127.0.0.1:9")
    poster = JsonPoster("http://venue.example/info", SystemClock(), threading.Event(), 1)

    with pytest.raises(VenueError) as of_rest:
        poster.post({})
    with pytest.raises(VenueError) as of_socket:
        connect("ws://venue.example/ws", SystemClock())
    poster.close()

    for error in (of_rest.value, of_socket.value):
        assert "venue.example through the proxy http://127.0.0.1:9 " in str(error)
        assert "s3cret" not in str(error)


def test_certificates_that_cannot_be_read_are_named(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty.pem").write_text("")

    for name in ("gone.pem", "empty.pem"):
        environment.setenv("SSL_CERT_FILE", str(tmp_path / name))
        with pytest.raises(ConfigError, match=f"no certificates in .*{name}"):
            tls_context()


def test_authority_of_ones_own_is_trusted_by_rest_and_sockets(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "authority.pem"
    file.write_text(AUTHORITY)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)

    with socket_server(greet, server) as url:
        for_rest = url.replace("wss", "https", 1)
        foreign = [refusal_of(for_rest), socket_refusal_of(url)]
        environment.setenv("SSL_CERT_FILE", str(file))
        known = refusal_of(for_rest)
        connection = connect(url, SystemClock())
        while (frame := connection.receive()) is None:
            pass
        connection.close()

    assert all("certificate" in words for words in foreign)
    assert "HTTP 405" in known  # an answer: the server has sockets alone
    assert frame == b"hello"


async def greet(response: web.WebSocketResponse) -> None:
    await response.send_str("hello")
    await response.receive()


def refusal_of(url: str) -> str:
    with (
        closing(JsonPoster(url, SystemClock(), threading.Event(), 1)) as poster,
        pytest.raises(VenueError) as refusal,
    ):
        poster.post({})
    return str(refusal.value)


def socket_refusal_of(url: str) -> str:
    with pytest.raises(VenueError) as refusal:
        connect(url, SystemClock())
    return str(refusal.value)


def test_rest_and_sockets_reach_a_server_by_ipv6() -> None:
    if not socket.has_ipv6:
        pytest.skip("needs IPv6")
    settings = AT_ONCE.model_copy(update={"host": "::1"})
    with running_exchange(HandSource(blocks(1), coins=(coin(),)), settings) as exchange:
        port = exchange.url.rpartition(":")[2]
        with closing(InfoClient(f"http://[::1]:{port}/info")) as info:
            assert info.perp_dexs()[0] == ""
        connect(f"ws://[::1]:{port}/ws", SystemClock()).close()


def test_question_that_hangs_is_told_with_what_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(http, "TIMEOUT_S", 0.05)
    monkeypatch.setattr(http, "BACKOFF_S", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent, caplog.at_level(logging.WARNING):
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with closing(InfoClient(f"{url}/info")) as info, pytest.raises(VenueError):
            info.perp_dexs()

    assert (
        caplog.messages[0] == f"waiting for perpDexs of {url}: nothing for 0.05 s, attempt 1 of 4"
    )


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"])
def test_answer_that_drips_for_ever_is_given_up_and_asked_for_again(
    head: bytes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A byte now and then resets every timeout of reading, in the head as in the body."""
    monkeypatch.setattr(http, "DEADLINE_S", 0.2)
    monkeypatch.setattr(http, "BACKOFF_S", 0.0)
    n_asked = 0

    class Drip(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            nonlocal n_asked
            n_asked += 1
            self.request.recv(65_536)
            try:
                self.request.sendall(head)
                for _ in range(100):
                    self.request.sendall(b"x")
                    time.sleep(0.02)
            except OSError:
                pass

    with local_server(Drip) as url, caplog.at_level(logging.WARNING):
        poster = JsonPoster(url, SystemClock(), threading.Event(), n_attempts=2)
        start_s = time.monotonic()
        with closing(poster), pytest.raises(VenueError, match="not all of it within"):
            poster.post({}, "meta")

    assert n_asked == 2
    assert time.monotonic() - start_s < 1.5
    assert "meta" in caplog.messages[0]


def test_ipv6_address_behind_a_proxy_is_refused_with_the_way_out(
    environment: pytest.MonkeyPatch,
) -> None:
    url = "https://[2001:db8::1]:8443/info"
    environment.setenv("https_proxy", PROXY)

    with pytest.raises(ConfigError, match="no_proxy=2001:db8::1"):
        proxy_for(url)

    environment.setenv("no_proxy", "2001:db8::1")
    assert proxy_for(url) is None


def test_no_thread_outlives_its_question() -> None:
    """What watches over an answer could end after it, now and then: so many are asked."""
    left: list[threading.Thread] = []
    with running_exchange(HandSource(blocks(3), coins=(coin("BTC"),)), AT_ONCE) as exchange:
        url = f"{exchange.url}/info"
        with closing(JsonPoster(url, SystemClock(), threading.Event(), 1)) as poster:
            for _ in range(50):
                poster.post({"type": "meta"})
                left += [t for t in threading.enumerate() if isinstance(t, threading.Timer)]

    assert not left
