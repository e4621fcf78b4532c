"""Posting JSON to the venue: repeats what may pass, and says plainly what did not."""

import logging
import random
import threading
from typing import NamedTuple

import httpx

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.endpoints import host_of
from hypertrack.feeds.network import Proxy, proxy_for, tls_context
from hypertrack.records import encode_json

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
"""Without a byte."""

DEADLINE_S = 60.0
"""Of a whole answer, which could drip for ever: the largest take a slow line some 20 s."""

N_ATTEMPTS = 4
BACKOFF_S = 0.5
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class Answer(NamedTuple):
    """What came back, whatever it says."""

    status: int
    content: bytes

    @property
    def words(self) -> str:
        """Return status and beginning of the body, for people."""
        text = self.content[:500].decode("utf-8", "replace")
        return f"HTTP {self.status} {text[:120].strip()}".strip()


class SilentError(VenueError):
    """Nothing came back: unreachable, cut off, or too slow."""


class _UnfinishedError(httpx.ReadTimeout):
    """An answer began, and did not end in time."""


class JsonPoster:
    """One HTTP address that takes JSON and gives JSON; may be shared by threads."""

    def __init__(self, url: str, clock: Clock, stop: threading.Event, n_attempts: int = N_ATTEMPTS):
        self._url = url
        self._clock = clock
        self._stop = stop
        self._n_attempts = n_attempts
        self._proxy = proxy_for(url)
        self._lock = threading.Lock()
        self._is_closed = False
        self._client = self._new_client()

    def post(self, body: object, what: str = "its answer") -> bytes:
        """Return the answer's body.

        Args:
            what: What is waited for, to be said where that takes long.

        Raises:
            VenueError: Unreachable, or answered with an error, also after trying again.
        """
        words = ""
        for attempt in range(self._n_attempts):
            if attempt and self._pause(attempt):
                break
            try:
                answer = self.send(body)
            except SilentError as error:
                words = str(error)
                if isinstance(error.__cause__, _UnfinishedError):
                    self._say_waiting(what, words, attempt)
                elif isinstance(error.__cause__, httpx.TimeoutException):
                    self._say_waiting(what, f"nothing for {TIMEOUT_S:g} s", attempt)
                continue
            if answer.status == httpx.codes.OK:
                return answer.content
            words = answer.words
            if answer.status not in RETRIED:
                break
        raise self.unanswered(words)

    def send(self, body: object) -> Answer:
        """Ask once and return what comes back, whatever its status.

        Raises:
            SilentError: Nothing came back.
        """
        try:
            answer = self._answer(encode_json(body))
        except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: closed meanwhile
            raise SilentError(str(error) or type(error).__name__) from error
        return Answer(answer.status_code, answer.content)

    def unanswered(self, words: str) -> VenueError:
        """Return what to say where trying again did not help."""
        through = "" if self._proxy is None else f" through the proxy {self._proxy}"
        check = "--url" if self._proxy is None else "the proxy"
        return VenueError(
            f"{host_of(self._url)}{through} did not answer ({words}): check {check}, try again"
        )

    def close(self) -> None:
        """Close the connections, also under a request that another thread waits for."""
        with self._lock:
            self._is_closed = True
            self._client.close()

    def _answer(self, content: bytes) -> httpx.Response:
        """Post once; an answer that is not whole in time is given up with its connection.

        Raises:
            httpx.HTTPError: No answer.
            RuntimeError: Closed meanwhile.
        """
        client = self._client
        alarm = threading.Timer(DEADLINE_S, self._replace, [client])
        alarm.daemon = True
        alarm.start()
        try:
            headers = {"Content-Type": "application/json"}
            return client.post(self._url, content=content, headers=headers)
        except httpx.HTTPError as error:
            if client is self._client:
                raise
            raise _UnfinishedError(f"not all of it within {DEADLINE_S:g} s") from error
        finally:
            alarm.cancel()
            alarm.join()  # it takes a moment to end: nobody is to find it after the answer

    def _replace(self, client: httpx.Client) -> None:
        """Close a client under whatever waits for it; another one takes its place."""
        with self._lock:
            if client is self._client and not self._is_closed:
                self._client = self._new_client()
        client.close()

    def _new_client(self) -> httpx.Client:
        return httpx.Client(
            timeout=TIMEOUT_S,
            proxy=_httpx_proxy(self._proxy),
            verify=self._url.startswith("https") and tls_context(),  # plain HTTP shows none
            trust_env=False,  # read by `proxy_for`
        )

    def _say_waiting(self, what: str, words: str, attempt: int) -> None:
        through = "" if self._proxy is None else f" through the proxy {self._proxy}"
        log.warning(
            "waiting for %s of %s%s: %s, attempt %d of %d",
            *(what, host_of(self._url), through, words, attempt + 1, self._n_attempts),
            extra={"url": host_of(self._url)},
        )

    def _pause(self, attempt: int) -> bool:
        # Full jitter, so that many clients do not come back at once.
        return self._clock.wait(self._stop, random.uniform(0, BACKOFF_S * 2**attempt))


def _httpx_proxy(proxy: Proxy | None) -> httpx.Proxy | None:
    return None if proxy is None else httpx.Proxy(proxy.url, auth=proxy.credentials)
