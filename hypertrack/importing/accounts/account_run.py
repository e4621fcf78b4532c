"""A run: question after question, wallet by wallet, until all is asked or someone stops it."""

import logging
from collections import Counter, deque
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.config import DatabaseUrl
from hypertrack.feeds.account_client import (
    AccountClient,
    FailedQuestionError,
    StoppedError,
    UnknownQuestionError,
)
from hypertrack.feeds.account_questions import Step, is_funded
from hypertrack.importing.accounts.answer_files import AnswerFiles
from hypertrack.importing.accounts.asking import Asking, likely_weight
from hypertrack.importing.accounts.fill_history import FillHistory
from hypertrack.importing.accounts.rate_history import RateHistory
from hypertrack.importing.accounts.step_progress import StepLine, StepState
from hypertrack.importing.accounts.wallet_steps import (
    TRAIL_MS,
    Stored,
    WalletSteps,
    flow_identity,
)
from hypertrack.importing.pairing import FillKey
from hypertrack.records import HOUR_MS, Record, decode_json, replace
from hypertrack.store.files.session import Session
from hypertrack.store.reading.stored_answers import first_fills, stored_answers, stored_rates

log = logging.getLogger(__name__)

FILL_STEPS = frozenset({Step.FILLS, Step.TWAP})
FLOW_STEPS = frozenset({Step.FLOWS, Step.FUNDING})


class AccountProgress(Record, frozen=True, kw_only=True):
    """How far a run is."""

    wallet: str
    """Or, of rates, the coin."""
    step: Step
    n_wallets_done: int
    n_wallets: int
    n_fills: int
    """New ones, so far."""
    weight: int
    """Spent so far."""
    weight_left: int
    """About what is still to be spent."""


class AskedReport(Record, frozen=True, kw_only=True):
    """What a run did."""

    n_wallets: int
    n_done: int
    """Steps of wallets."""
    n_left: int
    """Steps that were not asked, since the run was stopped."""
    n_questions: int
    weight: int
    n_fills: int
    n_flows: int
    n_rates: int = 0
    """Hours of coins whose funding is known now."""
    failed: tuple[StepLine, ...] = ()
    switched_off: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it for each record
    """Steps that the venue does not know, in its words."""


