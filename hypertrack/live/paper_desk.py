"""The book-keeper of following on paper: actions come in, steps of the log go out."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from heapq import heappop, heappush
from itertools import count
from operator import attrgetter, itemgetter

from hypertrack.live.chain import Chain, Link
from hypertrack.live.desk import Gap
from hypertrack.live.paper_events import take_step
from hypertrack.live.paper_state import PRECISION, PaperState, StepKey, key_of
from hypertrack.live.paper_steps import LEADERS, ActionTold, StepMaker
from hypertrack.live.rules import Event
from hypertrack.records import (
    HOUR_MS,
    Action,
    FollowStep,
    Record,
    StepKind,
    TapeTrade,
    replace,
)
from hypertrack.store.reading.answer_tape import AccountSeen, AnswerTape
from hypertrack.store.reading.recorded_moments import Moment


class _Tick(Record, frozen=True, tag=True):
    """The tape has come so far."""

    received_ns: int
    newest_ms: int


Came = _Tick | ActionTold | Gap

Due = ActionTold | AccountSeen | Gap | StepKind
"""What happens at its time; an hour and a stop are told by their kind alone."""


class PaperPending(Record, frozen=True, kw_only=True):
    """What came and is in no step of the log yet.

    Attributes:
        since_ms: Of the log.
        key: Of its last step.
        n_answers: States of accounts that were read.
    """

    since_ms: int
    key: StepKey
    came: list[Came]
    due: list[tuple[StepKey, Due]]
    newest_ms: int
    read_ms: int
    followed: set[str]
    answers: list[AccountSeen]
    n_answers: int


SYNC_STEPS = 64
"""Written at once: a disk takes as long for one."""


@dataclass(frozen=True)
class Contacts:
    """Whom a desk asks, and whom it tells.

    Attributes:
        is_leader: Whether a wallet is followed now.
        tell: Called with what steps did, before they are on the disk: told, and then killed, they
            are taken again, and told again under the same ids.
    """

    is_leader: Callable[[str], bool]
    tell: Callable[[list[Event]], None]


class PaperDesk:
    """Follows leaders on paper, and keeps its log.

    What it writes depends on what is on the disk alone: each step is taken when the watermark has
    passed its time, at prices as of that time that had been received by then. What came waits for
    the second `settle` after it, so that the other feeds' lines of the same moment have been
    written meanwhile: a recorder writes each feed every tenth of a second. Steps that the log
    holds are not taken again.

    Args:
        state: Of the log.
        lateness_ms: As live waits for what comes late.

    Attributes:
        recalled: What was told before a restart that whoever goes on with it does not know of, each
            with the key of its step.
    """

    def __init__(
        self,
        state: PaperState,
        chain: Chain,
        maker: StepMaker,
        answers: AnswerTape,
        contacts: Contacts,
        lateness_ms: int,
    ):
        self.state = state
        self.recalled: list[tuple[StepKey, Event]] = []
        self._chain = chain
        self._maker = maker
        self._answers = answers
        self._is_leader, self._tell = contacts.is_leader, contacts.tell
        self._events: list[Event] = []
        self._lateness_ms = lateness_ms
        self._followed = {wallet for each in state.portfolios for wallet in each.wallets}
        self._followed |= {wallet for wallet, _ in state.portfolios[LEADERS].holdings}
        self._inbox: list[Came] = []
        self._ripe: list[Came] = []
        self._heap: list[tuple[StepKey, int, Due]] = []
        self._nth = count()
        self._newest_ms = -1
        self._n_prepared = 0
        self._read_ms = -1
        self._waiting = deque[AccountSeen]()
        self._push_stops()

    def pending(self) -> PaperPending:
        """Return what came and is in no step yet, to be written down before more comes."""
        return PaperPending(
            since_ms=self.state.since_ms,
            key=self.state.key,
            came=self._ripe + self._inbox,
            due=[(key, due) for key, _, due in sorted(self._heap, key=itemgetter(0, 1))],
            newest_ms=self._newest_ms,
            read_ms=self._read_ms,
            followed=self._followed,
            answers=list(self._waiting),
            n_answers=self._answers.n_read,
        )

    def go_on(self, pending: PaperPending) -> None:
        """Take what had come before a restart; the log may have gone on since."""
        self.recalled = [one for one in self.recalled if one[0] > pending.key]
        self._inbox, self._heap = pending.came, []
        for key, due in pending.due:
            self._push(key, due)
        self._newest_ms, self._read_ms = pending.newest_ms, pending.read_ms
        self._followed |= pending.followed
        self._waiting = deque(pending.answers + self._answers.poll()[pending.n_answers :])
        self._push_stops()

    def trade(self, trade: TapeTrade) -> None:
        """Take note of a trade, before the actions that it completes."""
        if trade.time_ms > self._read_ms:
            self._read_ms = trade.time_ms
            self._inbox.append(_Tick(trade.received_ns, trade.time_ms))

    def act(self, action: Action, decimals: int) -> None:
        """Take an action of anybody.

        Args:
            decimals: Of the coin's sizes.
        """
        if action.first_ms < self.state.since_ms:
            return
        is_leader = self._is_leader(action.wallet)
        if is_leader:  # from now on: what was opened after him is closed after him
            self._followed.add(action.wallet)
        if action.wallet in self._followed:
            self._inbox.append(ActionTold(action, decimals, is_leader))

    def gap(self, gap: Gap) -> None:
        """Take note of trades that were missed."""
        self._inbox.append(gap)

    def adopt(self, told: Mapping[tuple[str, str], Decimal]) -> None:
        """Enter what leaders held when following began."""
        since_ms = self.state.since_ms
        for (wallet, coin), size in sorted(told.items()):
            if size and self._is_leader(wallet):
                dex = coin.rpartition(":")[0]
                self._push_account(
                    AccountSeen(
                        wallet=wallet,
                        dex=dex,
                        time_ms=since_ms,
                        received_ns=since_ms * 1_000_000,
                        equity_usd=None,
                        sizes={coin: size},
                    ),
                    f"{coin}:adopted",
                )

    def settle(self, *, is_finished: bool = False) -> None:
        """Take the steps that fell due by what came before the last call.

        Args:
            is_finished: Nothing of what came is still being written: all of it is taken.

        Raises:
            OSError: The disk is full, or broken; nothing is half written.
        """
        items, self._ripe, self._inbox = self._ripe, self._inbox, []
        if is_finished:
            items, self._ripe = items + self._ripe, []
        if not items:
            return
        if found := self._answers.poll():
            self._waiting = deque(sorted([*self._waiting, *found], key=attrgetter("received_ns")))
        with localcontext(prec=PRECISION):
            for item in items:
                self._take(item)
        self._commit()

    def close(self) -> None:
        """Close the files."""
        self._maker.close()
        self._chain.close()

    def _take(self, item: Came) -> None:
        if isinstance(item, _Tick):
            if self._newest_ms < 0:  # hours before the first trade were nobody's
                begun_ms = max(self.state.since_ms, item.newest_ms)
                self._push_hour((begun_ms // HOUR_MS + 1) * HOUR_MS)
            self._newest_ms = item.newest_ms
            self._take_answers(item.received_ns)
            self._take_due(item)
        elif isinstance(item, Gap):
            key = key_of(StepKind.GAP, self._newest_ms, f"{item.coin}:{item.start_ms}")
            self._push(key, item)
        else:
            # Told later than the delay, nobody could have traded before it was told.
            at_ms = max(item.action.action_ms + self.state.terms.delay_ms, self._newest_ms)
            self._push(key_of(StepKind.ACTION, at_ms, item.action.id), item)

    def _take_answers(self, received_ns: int) -> None:
        while self._waiting and self._waiting[0].received_ns <= received_ns:
            seen = self._waiting.popleft()
            if self._is_leader(seen.wallet) or self._maker.is_known(seen.wallet):
                self._push_account(seen, seen.dex)

    def _take_due(self, tick: _Tick) -> None:
        watermark_ms = tick.newest_ms - self._lateness_ms
        while self._heap and self._heap[0][0][0] <= watermark_ms:
            key, _, due = heappop(self._heap)
            if due is StepKind.HOUR:
                self._push_hour(key[0] + HOUR_MS)
            if key > self.state.key:
                step = self._maker.step(key, due, Moment(key[0], tick.received_ns))
                if step is not None:
                    self._write(step)
                    self._push_stops()

    def _write(self, step: FollowStep) -> None:
        def linked(link: Link) -> FollowStep:
            return replace(step, seq=link.seq, prev=link.prev)

        self._chain.prepare(step.id, linked)
        self._events += take_step(self.state, step)
        self._n_prepared += 1
        if self._n_prepared % SYNC_STEPS == 0:  # of a long history what is done is kept
            self._commit()

    def _commit(self) -> None:
        if self._events:
            self._tell(self._events)
            self._events = []
        self._chain.commit()

    def _push_stops(self) -> None:
        """Let portfolios that were stopped close what they hold, a delay later."""
        for portfolio in self.state.portfolios:
            if portfolio.stopped_ms is not None:
                at_ms = portfolio.stopped_ms + self.state.terms.delay_ms
                key = key_of(StepKind.STOP, at_ms, f"stop:{portfolio.name}")
                if key > self.state.key and key not in self._stops():
                    self._push(key, StepKind.STOP)

    def _stops(self) -> Iterator[StepKey]:
        return (key for key, _, due in self._heap if due is StepKind.STOP)

    def _push_account(self, seen: AccountSeen, what: str) -> None:
        at_ms = max(seen.time_ms + self.state.terms.delay_ms, self._newest_ms)
        self._push(key_of(StepKind.ACCOUNT, at_ms, f"{seen.wallet}:{what}:{seen.time_ms}"), seen)

    def _push_hour(self, at_ms: int) -> None:
        self._push(key_of(StepKind.HOUR, at_ms, f"hour:{at_ms}"), StepKind.HOUR)

    def _push(self, key: StepKey, due: Due) -> None:
        heappush(self._heap, (key, next(self._nth), due))
