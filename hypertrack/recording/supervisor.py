"""The threads of a recorder, and what they share."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial

from hypertrack.clock import Clock
from hypertrack.config import RecordSettings
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.info_client import MAX_CANDLES, InfoClient
from hypertrack.feeds.subscriptions import EVM, Subscription
from hypertrack.recording.background import Background
from hypertrack.recording.board import Board
from hypertrack.recording.candle_filling import CandleFiller
from hypertrack.recording.closed_candles import Candle, CandleBook, Fill, Lacking, Stored
from hypertrack.recording.compaction import HourSealer
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.dedupe import REMEMBERED_OF_TWINS
from hypertrack.recording.evm import EvmFollower
from hypertrack.recording.fill_sources import follower_of
from hypertrack.recording.following import Follower, FollowerParts
from hypertrack.recording.intake import Shortage, StreamIntake, write_candles
from hypertrack.recording.listening import Listener, Surroundings
from hypertrack.recording.listing_watch import ListingWatch
from hypertrack.recording.meters import FeedMeter
from hypertrack.recording.plan import MARKET_FEEDS, RecordingPlan, SocketPlan, has_feed
from hypertrack.recording.redundant import Coverage
from hypertrack.recording.starvation import StarvationWatch
from hypertrack.recording.streams import Streams
from hypertrack.recording.tape_check import TapeCheck
from hypertrack.recording.trade_filling import TradeFiller
from hypertrack.records import CoverageCause, Feed, FollowedFills
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter

log = logging.getLogger(__name__)


class Supervisor:
    """One thread for each socket, one for what was missed, one for the EVM, one to seal hours.

    Attributes:
        crash: The bug that ended a thread, to be raised where it will be seen.
    """

    def __init__(
        self,
        settings: RecordSettings,
        plan: RecordingPlan,
        session: Session,
        book: CoverageBook,
        writer: LineWriter,
        clock: Clock,
    ):
        self._check = None if settings.fills is None else TapeCheck()
        self.board = Board(plan.feeds, book, writer, clock)
        self.crash: BaseException | None = None
        self._settings, self._plan, self._session = settings, plan, session
        self._book, self._writer, self._clock = book, writer, clock
        self._halt = threading.Event()
        self._added: list[str] = []
        """Coins that were listed while recording."""
        self._candles = CandleBook(round(settings.candle_grace_s * 1000))
        self._filled = FeedMeter()
        self._info = InfoClient(plan.endpoints.info, clock, self._halt)
        self._background = Background(clock, self._halt)
        self._filler = CandleFiller(self._info, clock, self._background, self._candles)
        self._listeners = self._build_listeners()
        self._follower = self._build_follower() if plan.evm_feeds else None
        self._followed = None if self._check is None else self._follow_fills(self._check)
        self._sources = [self._thread(*job) for job in self._jobs()]
        self._threads = [*self._sources, self._thread("background", self._background.run)]
        if plan.coins and plan.known:
            take_in = self._take_in if plan.takes_all else None
            listings = ListingWatch(self._info, plan.known, take_in, clock, self._halt)
            self._threads.append(self._thread("listings", listings.run))
        if settings.seal and session.hand_over is None:
            sealer = HourSealer(session, writer, book.time, clock, self._halt)
            self._threads.append(self._thread("sealer", sealer.run))

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads:
            thread.start()

    def followed(self) -> FollowedFills | None:
        """Return what came of the source of all fills, where there is one."""
        return None if self._followed is None else self._followed.status()

    def is_at_work(self) -> bool:
        """Return whether anything is still recorded, and nothing has crashed."""
        return not self._halt.is_set() and any(thread.is_alive() for thread in self._sources)

    def stop(self, patience_s: float) -> None:
        """End all threads; one that waits for the network for longer is left to end itself."""
        self._halt.set()
        deadline_s = time.monotonic() + patience_s
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(deadline_s - time.monotonic(), 0.0))
        self._info.close()
        if self._follower is not None:
            self._follower.close()

    def close_candles(self) -> None:
        """Write the candles that are closed by now, and ask for those that were missed."""
        newest_ms = self._book.time.newest_ms
        if newest_ms is None:
            return  # before the first frame there is no candle either
        closed, due = self._candles.pass_time(newest_ms, self._clock.monotonic_s())
        self._write_candles(closed)
        for fill in due:
            loss = self._coverage_by_candle[fill.coin].loss
            self._filler.ask(fill, self._stored, partial(self._take_fill, loss))
        self._compare_candles()

    def flush_candles(self) -> None:
        """Write the closed candles that are left, also those that the venue's were to replace."""
        self._write_candles(self._candles.stop(self._book.time.newest_ms or 0))
        self._compare_candles()

    def _build_listeners(self) -> list[Listener]:
        settings, clock = self._settings, self._clock
        recover = TradeFiller(self._info, clock, self._background, self._writer).ask
        self._streams = Streams(
            self._session, self._book, self._writer, self._candles, clock, recover
        )
        around = Surroundings(
            settings=settings,
            clock=clock,
            stop=self._halt,
            new_sockets=RateBudget(settings.max_new_sockets_per_minute, clock),
            messages=RateBudget(settings.max_messages_per_minute, clock),
            candles=self._candles,
        )
        listeners = [
            Listener(socket, self._streams.intake_of(socket), around)
            for socket in self._plan.sockets
        ]
        self._coverage_by_candle: dict[str, Coverage] = {}
        self._trades_by_coin: dict[str, StreamIntake] = {}
        for listener in listeners:
            for stream in listener.intake.streams.values():
                self._follow(stream)
        self._watch = StarvationWatch(self._trades_by_coin)
        self.board.watch(listeners, around.refused)
        if Feed.CANDLES in self._plan.feeds:
            self.board.add(Feed.CANDLES, self._filled)
        return listeners

    def _build_follower(self) -> EvmFollower:
        ends = self._session.end_ms_by_stream or {}
        coverage_by_feed = {
            feed: self._book.stream(
                f"{feed}:{EVM}", is_recovered=True, resumed_ms=ends.get(f"{feed}:{EVM}")
            )
            for feed in self._plan.evm_feeds
        }
        follower = EvmFollower(
            self._plan.endpoints,
            coverage_by_feed,
            self._writer,
            self._settings,
            self._clock,
            self._halt,
        )
        for feed, meter in follower.meters.items():
            self.board.add(feed, meter)
        return follower

    def _follow_fills(self, check: TapeCheck) -> Follower:
        source = self._settings.fills
        assert source is not None  # there is a check where there is a source
        parts = FollowerParts(
            folder=self._session.folder,
            settings=self._settings,
            book=self._book,
            writer=self._writer,
            clock=self._clock,
            stop=self._halt,
            streams_by_coin=self._trades_by_coin,
            check=check,
            end_ms_by_stream=self._session.end_ms_by_stream or {},
        )
        return follower_of(source.get_secret_value(), parts)

    def _jobs(self) -> Iterator[tuple[str, Callable[[], None]]]:
        for i, listener in enumerate(self._listeners, start=1):
            yield f"socket {i}", listener.run
        if self._follower is not None:
            yield "evm", self._follower.run
        if self._followed is not None:
            yield "fills", self._followed.run

    def _thread(self, name: str, job: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=self._guard, args=(job,), name=name, daemon=True)

    def _guard(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as crash:
            self.crash = crash
            self._halt.set()

    @property
    def coins(self) -> tuple[str, ...]:
        """Return the coins that are recorded, those listed meanwhile included."""
        return (*self._plan.coins, *self._added)

    def _take_in(self, coin: str) -> bool:
        """Record a coin that is listed now over the socket with the fewest streams.

        All its streams go there, and its trades to the twin of that socket too.
        """
        sockets = list(zip(self._plan.sockets, self._listeners, strict=True))
        market = [one for one in sockets if one[0].url == self._plan.endpoints.market_ws]
        feeds = [f for f in MARKET_FEEDS if f in self._plan.feeds and has_feed(coin, f)]
        n_taken = sum(listener.n_subscriptions for _, listener in sockets)
        is_twice = self._settings.redundant and Feed.TRADES in feeds
        if n_taken + len(feeds) + is_twice > self._settings.max_subscriptions or not market:
            return False
        home, _ = min(market[: self._n_homes(market)], key=lambda one: one[1].n_subscriptions)
        for socket, listener in market:
            is_twin = socket is not home and home.twin is not None and socket.twin == home.twin
            for feed in feeds if socket is home else [Feed.TRADES] if is_twin else []:
                subscription = Subscription(feed, coin)
                stream = self._streams.added_to(listener.intake, subscription, socket.twin)
                if stream is not None:
                    self._follow(stream)
                    listener.take_in(stream)
        self._added.append(coin)
        return True

    def _n_homes(self, market: list[tuple[SocketPlan, Listener]]) -> int:
        """Return how many of the sockets carry all feeds: twins, which do not, come behind."""
        twins = {socket.twin for socket, _ in market if socket.twin is not None}
        return len(market) - len(twins)

    def _follow(self, stream: StreamIntake) -> None:
        """Watch a stream of trades or candles of a coin."""
        feed, coin = stream.subscription.feed, stream.subscription.coin
        if feed is Feed.TRADES:
            self._trades_by_coin[coin] = stream
            if self._check is not None:
                stream.check = self._check
                stream.memory.limit = REMEMBERED_OF_TWINS
        elif feed is Feed.CANDLES:
            self._coverage_by_candle[coin] = stream.coverage

    def _compare_candles(self) -> None:
        """Compare what the venue counts with what is stored; end the streams that starve."""
        now_s = self._clock.monotonic_s()
        states, closed = self._candles.take_seen()
        self._watch.see(states, now_s)
        self._watch.see_closed(closed)
        for candle, since_ms in self._watch.due(now_s, self._book.time.lateness_ms / 1_000):
            self._take_starved(candle, since_ms)

    def _take_starved(self, candle: Candle, since_ms: int) -> None:
        """End a stream that lacks what the venue counts, and have it begin again."""
        coin = candle.row.coin
        subscription = Subscription(Feed.TRADES, coin)
        n_missing = candle.n_trades - self._stored(coin, candle.start_ms).n_trades
        log.warning(
            "%s: the venue counted %d trades more than it sent; subscribing again",
            subscription.stream,
            n_missing,
            extra={"coin": coin},
        )
        for listener in self._listeners:
            stream = listener.intake.streams.get((Feed.TRADES, coin))
            if stream is not None:
                stream.shortage = Shortage(candle.start_ms, candle.n_trades)
                stream.coverage.starve(CoverageCause.STARVED, since_ms)
                listener.resubscribe(subscription)

    def _stored(self, coin: str, start_ms: int) -> Stored:
        """Return what is stored of a coin's minute; nothing where its trades are not recorded."""
        stream = self._trades_by_coin.get(coin)
        n_trades = None if stream is None else stream.memory.n_in_minute(start_ms)
        if stream is None or n_trades is None:
            return Stored(0, is_all=False)
        return Stored(n_trades, stream.coverage.is_whole_since(start_ms))

    def _take_fill(
        self, loss: object, fill: Fill, candles: list[Candle] | None, lacking: list[Lacking]
    ) -> None:
        """Write the candles that were asked for; ``loss`` is what they were asked for after."""
        self._write_candles(self._candles.filled(fill, candles or [], lacking))
        coverage = self._coverage_by_candle[fill.coin]
        if coverage.loss is not loss:
            return  # lost again meanwhile: that is asked for by itself
        if candles is not None and not lacking and len(candles) < MAX_CANDLES:
            coverage.close_gap()
        else:
            coverage.leave_gap()

    def _write_candles(self, candles: list[Candle]) -> None:
        self._filled.n_rows += write_candles(self._writer, candles)
