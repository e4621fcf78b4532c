"""One run of live: the tape read, the desk fed, what it says written and sent."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from pathlib import Path

from hypertrack.clock import Clock
from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.live.actions import ActionFinder
from hypertrack.live.board import ProfileChange
from hypertrack.live.chain import Chain
from hypertrack.live.checkpoint import LiveState
from hypertrack.live.desk import Desk
from hypertrack.live.gap_book import GapBook
from hypertrack.live.known_wallets import KnownWallets
from hypertrack.live.newsroom import Newsroom, Outlet
from hypertrack.live.paper_desk import Contacts, PaperDesk
from hypertrack.live.paper_opening import open_paper
from hypertrack.live.positions import Key, Positions, ToldPositions
from hypertrack.live.profile_events import profile_events
from hypertrack.live.rules import Event, Rules
from hypertrack.live.signals import Market, Signals
from hypertrack.live.watching import Watchlists
from hypertrack.records import Action, TapeTrade
from hypertrack.store.reading.answer_tape import AccountSeen
from hypertrack.store.reading.followed import Followed

log = logging.getLogger(__name__)

ANSWER_SETTLE_NS = 2_000_000_000
"""So long after its receipt an answer is in force: it has been written by then, so that whoever
reads the finished dataset takes it before the very same trade."""

MOST_AHEAD_MS = 60_000
"""So far may an answer's time lie ahead of a trade that was received later, which may be late. Of a
time to come an account would be known for ever, whatever is missed until then."""


@dataclass(frozen=True)
class Beginning:
    """From when on a tape is followed, and what was known by then.

    Attributes:
        paper_since_ms: From when on actions are followed on paper, where that is begun now.
        saved: What was held in mind when the tape had come to where it begins now; None to begin
            anew.
    """

    since_ms: int
    told: ToldPositions | None = None
    paper_since_ms: int = 0
    saved: LiveState | None = None


@dataclass(frozen=True)
class LivePlaces:
    """What live reads and writes.

    Attributes:
        source: The dataset.
        profiles: In force; the file may come later, or change.
        signals: The chained signals.
        paper: The chained log of following on paper; it is kept where there is a capital.
    """

    source: Followed
    profiles: Path
    signals: Path
    paper: Path | None = None


class LiveSession:
    """Follows a folder from a time on; what it says depends on what is on disk alone.

    Args:
        on_line: Called with the line of each signal, once it is on the disk.

    Attributes:
        n_withheld: Signals that were not made, since the position was awaited.
    """

    def __init__(
        self,
        settings: Settings,
        places: LivePlaces,
        beginning: Beginning,
        outlet: Outlet,
        clock: Clock,
        on_line: Callable[[bytes], None],
    ):
        self._places, self._settings = places, settings
        self._known = KnownWallets(settings.copy.delay_s)
        self._watchlists = Watchlists(settings.watchlists, self._known)
        self._positions = Positions(beginning.told, beginning.since_ms)
        self._finder = ActionFinder(settings.live, self._positions)
        self._chain = Chain(places.signals)
        signals = Signals(self._chain, settings.follow, settings.venue.network, self._known)
        self.newsroom = Newsroom(
            signals, Rules(settings.alerts), outlet, clock, settings.follow, on_line
        )
        self._desk = Desk(self._finder, self._watchlists, settings, self._known, self._act)
        self._paper: PaperDesk | None = None
        if places.paper is not None and settings.follow.capital_usd is not None:
            since_ms = max(beginning.since_ms, beginning.paper_since_ms)
            contacts = Contacts(signals.is_leader, self._tell_paper)
            self._paper = open_paper(settings, places.paper, places.profiles, since_ms, contacts)
        self._is_adopting = settings.follow.adopt
        self._gaps = GapBook(beginning.since_ms)
        self._tape = places.source.tape
        self._since_ms = beginning.since_ms
        self._answers = deque[AccountSeen]()
        self.n_trades = 0
        self.n_withheld = 0
        self.is_caught_up = False
        if beginning.saved is not None:
            self._go_on(beginning.saved)

    @property
    def watermark_ms(self) -> int | None:
        """Return the exchange time up to which everything was told."""
        return self._finder.watermark_ms

    @property
    def n_late(self) -> int:
        """Return how many trades came behind the watermark."""
        return self._finder.n_late

    @property
    def n_unread(self) -> int:
        """Return how many lines no reader takes."""
        return self._tape.n_unread

    def read_history(
        self, stop: threading.Event | None = None, *, is_growing: bool = False
    ) -> None:
        """Take what the dataset holds, until told to stop.

        Args:
            is_growing: Its newest moment is left to `poll`.
        """
        if self._paper is not None:
            for _, event in self._paper.recalled:
                self.newsroom.recall(self._with_leader(event))
            self._paper.recalled = []
        for batch in self._tape.history(is_growing=is_growing):
            if stop is not None and stop.is_set():
                return
            self._take(batch)
        self.is_caught_up = True

    def state(self) -> LiveState:
        """Return what is held in mind, to be written down before anything else is taken."""
        return LiveState(
            since_ms=self._since_ms,
            tape=self._tape.place(),
            n_trades=self.n_trades,
            finder=self._finder.state(),
            desk=self._desk.state(),
            gaps=self._gaps.state(),
            limits=self.newsroom.rules.state(),
            verdicts=self._known.verdicts(),
            paper=None if self._paper is None else self._paper.pending(),
        )

    def poll(self) -> None:
        """Take what was added since the last call."""
        self._take(self._tape.poll())

    def look(self) -> None:
        """Read what else may have changed: profiles, watchlists, the ledger.

        What cannot be read, such as a list in the middle of an edit, is logged once; what was known
        stays in force.
        """
        try:
            changes = self._known.read_if_changed(self._places.profiles)
        except DatasetError as error:  # half of a copy, another version: what is known stays
            log.warning("profiles are not taken: %s", error)
            changes = []
        try:
            self._watchlists.read_changed_files()
        except ConfigError as error:
            log.warning("a watchlist is not taken: %s", error)
        for change in changes:
            now_ms = self._finder.watermark_ms or 0
            self.newsroom.tell(self._desk.verdict_changed(change.wallet, change.before, now_ms))
        self.newsroom.send()
        self._gaps.learn(self._places.source.changed_ledger())

    def awaited(self) -> Collection[Key]:
        """Return the positions that the venue is to tell after a gap; until then no signal is."""
        return self._finder.awaited()

    def watched(self) -> frozenset[str]:
        """Return who is measured first: leaders, and whom a list watches."""
        by_verdict = {verdict for one in self._settings.watchlists for verdict in one.verdicts}
        by_verdict |= set(self._settings.follow.verdicts)
        leaders = map(str.lower, self._settings.follow.leaders)
        return self._watchlists.listed() | {*leaders, *self._known.judged(by_verdict)}

    def tell_change(self, change: ProfileChange, earned: Collection[str]) -> None:
        """Tell what has changed in a profile.

        Args:
            earned: Scores that have earned weight.
        """
        of_wallet = self._desk.of_wallet(change.wallet)
        for event in profile_events(change, of_wallet, self._settings.live, earned):
            self.newsroom.tell(event)
        self.newsroom.send()

    def close(self) -> None:
        """Close the files."""
        self._places.source.close()
        self._chain.close()
        if self._paper is not None:
            self._paper.close()

    def settle_paper(self) -> None:
        """Follow on paper all that was taken: nothing more is written."""
        if self._paper is not None:
            self._paper.settle(is_finished=True)

    def _go_on(self, saved: LiveState) -> None:
        """Take what was held in mind before a restart."""
        self.n_trades = saved.n_trades
        self._finder.go_on(saved.finder)
        self._desk.go_on(saved.desk)
        self._gaps.go_on(saved.gaps)
        self.newsroom.rules.go_on(saved.limits)
        self._known.go_on(saved.verdicts)
        if self._paper is None or saved.paper is None:
            return
        since_ms = self._paper.state.since_ms
        if saved.paper.since_ms == since_ms:
            self._paper.go_on(saved.paper)
            self._is_adopting &= saved.paper.read_ms < since_ms

    def _act(self, action: Action, market: Market) -> None:
        if not self._finder.is_awaited((action.wallet, action.coin)):
            self.newsroom.act(action, market)
        elif self.newsroom.is_wanted(action):
            self.n_withheld += 1
        if self._paper is not None:
            self._paper.act(action, market.decimals[0])

    def _tell_paper(self, events: list[Event]) -> None:
        for event in events:
            self.newsroom.tell(self._with_leader(event))
        self.newsroom.send()

    def _with_leader(self, event: Event) -> Event:
        leader = event.fields.get("wallet")
        return event if leader is None else event.beside(self._desk.of_wallet(leader))

    def _take(self, trades: list[TapeTrade]) -> None:
        if self._paper is not None:
            self._paper.settle()
        if found := self._places.source.answers():
            self._answers = deque(sorted([*self._answers, *found], key=attrgetter("received_ns")))
        for trade in trades:
            if self._paper is not None:
                self._adopt_if_due(self._paper, trade)
                self._paper.trade(trade)
            for event in chain(self._missed(trade), self._answered(trade), self._desk.trade(trade)):
                self.newsroom.tell(event)
        self.newsroom.send()
        self.n_trades += len(trades)

    def _adopt_if_due(self, paper: PaperDesk, trade: TapeTrade) -> None:
        """Let paper enter what leaders hold by now, where it begins with a trade."""
        if self._is_adopting and trade.time_ms >= paper.state.since_ms:
            self._is_adopting = False
            for coin, of_coin in self._positions.by_coin().items():
                paper.adopt({(wallet, coin): held.size for wallet, held in of_coin.items()})

    def _missed(self, trade: TapeTrade) -> Iterator[Event]:
        """Take note of the gaps that lie before a trade."""
        for gap in self._gaps.due(trade):
            yield from self._desk.gap(gap, self.watched())
            if self._paper is not None:
                self._paper.gap(gap)

    def _answered(self, trade: TapeTrade) -> Iterator[Event]:
        """Take the answers of the venue that are in force when a trade is received."""
        while self._answers and self._answers[0].received_ns + ANSWER_SETTLE_NS < trade.received_ns:
            seen = self._answers.popleft()
            if seen.time_ms > trade.time_ms + MOST_AHEAD_MS:
                log.warning("an answer about %s is of a time to come: left out", seen.wallet)
            else:
                yield from self._desk.answered(seen)
