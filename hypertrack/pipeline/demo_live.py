"""The live demo: an exchange at many times the speed of time, recorded, told and followed."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hypertrack.config import AlertSettings, Settings, SinkSettings
from hypertrack.errors import HypertrackError, NotEnoughDataError
from hypertrack.pipeline.demo import write_settings
from hypertrack.pipeline.demo_exchange import demo_exchange
from hypertrack.pipeline.demo_judge import DemoJudge
from hypertrack.pipeline.follow import follow_result
from hypertrack.pipeline.live_process import LiveProcess
from hypertrack.pipeline.record import plan, record
from hypertrack.pipeline.serve import serve
from hypertrack.pipeline.signals import verify
from hypertrack.pipeline.simulate import NOTICE
from hypertrack.records import HOUR_MS, Feed, ProfileSet, Record, RecordingStatus, Verdict

log = logging.getLogger(__name__)

FEEDS = (Feed.TRADES, Feed.BBO, Feed.L2BOOK, Feed.CONTEXTS)

SPEED = 60.0
BEGINS_S = 5.0
"""Of the recording, until leaders are chosen: five minutes of the market."""

N_LEADERS = 5
TAKEN = range(5, 50)
"""Trades of a leader by then, of which at least nine tenths crossed: resting cannot be copied."""

MOST_WAITS = 15
"""Of two seconds each, at the end, for what is still to be told."""

MARKET = {
    "speed": SPEED,
    "history_hours": 0.25,
    "wallets": 120,
    "coins": 4,
    "trades_per_second": 5.0,
}
CAPITAL = {"capital_usd": 10_000.0, "notional_usd": 500.0, "to": ("demo",)}
ALERT = {"name": "paper opens", "on": "follow.opened", "to": ("demo",)}

OnProgress = Callable[[str, float, str], None]
"""Called with a stage, the part of it that is done (0 to 1), and a detail."""


class LiveDemoResult(Record, frozen=True, kw_only=True):
    """What happened in a live demo."""

    config: str
    """Settings file by which other commands find all this, from anywhere."""
    leaders: tuple[str, ...]
    n_recorded: int
    n_signals: int
    n_alerts: int
    """Of positions that were opened on paper."""
    n_delivered: int
    """Of both, to the receiver on this machine."""
    judged_h: float
    """Of the market, over which wallets were judged last: all of it, unless it was stopped."""
    n_judged: int
    n_copy: int
    """Worth copying, by the rules of any recording."""
    sentences: tuple[str, ...]
    """What following on paper has come to."""


def _pass_over(_: str) -> None:
    """Do nothing with an address."""


@dataclass
class LiveDemo:
    """One live demo in a folder of its own; leaders are those who take, judged by nobody.

    Attributes:
        minutes: Of wall time that it is recorded.
        on_page: Called with the address of the page, which is served for as long as it runs.
    """

    settings: Settings
    minutes: float
    on_progress: OnProgress
    on_page: Callable[[str], None] = _pass_over
    stop: threading.Event = field(default_factory=threading.Event)
    _live: LiveProcess | None = None
    _judge: DemoJudge | None = None
    _is_served: bool = False

    def run(self, folder: Path) -> LiveDemoResult:
        """Record, choose leaders, follow them, and say what has come of it.

        Raises:
            VenueError: The simulated exchange did not start.
            NotEnoughDataError: It was too short to choose anybody.
        """
        own = {
            "data": folder / "recorded_data",
            "out": folder,
            "serve": self.settings.serve.model_copy(update={"port": 0}),
            "record": self.settings.record.model_copy(update={"feeds": FEEDS, "coins": "all"}),
            "simulate": self.settings.simulate.model_copy(update=MARKET | {"hours": self._hours}),
        }
        self.settings = self.settings.model_copy(update=own)
        with demo_exchange(self.settings.simulate) as exchange, receiver() as inbox:
            self.on_progress(_STAGE, 0.0, "the exchange plays its past")
            venue = self.settings.venue.model_copy(update={"url": exchange.url()})
            self.settings = self.settings.model_copy(update={"venue": venue})
            with ExitStack() as stack:
                n_recorded = self._record(inbox, stack)
        if self._live is None or self._live.status is None:
            raise NotEnoughDataError("nobody could be followed by then: give it more --minutes")
        profiles = self._judged()
        verdicts, data = profiles.column("verdict"), profiles.header.data
        return LiveDemoResult(
            config=str(write_settings(self.settings)),
            leaders=self.settings.follow.leaders,
            n_recorded=n_recorded,
            n_signals=verify(self.settings, None).n_lines,
            n_alerts=self._live.status.n_alerts,
            n_delivered=len(inbox.ids),
            judged_h=(data.end_ms - data.start_ms) / HOUR_MS,
            n_judged=len(verdicts),
            n_copy=int((verdicts == Verdict.COPY).sum()),
            sentences=follow_result(self.settings).sentences,
        )

    @property
    def _hours(self) -> float:
        """Return how long the market is: a little longer than it is looked at."""
        return 1.0 + self.minutes / 60 * SPEED

    def _record(self, inbox: "Inbox", stack: ExitStack) -> int:
        def show(status: RecordingStatus) -> None:
            if status.n_rows and not self._is_served:  # by then there is something to show
                self._is_served = True
                stack.enter_context(serving(self.settings, self.on_page))
            if self._live is None and status.elapsed_s >= BEGINS_S:
                self._follow(inbox, status.elapsed_s)
            if self._judge is not None:
                self._judge.look(status.elapsed_s)
            told = None if self._live is None else self._live.status
            n_signals = 0 if told is None else told.n_signals
            detail = f"{status.n_rows:,} lines, {n_signals:,} signals, {len(inbox.ids):,} delivered"
            self.on_progress(_STAGE, min(status.elapsed_s / (self.minutes * 60), 1.0), detail)

        duration_s = self.minutes * 60
        settings = self.settings
        try:
            ended = record(
                settings, plan(settings), self.stop, show, duration_s=duration_s, notice=NOTICE
            )
            self._catch_up()
        finally:
            if self._live is not None:
                self._live.end()
            if self._judge is not None:
                self._judge.close()
        return ended.status.n_rows

    def _judged(self) -> ProfileSet:
        """Judge everybody over the whole recording; whoever stops it has the profiles there are."""
        from hypertrack.pipeline.classify import PROFILES_NAME, classify
        from hypertrack.pipeline.profiles import Profiles
        from hypertrack.store.profiles import ProfileFile

        if self.stop.is_set():
            return Profiles(ProfileFile(self.settings.out / PROFILES_NAME))
        self.on_progress(_STAGE, 1.0, "every wallet is judged")
        return classify(self.settings, with_model=False)

    def _catch_up(self) -> None:
        """Wait until all that was recorded is told, or for as long as one likes to wait."""
        n_told = -1
        for _ in range(MOST_WAITS):
            status = None if self._live is None else self._live.status
            if self.stop.is_set() or (status is not None and status.n_trades == n_told):
                return
            n_told = -1 if status is None else status.n_trades
            self.stop.wait(2.0)

    def _follow(self, inbox: "Inbox", now_s: float) -> None:
        """Judge who traded so far, choose leaders, ask for what they hold, and follow them.

        Judged of five minutes nobody is told from luck, and signals say so; but there is somebody
        that the leaders can be held against, and a page of wallets. All are judged again each hour
        of the market.
        """
        from hypertrack.feeds.account_questions import Step
        from hypertrack.pipeline.accounts import Wanted, ask
        from hypertrack.pipeline.classify import classify

        classify(self.settings, with_model=False)
        leaders = takers(self.settings)  # after what takes long: what they hold is soon old
        if not leaders:
            return
        wanted = Wanted(wallets=leaders, steps=(Step.POSITIONS,))
        ask(self.settings, wanted, self.stop, lambda _: None, lambda _: None)
        follow = self.settings.follow.model_copy(update=CAPITAL | {"leaders": leaders})
        sink = SinkSettings.model_validate({"name": "demo", "kind": "webhook", "url": inbox.url})
        alert = AlertSettings.model_validate(ALERT)
        told = {"follow": follow, "sinks": (sink,), "alerts": (alert,)}
        self.settings = self.settings.model_copy(update=told)
        self._live = LiveProcess(self.settings, lambda _: None, _as_it_is, self.stop)
        self._live.start()
        self._judge = DemoJudge(write_settings(self.settings), now_s)


_STAGE = "record, tell and follow, at 60 times"


def takers(settings: Settings) -> tuple[str, ...]:
    """Return who took most often of those who hardly ever rest."""
    from hypertrack.store.reading.tape import Tape

    assert isinstance(settings.data, Path)
    taken, n_all = Counter[str](), Counter[str]()
    tape = Tape(settings.data)
    for batch in tape.history():
        taken.update(trade.taker for trade in batch)
        n_all.update(wallet for trade in batch for wallet in (trade.buyer, trade.seller))
    tape.close()
    found = [
        wallet
        for wallet, n_taken in taken.most_common()
        if n_taken in TAKEN and n_taken >= 0.9 * n_all[wallet]
    ]
    return tuple(found[:N_LEADERS])


@contextmanager
def serving(settings: Settings, on_page: Callable[[str], None]) -> Iterator[None]:
    """Serve the page of a dataset for as long as the context lasts."""
    stop = threading.Event()

    def run() -> None:
        try:
            serve(settings, stop, on_page)
        except HypertrackError as error:
            log.warning("the page is not served: %s", error)

    thread = threading.Thread(target=run, name="page", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@dataclass
class Inbox:
    """What a receiver on this machine was given.

    Attributes:
        ids: Of its messages, each once.
    """

    url: str
    ids: set[str] = field(default_factory=set)


@contextmanager
def receiver() -> Iterator[Inbox]:
    """Run a webhook of one's own for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            inbox.ids.add(self.headers.get("webhook-id", ""))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        inbox = Inbox(f"http://127.0.0.1:{server.server_port}/signals")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield inbox
        finally:
            server.shutdown()
            thread.join()


def _as_it_is() -> None:
    """Prepare nothing in the process of live."""
