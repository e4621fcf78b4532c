"""The book-keeper of following on paper: actions come in, steps of the log go out."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from heapq import heappop, heappush
from itertools import count

from hypertrack.live.chain import Chain, Link
from hypertrack.live.desk import Gap
from hypertrack.live.paper_state import PRECISION, PaperState, StepKey, key_of
from hypertrack.live.paper_steps import LEADERS, ActionTold, StepMaker
from hypertrack.records import (
    HOUR_MS,
    Action,
    FollowStep,
    StepKind,
    TapeTrade,
    replace,
)
from hypertrack.store.reading.answer_tape import AccountSeen, AnswerTape
from hypertrack.store.reading.recorded_moments import Moment


@dataclass(frozen=True)
class _Tick:
    """The tape has come so far."""

    received_ns: int
    newest_ms: int


Due = ActionTold | AccountSeen | Gap | StepKind
"""What happens at its time; an hour and a stop are told by their kind alone."""


class PaperDesk:
    """Follows leaders on paper, and keeps its log.

    What it writes depends on what is on the disk alone: each step is taken when the watermark has
    passed its time, at prices as of that time that had been received by then. What came since the
    last `settle` waits for the next one, so that the other feeds' lines of the same moment have
    been written meanwhile. Steps that the log holds are not taken again.

    Args:
        state: Of the log.
        is_leader: Whether a wallet is followed now.
        lateness_ms: As live waits for what comes late.
    """

    def __init__(
        self,
        state: PaperState,
        chain: Chain,
        maker: StepMaker,
        answers: AnswerTape,
        is_leader: Callable[[str], bool],
        lateness_ms: int,
    ):
        self.state = state
        self._chain = chain
        self._maker = maker
        self._answers = answers
        self._is_leader = is_leader
        self._lateness_ms = lateness_ms
        self._followed = {wallet for each in state.portfolios for wallet in each.wallets}
        self._followed |= {wallet for wallet, _ in state.portfolios[LEADERS].holdings}
        self._inbox: list[_Tick | ActionTold | Gap] = []
        self._heap: list[tuple[StepKey, int, Due]] = []
        self._nth = count()
        self._newest_ms = -1
        self._read_ms = -1
        self._waiting: list[AccountSeen] = []
        self._push_hour((state.since_ms // HOUR_MS + 1) * HOUR_MS)
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

    def settle(self) -> None:
        """Take the steps that fell due by what came before this call.

        Raises:
            OSError: The disk is full, or broken; nothing is half written.
        """
        if not self._inbox:
            return
        self._waiting += self._answers.poll()
        self._waiting.sort(key=lambda seen: seen.received_ns)
        items, self._inbox = self._inbox, []
        with localcontext(prec=PRECISION):
            for item in items:
                self._take(item)

    def close(self) -> None:
        """Close the files."""
        self._maker.close()
        self._chain.close()

    def _take(self, item: _Tick | ActionTold | Gap) -> None:
        if isinstance(item, _Tick):
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
            seen = self._waiting.pop(0)
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

        self._chain.add(step.id, linked)
        self.state.take(step)

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
