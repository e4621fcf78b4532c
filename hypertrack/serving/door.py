"""Who may read: a request is let in where its host, its origin and its token are ours."""

import hmac
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

from hypertrack.clock import Clock
from hypertrack.text import url_host

METHODS = ("GET", "HEAD")

API = "/api/"
"""Begins the paths that need a token; the page, its script and its style hold nothing secret."""

FOREIGN_SITES = frozenset({"cross-site", "same-site"})
"""What a browser says of a request that another page made."""

MAX_WRONG = 10
WINDOW_S = 60.0
"""So many wrong tokens in that time, and an address waits; who has the right one does not."""

MAX_ADDRESSES = 1_000
"""Remembered for their wrong tokens; beyond it the oldest is forgotten."""

HTTP_PORT = 80
"""Left out by browsers."""

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Asked:
    """What a request says of itself.

    Attributes:
        hosts: Each ``Host`` it carries: one, of an honest client.
        address: The other side's.
    """

    method: str
    path: str
    hosts: tuple[str, ...]
    origin: str | None = None
    site: str | None = None
    authorization: str | None = None
    address: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered."""

    status: int
    says: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class OwnNames:
    """Under which hosts and origins a server is reached.

    Attributes:
        hosts: As a ``Host`` header has them.
        origins: As an ``Origin`` header has them.
    """

    hosts: frozenset[str]
    origins: frozenset[str]


def own_names(host: str, port: int, allowed: Iterable[str]) -> OwnNames:
    """Return the names of a server that listens on a host and port.

    Args:
        allowed: Further names. One without a port is taken with ours, and without any, which is
            how a proxy's clients call it.
    """
    bare = (*LOOPBACK, url_host(host))
    own = {f"{name.lower()}:{port}" for name in bare}
    if port == HTTP_PORT:
        own |= set(map(str.lower, bare))
    for name in map(str.lower, allowed):
        has_port = name.rpartition("]")[2].count(":") > 0
        own |= {name} if has_port else {name, f"{name}:{port}"}
    return OwnNames(
        frozenset(own), frozenset(f"{scheme}://{name}" for name in own for scheme in SCHEMES)
    )


SCHEMES = ("http", "https")
"""The second is the proxy's."""


class Door:
    """Decides on each request, in the order in which a refusal tells the least.

    Args:
        names: Ours; a page that gives its own name our address is told nothing.
    """

    def __init__(self, names: OwnNames, token: str, clock: Clock):
        self._names = names
        self._token = token.encode()
        self._wrong = WrongTokens(clock)

    def refusal(self, asked: Asked) -> Refusal | None:
        """Return why a request is refused; None where it is let in."""
        if len(asked.hosts) != 1 or asked.hosts[0].lower() not in self._names.hosts:
            return Refusal(421, "this host is not served here")
        if asked.method not in METHODS:
            return Refusal(405, "GET and HEAD alone", {"Allow": ", ".join(METHODS)})
        if asked.site in FOREIGN_SITES or not self._is_own(asked.origin):
            return Refusal(403, "asked by another page")
        return self._unknown(asked) if asked.path.startswith(API) else None

    def _is_own(self, origin: str | None) -> bool:
        return origin is None or origin.lower() in self._names.origins

    def _unknown(self, asked: Asked) -> Refusal | None:
        scheme, _, given = (asked.authorization or "").partition(" ")
        is_given = scheme.lower() == "bearer" and bool(given)
        # In constant time: how long it takes tells nothing of how much is right. Who has the token
        # never waits: behind a proxy everybody has one address, and 256 bits are not guessed.
        if is_given and hmac.compare_digest(given.encode(errors="replace"), self._token):
            return None
        wait_s = self._wrong.wait_s(asked.address)
        if wait_s is not None:
            return Refusal(429, "too many wrong tokens", {"Retry-After": str(ceil(wait_s))})
        if is_given:
            self._wrong.add(asked.address)
        return Refusal(
            401, "the token is in the address that was printed", {"WWW-Authenticate": "Bearer"}
        )


class WrongTokens:
    """Counts wrong tokens by address, in bounded memory."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str) -> None:
        """Take note of one."""
        times = self._times.setdefault(address, deque(maxlen=MAX_WRONG))
        times.append(self._clock.monotonic_s())
        self._times.move_to_end(address)
        if len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)

    def wait_s(self, address: str) -> float | None:
        """Return for how long an address has to wait; None where it need not."""
        times = self._times.get(address)
        if times is None or len(times) < MAX_WRONG:
            return None
        left_s = times[0] + WINDOW_S - self._clock.monotonic_s()
        return left_s if left_s > 0 else None
