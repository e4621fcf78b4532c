"""What a receiver's answer means, and how long to wait before the next try."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hypertrack.records import Message

WAITS_S = (1, 5, 30, 120, 600, 1_800)
"""Between tries; the last one from then on."""

JITTER_FRAC = 0.2
"""A wait is longer by up to so much, so that receivers that fell together are not met together."""

MAX_WAIT_S = 3_600.0
"""Longer waits that a receiver asks for are cut short: it may have meant another unit."""


@dataclass(frozen=True)
class Answer:
    """How a try ended.

    Attributes:
        is_final: Asking again is of no use; the message is done with, one way or the other.
        cause: What was wrong; None where it was taken.
        wait_s: What the receiver asked for, None where it did not.
        is_gone: The receiver wants nothing any more.
    """

    is_final: bool
    cause: str | None = None
    wait_s: float | None = None
    is_gone: bool = False

    @property
    def is_taken(self) -> bool:
        """Return whether the message arrived."""
        return self.cause is None


TAKEN = Answer(is_final=True)


def failed(cause: str, wait_s: float | None = None) -> Answer:
    """Return the answer after which the same is tried again."""
    return Answer(is_final=False, cause=cause, wait_s=wait_s)


def refused(cause: str, *, is_gone: bool = False) -> Answer:
    """Return the answer after which the same is never tried again."""
    return Answer(is_final=True, cause=cause, is_gone=is_gone)


class Sender(Protocol):
    """What brings messages to one receiver."""

    most_at_once: int
    """Messages of one try."""
    every_s: float
    """Seconds between two tries that are both taken."""

    def send(self, messages: Sequence[Message]) -> Answer:
        """Bring messages, all or none, within 10 s; a failure is an answer, never an error."""

    def close(self) -> None:
        """Let go of connections."""


def wait_s(answer: Answer, n_failed: int, rng: random.Random) -> float:
    """Return the seconds before the next try.

    Args:
        n_failed: Tries of this message so far, at least 1.
    """
    usual = WAITS_S[min(n_failed, len(WAITS_S)) - 1]
    asked = 0.0 if answer.wait_s is None else min(answer.wait_s, MAX_WAIT_S)
    return max(usual, asked) * (1 + JITTER_FRAC * rng.random())
