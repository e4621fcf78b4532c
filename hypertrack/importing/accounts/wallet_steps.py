"""The steps of asking about one wallet: what is asked, and what becomes of the answers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hypertrack.clock import Clock
from hypertrack.feeds.account_client import (
    AccountClient,
    FailedQuestionError,
    Reply,
    UnknownQuestionError,
)
from hypertrack.feeds.account_questions import (
    Flow,
    Request,
    Step,
    TwapFill,
    fills_request,
    forward_request,
)
from hypertrack.importing.accounts.answer_files import (
    FILLS,
    FLOWS,
    AnswerFiles,
    answer_line,
    item_line,
    without_user,
)
from hypertrack.importing.accounts.asking import Asking
from hypertrack.importing.accounts.fill_history import FillHistory
from hypertrack.importing.accounts.fill_pages import Pages
from hypertrack.importing.accounts.step_progress import StepLine, StepState
from hypertrack.importing.line_reader import UNREADABLE
from hypertrack.importing.pairing import WalletFill, wallet_fill
from hypertrack.records import (
    MIN_TIME_MS,
    CoverageCause,
    RawJson,
    decode_json,
    encode_json,
    json_decoder,
    replace,
)
from hypertrack.store.files.layout import FILLS_NAME, FLOWS_NAME, STATES_NAME

TRAIL_MS = 10_000
"""REST may trail the venue's clock by so much: what an answer says of later is not complete."""

CLOCK_AGE_NS = 60_000_000_000
"""After so long the venue is asked for its time again."""

FILL_KINDS = {Step.FILLS: "userFillsByTime", Step.TWAP: "userTwapSliceFillsByTime"}
STATE_KINDS = {Step.PORTFOLIO: "portfolio", Step.SPOT: "spotClearinghouseState"}
FLOW_KINDS = {Step.FLOWS: "userNonFundingLedgerUpdates", Step.FUNDING: "userFunding"}

FlowKey = tuple[int, str | None, bytes]
"""What tells flows apart: time, hash, and what changed."""

_flow = json_decoder(Flow)
_raws = json_decoder(list[RawJson])


class Stored:
    """What is here already of what is asked for.

    Attributes:
        fills: By wallet.
        flows: By wallet.
        states: By whose, type and dex: answers that came since they were asked for, and the role
            that they tell.
    """

    def __init__(self) -> None:
        self.fills: dict[str, FillHistory] = {}
        self.flows: dict[str, set[FlowKey]] = {}
        self.states: dict[tuple[str, str, str], str | None] = {}

    def history(self, wallet: str) -> FillHistory:
        """Return what is known of a wallet's fills."""
        return self.fills.setdefault(wallet, FillHistory())


