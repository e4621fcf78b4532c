"""The user's network: proxies and certificates, the same for REST and for sockets.

The libraries below read the environment each in its own way: one knows no ``all_proxy``, one sends
loopback through a proxy. So the environment is read here, and they are told.
"""

import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult as Address
from urllib.parse import unquote, urlsplit

import httpx

from hypertrack.errors import ConfigError
from hypertrack.feeds.endpoints import is_local
from hypertrack.records import Record
from hypertrack.text import url_host

VARIABLES = {"http": "http_proxy", "ws": "http_proxy", "https": "https_proxy", "wss": "https_proxy"}
DEFAULT_PORT = 80
NO_PROXY_ENTRY = re.compile(r"(?:\[(?P<address>[^]]*)]|(?P<name>[^:]+))(?::(?P<port>[0-9]+))?")
USUAL_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Proxy(Record, frozen=True, kw_only=True):
    """An HTTP proxy; as text it shows no password."""

    host: str
    port: int
    user: str | None = None
    password: str = ""

    def __str__(self) -> str:
        return self.url

    @property
    def url(self) -> str:
        """Return its address without its credentials."""
        return f"http://{url_host(self.host)}:{self.port}"

    @property
    def credentials(self) -> tuple[str, str] | None:
        """Return user and password, None where there are none."""
        return None if self.user is None else (self.user, self.password)


def proxy_for(url: str, environment: Mapping[str, str] = os.environ) -> Proxy | None:
    """Return the proxy through which an address is to be reached, None for none.

    ``http_proxy`` serves ``http://`` and ``ws://``, ``https_proxy`` the encrypted ones,
    ``all_proxy`` both; lower case is read first. Loopback and what ``no_proxy`` names are reached
    directly.

    Raises:
        ConfigError: A proxy that cannot be used, such as SOCKS, or any for an IPv6 address.
    """
    target = urlsplit(url)
    if is_local(url) or _is_excepted(target, _variable(environment, "no_proxy")[1]):
        return None
    name, text = _variable(environment, VARIABLES[target.scheme])
    if not text:
        name, text = _variable(environment, "all_proxy")
    if not text:
        return None
    if ":" in (target.hostname or ""):
        # The libraries ask the proxy for it without brackets, which no proxy can take apart.
        raise ConfigError(
            f"{name} is set, and an IPv6 address cannot be reached through a proxy: give a name, "
            f"or except it with no_proxy={target.hostname}"
        )
    return _parse(name, text)


def require_usable(*urls: str | None) -> None:
    """Make sure, before anything is asked, that a way leads to each address.

    Raises:
        ConfigError: The environment names a proxy or certificates that cannot be used.
    """
    for url in filter(None, urls):
        proxy_for(url)
    if any(url.startswith(("https", "wss")) for url in filter(None, urls)):
        tls_context()


def tls_context(environment: Mapping[str, str] = os.environ) -> ssl.SSLContext:
    """Return whom to trust: the usual authorities, or those of ``SSL_CERT_FILE``.

    Raises:
        ConfigError: That file cannot be read, or holds no certificates.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        variables = ("SSL_CERT_FILE", "SSL_CERT_DIR")
        places = [environment[name] for name in variables if name in environment]
        raise ConfigError(
            f"no certificates in {' or '.join(places)} ({error.strerror or error}): "
            "check SSL_CERT_FILE"
        ) from error


def _variable(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the spelling that is set, and its text."""
    for spelling in (name, name.upper()):
        if text := environment.get(spelling, "").strip():
            return spelling, text
    return name, ""


def _parse(name: str, text: str) -> Proxy:
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise ConfigError(f"{name} has no host and port: http://host:port") from None
    if not parts.hostname:
        raise ConfigError(f"{name} names no host: http://host:port")
    if parts.scheme != "http":
        raise ConfigError(
            f"{name} names {parts.scheme}://{parts.hostname}:{port}, and only http:// proxies can "
            "be used: start one, or except the venue's hosts with no_proxy"
        )
    return Proxy(
        host=parts.hostname,
        port=port,
        user=None if parts.username is None else unquote(parts.username),
        password=unquote(parts.password or ""),
    )


def _is_excepted(target: Address, no_proxy: str) -> bool:
    host = (target.hostname or "").rstrip(".")
    port = target.port or USUAL_PORTS.get(target.scheme)
    return any(_matches(host, port, entry) for entry in re.split(r"[,\s]+", no_proxy.lower()))


def _matches(host: str, port: int | None, entry: str) -> bool:
    if entry in {"", "*"}:
        return entry == "*"
    parts = NO_PROXY_ENTRY.fullmatch(entry)  # none for a bare IPv6 address, which has no port
    name = entry if parts is None else parts["address"] or parts["name"]
    if parts is not None and parts["port"] and int(parts["port"]) != port:
        return False
    try:  # an address, or a network of them
        return ipaddress.ip_address(host) in ipaddress.ip_network(name, strict=False)
    except ValueError:
        pass
    name = name.removeprefix("*").removeprefix(".").rstrip(".")
    return host == name or host.endswith(f".{name}")