class AccountRun:
    """Asks about wallets and adds the answers to a session's files.

    Args:
        session: Append to it; nobody else does.
        place: Where the dataset is, for what it holds already.
    """

    def __init__(
        self,
        session: Session,
        place: Path | DatabaseUrl,
        client: AccountClient,
        asking: Asking,
        clock: Clock,
    ):
        self._files = AnswerFiles(session)
        self._client = client
        self._asking = asking
        self._clock = clock
        self.jobs = asking.jobs(self._files.progress, clock.wall_ns() // 1_000_000)
        stored = _stored(place, self.jobs)
        self._steps = WalletSteps(client, self._files, asking, stored, clock)
        has_rates = Step.RATES in asking.steps
        self._rates = RateHistory(client, self._files, stored_rates(place) if has_rates else {})
        self._first_fills = first_fills(place, asking.wallets) if has_rates else {}
        self._left = deque(self.jobs)
        self._coins_left = deque[str]()
        self._n_left_by_wallet = Counter(job.wallet for job in self.jobs)
        self._weight_left = sum(likely_weight(asking, job) for job in self.jobs)
        self._failed: list[StepLine] = []
        self._switched_off: dict[Step, str] = {}

    def run(self) -> Iterator[AccountProgress]:
        """Ask; a run that is told to stop ends after the answer under way.

        Raises:
            VenueError: Nothing answers any more, or the venue goes on refusing.
            DatasetError: The disk is full.
        """
        new = [job for job in self.jobs if self._files.progress.last(*job.key) != job]
        if new:
            self._files.progress.write(new)
        try:
            while self._left:
                for line in self._steps_of(self._left[0]):
                    if not line.is_open:
                        self._finish(self._left.popleft())
                    yield self._progress(line.wallet, line.step)
            if Step.RATES in self._asking.steps:
                yield from self._ask_rates()
        except StoppedError:
            log.info("stopped; the same command goes on")

    def report(self) -> AskedReport:
        """Return what was done so far."""
        n_failed = sum(line.step is not Step.RATES for line in self._failed)
        return AskedReport(
            n_wallets=len(self._asking.wallets),
            n_done=len(self.jobs) - len(self._left) - n_failed,
            n_left=len(self._left) + len(self._coins_left),
            n_questions=self._client.n_questions,
            weight=self._client.weight,
            n_fills=self._steps.n_fills,
            n_flows=self._steps.n_flows,
            n_rates=self._rates.n_rates,
            failed=tuple(self._failed),
            switched_off={step.value: words for step, words in self._switched_off.items()},
        )

    def _ask_rates(self) -> Iterator[AccountProgress]:
        """Ask for what fell due on what the wallets held, of each coin since the first of them."""
        first_ms, end_ms = self._first_held_ms(), self._steps.venue_ms() - TRAIL_MS
        self._coins_left.extend(sorted(first_ms))
        while self._coins_left:
            coin = self._coins_left[0]
            begin_ms = max(first_ms[coin], self._asking.since_ms)
            try:
                if begin_ms // HOUR_MS < end_ms // HOUR_MS:
                    for _ in self._rates.ask(coin, (begin_ms, end_ms)):
                        yield self._progress(coin, Step.RATES)
            except UnknownQuestionError as error:
                self._switch_off(Step.RATES, error)
                self._coins_left.clear()
                return
            except FailedQuestionError as error:
                self._failed.append(_failed_rates(coin, self._clock, error))
            self._coins_left.popleft()

    def _first_held_ms(self) -> dict[str, int]:
        """Return when each perp was first traded by one of the wallets, as far as is known."""
        told = [self._steps.first_fills(wallet) for wallet in self._asking.wallets]
        first_ms: dict[str, int] = {}
        for coin, time_ms in chain.from_iterable(
            known.items() for known in (self._asking.coins, self._first_fills, *told)
        ):
            if is_funded(coin):
                first_ms[coin] = min(time_ms, first_ms.get(coin, time_ms))
        return first_ms

    def _steps_of(self, job: StepLine) -> Iterator[StepLine]:
        try:
            if job.step in self._switched_off:
                raise FailedQuestionError("the venue does not know this question")
            yield from self._steps.run(job)
        except UnknownQuestionError as error:
            self._switch_off(job.step, error)
            yield self._fail(job, str(error))
        except FailedQuestionError as error:
            yield self._fail(job, str(error))

    def _switch_off(self, step: Step, error: UnknownQuestionError) -> None:
        self._switched_off[step] = str(error)
        log.warning("%s is left out from now on: the venue does not know it", step)

    def _fail(self, job: StepLine, reason: str) -> StepLine:
        last = self._files.progress.last(*job.key) or job
        line = replace(last, state=StepState.FAILED, reason=reason)
        self._files.progress.write([line])
        self._failed.append(line)
        return line

    def _finish(self, job: StepLine) -> None:
        self._weight_left -= likely_weight(self._asking, job)
        self._n_left_by_wallet[job.wallet] -= 1
        if not self._n_left_by_wallet[job.wallet]:
            del self._n_left_by_wallet[job.wallet]

    def _progress(self, subject: str, step: Step) -> AccountProgress:
        return AccountProgress(
            wallet=subject,
            step=step,
            n_wallets_done=len(self._asking.wallets) - len(self._n_left_by_wallet),
            n_wallets=len(self._asking.wallets),
            n_fills=self._steps.n_fills,
            weight=self._client.weight,
            weight_left=self._weight_left,
        )


def _failed_rates(coin: str, clock: Clock, error: FailedQuestionError) -> StepLine:
    """Return what is said of a coin; its progress is the ledger's, and it is asked again."""
    now_ms = clock.wall_ns() // 1_000_000
    state, reason = StepState.FAILED, str(error)
    return StepLine(wallet=coin, step=Step.RATES, state=state, at_ms=now_ms, reason=reason)


def _stored(place: Path | DatabaseUrl, jobs: list[StepLine]) -> Stored:
    """Return what is here already of what the jobs ask for."""
    stored = Stored()
    fills = stored_answers(place, "fills", _since(jobs, FILL_STEPS))
    for wallet, rows in fills.items():
        stored.fills[wallet] = FillHistory(FillKey(wallet, *row) for row in rows)
    flows = stored_answers(place, "account_flows", _since(jobs, FLOW_STEPS))
    for wallet, rows in flows.items():
        stored.flows[wallet] = {
            flow_identity(time_ms, hash_, decode_json(delta)) for time_ms, hash_, delta in rows
        }
    asked = {job.wallet: job.at_ms for job in jobs if job.step not in {*FILL_STEPS, *FLOW_STEPS}}
    for wallet, rows in stored_answers(place, "account_states", asked).items():
        stored.states |= {(wallet, kind, dex): role for kind, dex, role in rows}
    return stored


def _since(jobs: list[StepLine], steps: frozenset[Step]) -> dict[str, int]:
    since: dict[str, int] = {}
    for job in jobs:
        if job.step in steps:
            since[job.wallet] = min(job.since_ms, since.get(job.wallet, job.since_ms))
    return since
