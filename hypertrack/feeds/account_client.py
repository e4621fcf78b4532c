"""Asking the venue about wallets, within its limits, and what to do when it does not answer."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from hypertrack.clock import Clock
from hypertrack.errors import HypertrackError, VenueError
from hypertrack.feeds.account_questions import KINDS, Request
from hypertrack.feeds.http import Answer, JsonPoster, SilentError
from hypertrack.feeds.shared_budget import SharedBudget
from hypertrack.records import JsonError, RawJson, decode_json

log = logging.getLogger(__name__)

OK, REFUSED, TOO_MANY = 200, 422, 429

N_ATTEMPTS = 3
"""After so many answers of another form than expected a question has failed."""

RETRY_S = 1.0
"""Between them, with full jitter."""

PATIENCE_S = (10.0, 20.0, 40.0, 60.0)
"""Waits after each refusal for want of weight; after the last one nothing more is asked."""


class Reply(NamedTuple):
    """An answer of the form that was expected."""

    raw: RawJson
    value: Any
    """Parsed as its kind says."""
    received_ns: int


class UnknownQuestionError(HypertrackError):
    """The venue does not know this type of request, or one of its parameters."""


class FailedQuestionError(HypertrackError):
    """The venue did not answer this question in the form expected; it may answer others."""


class StoppedError(HypertrackError):
    """We were told to stop before the question was asked."""


class AccountClient:
    """``POST /info`` about wallets, one question after the other.

    Args:
        budget: Shared with all other processes.
        on_wait: Told, in words, what is waited for.

    Attributes:
        weight: Spent so far.
        n_questions: Answered so far.
    """

    def __init__(
        self,
        url: str,
        budget: SharedBudget,
        clock: Clock,
        stop: threading.Event,
        on_wait: Callable[[str], None] = lambda _: None,
    ):
        self.weight = 0
        self.n_questions = 0
        self._budget = budget
        self._clock = clock
        self._stop = stop
        self._on_wait = on_wait
        self._poster = JsonPoster(url, clock, stop, n_attempts=1)

    def ask(self, request: Request) -> Reply:
        """Return the answer to a question.

        Raises:
            UnknownQuestionError: The venue does not know it.
            FailedQuestionError: It answered otherwise than expected, also when asked again.
            StoppedError: We are to stop.
            VenueError: Nothing answers, or the venue goes on refusing; more is of no use.
        """
        kind = KINDS[str(request["type"])]
        n_failed = 0
        while True:
            answer = self._once(request, kind.most)
            if answer.status == REFUSED:
                raise UnknownQuestionError(f"{request['type']}: {answer.words}")
            try:
                if answer.status != OK:
                    raise FailedQuestionError(answer.words)
                value = decode_json(answer.content, kind.shape)
            except (FailedQuestionError, JsonError, UnicodeDecodeError) as error:
                n_failed += 1
                if n_failed == N_ATTEMPTS:
                    raise FailedQuestionError(f"{request['type']}: {error}") from None
                self._clock.wait(self._stop, random.uniform(0, RETRY_S * 2**n_failed))
                continue
            self.n_questions += 1
            return Reply(RawJson(answer.content), value, self._clock.wall_ns())

    def close(self) -> None:
        """Close the connection."""
        self._poster.close()

    def _once(self, request: Request, most: int) -> Answer:
        """Ask until the venue has weight left for it."""
        kind = KINDS[str(request["type"])]
        for wait_s in (*PATIENCE_S, None):
            answer = self._sent(request, most)
            if answer.status != TOO_MANY:
                return answer
            self._budget.halve()
            if wait_s is not None:
                jittered_s = wait_s * random.uniform(1.0, 1.25)
                self._on_wait(f"the venue asks for patience: waiting {jittered_s:.0f} s")
                self._clock.wait(self._stop, jittered_s)
        raise VenueError(
            f"the venue refuses {kind.weight} weight after {sum(PATIENCE_S):.0f} s of patience "
            "(HTTP 429): other programs behind this address use it up; try again later, what was "
            "answered is kept"
        )

    def _sent(self, request: Request, most: int) -> Answer:
        """Ask; also again where nothing came back."""
        words = ""
        for attempt in range(N_ATTEMPTS):
            if attempt:
                self._clock.wait(self._stop, random.uniform(0, RETRY_S * 2**attempt))
            owner = self._budget.reserve(most, self._stop)
            if owner is None:
                raise StoppedError("stopped before the question was asked")
            spent = most
            try:
                answer = self._poster.send(request)
                spent = _weight(request, answer)
            except SilentError as error:
                words = str(error)
            else:
                return answer
            finally:
                self._budget.settle(owner, spent)
                self.weight += spent
        raise self._poster.unanswered(words)


def _weight(request: Request, answer: Answer) -> int:
    """Return what an answer weighs; one that cannot be read weighs as the fullest."""
    kind = KINDS[str(request["type"])]
    if answer.status != OK or not kind.max_items:
        return kind.weight
    try:
        return kind.weighs(len(decode_json(answer.content, list[RawJson])))
    except (JsonError, UnicodeDecodeError):
        return kind.most
