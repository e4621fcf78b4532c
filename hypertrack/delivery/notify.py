"""Messages to people: Telegram, Discord, Slack, mail and the like, through apprise."""

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hypertrack.delivery.answers import TAKEN, Answer, failed
from hypertrack.errors import ConfigError
from hypertrack.records import Message
from hypertrack.text import first_line, printable

TIMEOUT_S = 10.0

MAX_LETTERS = 1_000

TITLE = "hypertrack"


class Notifier:
    """Sends what waits as one text of at most `MAX_LETTERS`, at most once a second."""

    most_at_once = 50
    every_s = 1.0

    def __init__(self, url: str):
        try:
            import apprise  # noqa: PLC0415 - an extra, and a second of loading
        except ImportError:
            raise ConfigError(
                "sinks of kind apprise need a package: pip install 'hypertrack[notify]'"
            ) from None
        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines name the address
        self._apprise: Any = apprise.Apprise()
        if not self._apprise.add(url):
            raise ConfigError("the address of a sink of kind apprise is none that apprise knows")
        self._pool = ThreadPoolExecutor(1, "notify")

    def send(self, messages: Sequence[Message]) -> Answer:
        """Send messages as one text."""
        sending = self._pool.submit(
            self._apprise.notify, body=bundle(messages), title=TITLE, body_format="text"
        )
        try:
            is_sent = sending.result(TIMEOUT_S)
        except TimeoutError:
            # What hangs cannot be stopped: it is left to end by itself, in a thread of its own.
            self._pool.shutdown(wait=False)
            self._pool = ThreadPoolExecutor(1, "notify")
            return failed(f"no answer within {TIMEOUT_S:.0f} s")
        except Exception as error:
            return failed(first_line(error))
        return TAKEN if is_sent else failed("apprise could not deliver it")

    def close(self) -> None:
        """Start nothing more."""
        self._pool.shutdown(wait=False)


def bundle(messages: Sequence[Message]) -> str:
    """Return the sentences of messages, a line each, within what a short message holds.

    What does not fit is counted in the last line; a sentence that is too long alone is cut.
    """
    lines = [printable(message.text) for message in messages]
    for n_shown in range(len(lines), 0, -1):
        n_left = len(lines) - n_shown
        text = "\n".join([*lines[:n_shown], *([f"… and {n_left} more"] if n_left else [])])
        if len(text) <= MAX_LETTERS:
            return text
    more = f"\n… and {len(lines) - 1} more" if len(lines) > 1 else ""
    return lines[0][: MAX_LETTERS - len(more) - 1] + "…" + more