class WalletSteps:
    """Asks and stores, step by step; each step yields the lines of its progress, written.

    Attributes:
        n_fills: New ones.
        n_flows: New ones.
    """

    def __init__(
        self,
        client: AccountClient,
        files: AnswerFiles,
        asking: Asking,
        stored: Stored,
        clock: Clock,
    ):
        self.n_fills = 0
        self.n_flows = 0
        self._client = client
        self._files = files
        self._asking = asking
        self._stored = stored
        self._clock = clock
        self._venue_time: tuple[int, int] | None = None
        """The venue's time, ms, and when it said so, ns."""
        self._can_reverse = dict.fromkeys(FILL_KINDS.values(), True)

    def run(self, job: StepLine) -> Iterator[StepLine]:
        """Do a job, or what is left of it.

        Raises:
            UnknownQuestionError: The venue does not know the step.
            FailedQuestionError: It did not answer it for this wallet.
        """
        steps: Mapping[Step, Callable[[StepLine], Iterator[StepLine]]] = {
            Step.POSITIONS: self._positions,
            Step.FILLS: self._fills,
            Step.TWAP: self._slices,
            Step.PORTFOLIO: self._state,
            Step.SPOT: self._state,
            Step.FLOWS: self._flows,
            Step.ROLE: self._role,
            Step.FUNDING: self._flows,
        }
        yield from steps[job.step](job)

    def first_fills(self, wallet: str) -> dict[str, int]:
        """Return, by coin, when the oldest of a wallet's fills was that this run knows."""
        return self._stored.history(wallet).first_ms_by_coin

    def _positions(self, job: StepLine) -> Iterator[StepLine]:
        failure: FailedQuestionError | None = None
        for dex in ("", *self._asking.dexes.get(job.wallet, ())):
            request = {"type": "clearinghouseState", "user": job.wallet, "dex": dex}
            try:
                reply = self._keep_state(job.wallet, request)
            except FailedQuestionError as error:  # the other dexes may answer
                failure = error
                continue
            if reply is not None and reply.value.time is not None:
                self._venue_time = (reply.value.time, reply.received_ns)
        if failure is not None:
            raise failure
        yield self._done(job)

    def _state(self, job: StepLine) -> Iterator[StepLine]:
        self._keep_state(job.wallet, {"type": STATE_KINDS[job.step], "user": job.wallet})
        yield self._done(job)

    def _role(self, job: StepLine) -> Iterator[StepLine]:
        user = job.wallet
        role = self._stored.states.get((user, "userRole", ""))
        if role is None:
            request = {"type": "userRole", "user": user}
            reply = self._client.ask(request)
            self._files.add(STATES_NAME, [answer_line(user, request, reply)])
            role = reply.value.role
        if role == "vault":
            self._keep_state(user, {"type": "vaultDetails", "vaultAddress": user})
        elif role == "user":
            self._keep_state(user, {"type": "subAccounts2", "user": user})
        yield self._done(job)

    def _keep_state(self, user: str, request: Request) -> Reply | None:
        """Ask and store, unless that was done before we were killed."""
        if (user, str(request["type"]), str(request.get("dex", ""))) in self._stored.states:
            return None
        reply = self._client.ask(request)
        self._files.add(STATES_NAME, [answer_line(user, request, reply)])
        return reply

    def _slices(self, job: StepLine) -> Iterator[StepLine]:
        """Ask for slices of TWAPs, where the tape has some that the fills lack."""
        told = self._stored.history(job.wallet).trades
        if self._asking.slices[job.wallet] <= told:
            yield self._done(job)
        else:
            yield from self._fills(job)

    def _fills(self, job: StepLine) -> Iterator[StepLine]:
        history, kind = self._stored.history(job.wallet), FILL_KINDS[job.step]
        end_ms = job.end_ms or self.venue_ms() - TRAIL_MS
        pages = Pages(job.since_ms, job.cursor_ms, is_reversed=self._can_reverse[kind])
        while not pages.is_over:
            new = self._page(job.wallet, kind, pages)
            job = replace(
                job,
                state=StepState.PAGE,
                cursor_ms=pages.cursor_ms,
                end_ms=end_ms,
                n_items=job.n_items + new,
            )
            if not pages.is_over:
                self._files.progress.write([job])
                yield job
        self._can_reverse[kind] &= pages.is_reversed
        if job.step is Step.FILLS:
            job = self._counted_again(job, history, pages)
            job = self._observed(job, history, pages)
        yield self._done(replace(job, newest_ms=history.newest_ms or job.newest_ms))

    def _counted_again(self, job: StepLine, history: FillHistory, pages: Pages) -> StepLine:
        """Ask for what happened while the pages were read, if that may tell why they begin there.

        Each fill that came meanwhile pushed at most one out: fewer than the venue's limit, with
        these, are all that there ever were.
        """
        is_first = job.newest_ms is None and pages.is_reversed
        if not (is_first and history.may_be_cut and history.newest_ms):
            return job
        since_newest = Pages(history.newest_ms, is_reversed=False)
        new = self._page(job.wallet, FILL_KINDS[job.step], since_newest)
        return replace(job, n_items=job.n_items + new)

    def _page(self, wallet: str, kind: str, pages: Pages) -> int:
        """Ask for the next page and store what is new of it; return how much that is."""
        request = self._page_request(wallet, kind, pages)
        try:
            reply = self._client.ask(request)
        except UnknownQuestionError:
            if not pages.is_reversed:
                raise
            pages.is_reversed, pages.cursor_ms = False, None
            return 0
        raws = _fills_in(kind, reply)
        fills = self._readable(wallet, raws, without_user(request), reply.received_ns)
        history = self._stored.history(wallet)
        new = [fill for fill in fills if history.add(fill.key)]
        self._files.add(FILLS_NAME, [fill.line() for fill in new])
        self.n_fills += len(new)
        pages.take([fill.fill.time for fill in fills], len(raws))
        return len(new)

    def _page_request(self, wallet: str, kind: str, pages: Pages) -> Request:
        if pages.is_reversed:
            return fills_request(wallet, kind, pages.start_ms, pages.cursor_ms)
        return forward_request(wallet, kind, pages.cursor_ms or pages.start_ms)

    def _readable(
        self, wallet: str, raws: Sequence[RawJson], request: Request, received_ns: int
    ) -> list[WalletFill]:
        fills = []
        for raw in raws:
            try:
                fills.append(wallet_fill(wallet, raw, received_ns, request))
            except UNREADABLE as error:
                self._files.quarantine(raw, f"fill of {wallet}: {error}")
        return fills

    def _observed(self, job: StepLine, history: FillHistory, pages: Pages) -> StepLine:
        """Write down since when and until when the fills are complete."""
        newest_ms, stream = history.newest_ms, f"{FILLS}:{job.wallet}"
        end_ms = max(0 if newest_ms is None else newest_ms + 1, job.end_ms or 0)
        if job.newest_ms is not None and (pages.oldest_ms or end_ms) <= job.newest_ms:
            # It meets what was stored before, which says since when the whole is complete.
            begun_ms = max(job.since_ms, job.start_ms or 0)
            self._files.observe(stream, (begun_ms, end_ms), None, pages.holes)
            return replace(job, end_ms=end_ms)
        is_more = job.newest_ms is not None
        cause = CoverageCause.LIMIT if is_more else history.cause(job.since_ms)
        start_ms = history.oldest_ms or job.since_ms or MIN_TIME_MS
        if is_more:
            start_ms = pages.oldest_ms or end_ms
        elif cause is CoverageCause.SINCE:
            start_ms = job.since_ms
        self._files.observe(stream, (min(start_ms, end_ms), end_ms), cause, pages.holes)
        return replace(
            job,
            start_ms=start_ms,
            end_ms=end_ms,
            cause=cause and cause.value,
            came_in=history.came_in(),
        )

    def _flows(self, job: StepLine) -> Iterator[StepLine]:
        kind, known = FLOW_KINDS[job.step], self._stored.flows.setdefault(job.wallet, set())
        end_ms = job.end_ms or self.venue_ms() - TRAIL_MS
        pages = Pages(job.since_ms, job.cursor_ms, is_reversed=False)
        while not pages.is_over:
            request = forward_request(job.wallet, kind, pages.cursor_ms or pages.start_ms)
            reply = self._client.ask(request)
            times_ms, lines = [], []
            for raw in reply.value:
                try:
                    key = flow_key(raw)
                except UNREADABLE as error:
                    self._files.quarantine(raw, f"flow of {job.wallet}: {error}")
                    continue
                times_ms.append(key[0])
                if key not in known:
                    known.add(key)
                    lines.append(item_line(job.wallet, request, reply, raw))
            self._files.add(FLOWS_NAME, lines)
            self.n_flows += len(lines)
            pages.take(times_ms, len(reply.value))
            job = replace(
                job,
                state=StepState.PAGE,
                cursor_ms=pages.cursor_ms,
                n_items=job.n_items + len(lines),
                end_ms=end_ms,
                newest_ms=max([*times_ms, job.newest_ms or 0]) or None,
            )
            if not pages.is_over:
                self._files.progress.write([job])
                yield job
        if job.step is Step.FLOWS:
            self._files.observe(f"{FLOWS}:{job.wallet}", (job.since_ms or MIN_TIME_MS, end_ms))
        yield self._done(job)

    def _done(self, job: StepLine) -> StepLine:
        line = replace(job, state=StepState.DONE, cursor_ms=None)
        self._files.progress.write([line])
        return line

    def venue_ms(self) -> int:
        """Return a time that it is at the venue by now."""
        now_ns = self._clock.wall_ns()
        if self._venue_time is None or now_ns - self._venue_time[1] > CLOCK_AGE_NS:
            try:
                reply = self._client.ask({"type": "exchangeStatus"})
            except (UnknownQuestionError, FailedQuestionError):
                return now_ns // 1_000_000
            self._venue_time = (reply.value.time, reply.received_ns)
        return self._venue_time[0]


def flow_key(raw: RawJson | bytes) -> FlowKey:
    """Return what tells a flow from others.

    Raises:
        JsonError: It is none.
    """
    flow = _flow.decode(raw)
    return flow_identity(flow.time, decode_json(raw, dict[str, Any]).get("hash"), flow.delta)


def flow_identity(time_ms: int, hash_: str | None, delta: Mapping[str, Any]) -> FlowKey:
    """Return what tells a flow from others: all that it says, in whatever order."""
    return time_ms, hash_, encode_json(sorted(delta.items()))


def _fills_in(kind: str, reply: Reply) -> list[RawJson]:
    """Return the fills of an answer; slices of a TWAP with the number of the TWAP in them."""
    if kind == FILL_KINDS[Step.FILLS]:
        return list(reply.value)
    return [_with_twap_id(each) for each in reply.value]


def _with_twap_id(slice_: TwapFill) -> RawJson:
    fill = decode_json(slice_.fill, dict[str, Any])
    return RawJson(encode_json({**fill, "twapId": fill.get("twapId") or slice_.twap_id}))
