"""Posting JSON to the venue: repeats what may pass, and says plainly what did not."""

import random
import threading

import httpx

from hypertrack.clock import Clock
from hypertrack.errors import VenueError
from hypertrack.feeds.endpoints import host_of, is_local
from hypertrack.records import encode_json

TIMEOUT_S = 10.0
N_ATTEMPTS = 4
BACKOFF_S = 0.5
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})


class JsonPoster:
    """One HTTP address that takes JSON and gives JSON; may be shared by threads."""

    def __init__(self, url: str, clock: Clock, stop: threading.Event, n_attempts: int = N_ATTEMPTS):
        self._url = url
        self._clock = clock
        self._stop = stop
        self._n_attempts = n_attempts
        self._client = httpx.Client(timeout=TIMEOUT_S, trust_env=not is_local(url))

    def post(self, body: object) -> bytes:
        """Return the answer's body.

        Raises:
            VenueError: Unreachable, or answered with an error, also after trying again.
        """
        words = ""
        for attempt in range(self._n_attempts):
            if attempt and self._pause(attempt):
                break
            try:
                answer = self._client.post(
                    self._url,
                    content=encode_json(body),
                    headers={"Content-Type": "application/json"},
                )
            except (httpx.HTTPError, RuntimeError) as error:  # RuntimeError: closed meanwhile
                words = str(error) or type(error).__name__
                continue
            if answer.status_code == httpx.codes.OK:
                return answer.content
            words = f"HTTP {answer.status_code} {answer.text[:120].strip()}".strip()
            if answer.status_code not in RETRIED:
                break
        raise VenueError(f"{host_of(self._url)} did not answer ({words}): check --url, try again")

    def close(self) -> None:
        """Close the connections, also under a request that another thread waits for."""
        self._client.close()

    def _pause(self, attempt: int) -> bool:
        # Full jitter, so that many clients do not come back at once.
        return self._clock.wait(self._stop, random.uniform(0, BACKOFF_S * 2**attempt))
