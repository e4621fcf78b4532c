"""Asking the venue beside following: accounts whose positions a gap has made unknown."""

import logging
import threading
from collections.abc import Collection
from contextlib import closing
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.clock import Clock
from hypertrack.config import Settings, state_folder
from hypertrack.errors import HypertrackError
from hypertrack.pipeline.accounts import Wanted, account_client
from hypertrack.pipeline.places import open_answering
from hypertrack.store.files.layout import LOCK_NAME, STATES_NAME
from hypertrack.store.files.locks import is_locked
from hypertrack.store.reading.answer_tape import dex_of

if TYPE_CHECKING:
    from hypertrack.feeds.account_client import AccountClient
    from hypertrack.importing.accounts.answer_files import AnswerFiles
    from hypertrack.live.positions import Key

log = logging.getLogger(__name__)

Account = tuple[str, str]
"""Wallet and exchange of the venue."""

RETRY_S = (5.0, 10.0, 30.0)
"""Between two tries; the last one as often as it takes."""

ANSWERED_S = 30.0
"""An answer that did not help within so long is asked for again."""

IDLE_S = 0.2

CLOSE_S = 3.0

MOST_AT_ONCE = 20
"""Accounts; others who want to write answers get their turn in between."""


class AccountAsking:
    """Asks in a thread of its own, within the budget that all processes share.

    Answers are added to the dataset, from where whoever follows it takes them, now and in a replay.
    Nothing is asked while nobody records: the venue's answers belong to now.
    """

    def __init__(self, settings: Settings, clock: Clock):
        self._settings, self._clock = settings, clock
        self._stop = threading.Event()
        self._wanted: frozenset[Account] = frozenset()
        self._asked_s: dict[Account, float] = {}
        self._n_failed = 0
        self._thread = threading.Thread(target=self._run, name="asking", daemon=True)

    def want(self, awaited: "Collection[Key]") -> None:
        """Say which positions are to be told, in place of those of before."""
        dexes = ((wallet, dex_of(coin)) for wallet, coin in awaited)
        self._wanted = frozenset((wallet, dex) for wallet, dex in dexes if dex is not None)
        if self._wanted and self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        """Ask nothing more."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(CLOSE_S)

    def _run(self) -> None:
        while not self._stop.is_set():
            wait_s = IDLE_S
            if due := self._due():
                try:
                    self._ask(due)
                    self._n_failed = 0
                except (HypertrackError, OSError) as error:
                    wait_s = RETRY_S[min(self._n_failed, len(RETRY_S) - 1)]
                    self._n_failed += 1
                    self._say(due, error, wait_s)
            self._clock.wait(self._stop, wait_s)

    def _say(self, due: list[Account], error: Exception, wait_s: float) -> None:
        if not self._stop.is_set():
            log.warning(
                "%d accounts are not told after a gap, and nothing is signalled of them (%s): "
                "asked again in %g s",
                len(due),
                error,
                wait_s,
            )

    def _due(self) -> list[Account]:
        if not self._is_recorded():
            return []
        before_s = self._clock.monotonic_s() - ANSWERED_S
        self._asked_s = {one: at_s for one, at_s in self._asked_s.items() if one in self._wanted}
        due = (one for one in self._wanted if self._asked_s.get(one, before_s) <= before_s)
        # Where asking takes long, the first ones are due again before the last were asked at all.
        return sorted(due, key=lambda one: (self._asked_s.get(one, -inf), one))[:MOST_AT_ONCE]

    def _is_recorded(self) -> bool:
        data = self._settings.data
        if isinstance(data, Path):
            return is_locked(data / LOCK_NAME)
        from hypertrack.feeds.shared_budget import is_recording

        return is_recording(state_folder())

    def _ask(self, due: list[Account]) -> None:
        """Ask for accounts one by one; each answer is on the disk before the next is asked for.

        Raises:
            HypertrackError: The venue does not answer, or the answer cannot be written.
        """
        from hypertrack.feeds.account_client import FailedQuestionError, UnknownQuestionError
        from hypertrack.importing.accounts.answer_files import AnswerFiles

        with (
            closing(
                account_client(self._settings, Wanted(), self._stop, clock=self._clock)
            ) as client,
            open_answering(self._settings) as session,
        ):
            files = AnswerFiles(session)
            for account in due:
                try:
                    _ask_one(client, files, account)
                except (FailedQuestionError, UnknownQuestionError) as error:
                    log.warning("the account of %s is not told after a gap: %s", account[0], error)
                self._asked_s[account] = self._clock.monotonic_s()


def _ask_one(client: "AccountClient", files: "AnswerFiles", account: Account) -> None:
    from hypertrack.importing.accounts.answer_files import answer_line

    wallet, dex = account
    request = {"type": "clearinghouseState", "user": wallet, "dex": dex}
    files.add(STATES_NAME, [answer_line(wallet, request, client.ask(request))])
