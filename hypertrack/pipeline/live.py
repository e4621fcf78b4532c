"""The live command: a growing dataset followed, wallets told while they trade."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.clock import Clock, SystemClock
from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.files import write_whole
from hypertrack.pipeline.live_told import told_positions
from hypertrack.pipeline.places import (
    SIGNALS_NAME,
    live_folder,
    newest_ms,
    require_data,
)
from hypertrack.pipeline.record import metrics
from hypertrack.records import (
    JsonError,
    LiveStatus,
    MeasuringStatus,
    Record,
    SinkMode,
    SinkStatus,
    decode_json,
    encode_json,
    replace,
)

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.delivery.courier import SinkState
    from hypertrack.delivery.dispatch import Dispatch
    from hypertrack.live.checkpoint import LiveState
    from hypertrack.live.newsroom import Outlet
    from hypertrack.live.session import LiveSession
    from hypertrack.pipeline.live_asking import AccountAsking
    from hypertrack.pipeline.live_judging import Judging
    from hypertrack.pipeline.live_measuring import Measuring
    from hypertrack.store.reading.followed import Followed

log = logging.getLogger(__name__)

PAPER_NAME = "follow.jsonl"
STATE_NAME = "state.json"
STATUS_NAME = "status.json"
LOCK_NAME = "live.lock"
CHECKPOINT_NAME = "checkpoint.bin"

SAVE_FRAC = 0.02
"""Of the time is spent on checkpoints, at most."""

LOOK_S = 1.0
"""Between two looks at profiles, watchlists and the ledger, and two reports of the status."""


class _State(Record, frozen=True, kw_only=True):
    since_ms: int


def signals_path(settings: Settings) -> Path:
    """Return where the signals of a dataset are."""
    return live_folder(settings) / SIGNALS_NAME


def paper_path(signals: Path) -> Path:
    """Return where following on paper is written, beside the signals of the same run."""
    is_own = signals.name == SIGNALS_NAME
    return signals.with_name(PAPER_NAME if is_own else f"{signals.stem}.{PAPER_NAME}")


def require_books(settings: Settings) -> None:
    """Do nothing where following on paper finds the books it asks for.

    Raises:
        ConfigError: It is asked for, and the dataset is a database.
    """
    if settings.follow.capital_usd is not None and not isinstance(settings.data, Path):
        raise ConfigError(
            f"following on paper reads the books of a folder, and the dataset is {settings.data}: "
            "leave out follow.capital_usd, or record to a folder"
        )


def follow(
    settings: Settings,
    stop: threading.Event,
    show: Callable[[LiveStatus], None],
    on_line: Callable[[bytes], None],
    clock: Clock | None = None,
    prepare: Callable[[], None] | None = None,
) -> LiveStatus:
    """Follow a dataset that another process writes, until told to stop.

    Args:
        show: Called with the status, about once a second.
        on_line: Called with the line of each signal, once it is on the disk.
        prepare: Called first in the process that measures; it has to be picklable.

    Raises:
        DatasetError: There is no dataset, or another process follows it.
        ConfigError: A sink cannot be opened, or a watchlist not be read.
        OSError: The disk is full, or broken.
    """
    clock = clock or SystemClock()
    folder = live_folder(settings)
    require_data(settings)
    require_books(settings)
    from hypertrack.delivery.dispatch import Dispatch
    from hypertrack.pipeline.live_asking import AccountAsking
    from hypertrack.pipeline.live_judging import Judging
    from hypertrack.pipeline.live_measuring import Measuring

    with ExitStack() as stack:
        stack.enter_context(_sole_follower(folder))
        following: list[_Following] = []
        stack.enter_context(
            metrics(settings, lambda: None, lambda: following[0].status if following else None)
        )
        dispatch = Dispatch(folder, settings.sinks, clock, seed=os.getpid())
        stack.callback(dispatch.close)
        since_ms = _since(settings, folder)
        session = _open(settings, since_ms, folder / SIGNALS_NAME, dispatch, clock, on_line)
        stack.callback(session.close)
        dispatch.start()
        measuring = Measuring(settings, folder, clock, prepare)
        stack.callback(measuring.close)
        asking = AccountAsking(settings, clock)
        stack.callback(asking.close)
        judging = Judging(settings, prepare)
        stack.callback(judging.close)
        following.append(_Following(settings, session, dispatch, measuring, asking, judging, clock))
        return following[0].run(stop, show)


def replay(
    settings: Settings,
    since_ms: int,
    out: Path,
    on_line: Callable[[bytes], None],
    outlet: "Outlet | None" = None,
) -> LiveStatus:
    """Write the signals that following a dataset from a time on would have written.

    Nothing is delivered. Evidence is that of the profiles in force now.

    Args:
        out: File of the signals; it must not exist.
        outlet: Given the alerts that would have been sent.

    Raises:
        ConfigError: The file is there already.
        DatasetError: There is no dataset.
    """
    for file in (out, paper_path(out)):
        if file.exists():
            raise ConfigError(f"{file} is there already: nothing is added to another's chain")
    live_folder(settings)
    require_data(settings)
    session = _open(settings, since_ms, out, outlet or _Nowhere(), SystemClock(), on_line)
    try:
        session.look()
        session.read_history()
        session.settle_paper()
        return _status(session, (), MeasuringStatus(), SystemClock().wall_ns() // 1_000_000)
    finally:
        session.close()


@dataclass
class _Following:
    """What works together while a dataset is followed.

    Attributes:
        status: The newest that was reported.
        save_due_s: When the next checkpoint is written.
    """

    settings: Settings
    session: "LiveSession"
    dispatch: "Dispatch"
    measuring: "Measuring"
    asking: "AccountAsking"
    judging: "Judging"
    clock: Clock
    status: LiveStatus | None = None
    save_due_s: float = 0.0

    def run(self, stop: threading.Event, show: Callable[[LiveStatus], None]) -> LiveStatus:
        """Follow until told to stop."""
        self.session.look()
        self.session.read_history(stop, is_growing=True)
        due_s = self.clock.monotonic_s()
        while not stop.is_set():
            if self.clock.monotonic_s() >= due_s:
                self._look()
                show(self._report())
                self._save_if_due()
                due_s = self.clock.monotonic_s() + LOOK_S
            self.session.poll()
            self.clock.wait(stop, self.settings.live.poll_s)
        self._save()
        return self._report()

    def _save_if_due(self) -> None:
        start_s = self.clock.monotonic_s()
        if start_s >= self.save_due_s:
            self._save()
            end_s = self.clock.monotonic_s()
            self.save_due_s = end_s + max(
                self.settings.live.checkpoint_s, (end_s - start_s) / SAVE_FRAC
            )

    def _save(self) -> None:
        if self.session.is_caught_up:
            from hypertrack.live.checkpoint import write_checkpoint

            folder = live_folder(self.settings)
            write_checkpoint(folder / CHECKPOINT_NAME, self.session.state())

    def _look(self) -> None:
        self.session.look()
        self.asking.want(self.session.awaited())
        if self.settings.live.window_h:
            self.measuring.tell(self.session)
            self.judging.look(self.session.watermark_ms)

    def _report(self) -> LiveStatus:
        """Write how live stands for whoever shows it elsewhere, and return it."""
        now_ms = self.clock.wall_ns() // 1_000_000
        status = _status(self.session, self.dispatch.states(), self.measuring.status, now_ms)
        status = replace(status, challenge=self.judging.status)
        write_whole(live_folder(self.settings) / STATUS_NAME, encode_json(status) + b"\n")
        self.status = status
        return status


def _status(
    session: "LiveSession", sinks: "tuple[SinkState, ...]", measuring: MeasuringStatus, now_ms: int
) -> LiveStatus:
    return LiveStatus(
        written_ms=now_ms,
        watermark_ms=session.watermark_ms,
        n_trades=session.n_trades,
        n_late=session.n_late,
        n_unread=session.n_unread,
        n_signals=session.newsroom.n_signals,
        n_alerts=session.newsroom.n_alerts,
        measuring=measuring,
        sinks=tuple(_sink_status(sink, now_ms) for sink in sinks),
        n_awaited=len(session.awaited()),
        n_withheld=session.n_withheld,
    )


def _sink_status(sink: "SinkState", now_ms: int) -> SinkStatus:
    oldest_ms = sink.waiting.oldest_ms
    failing = SinkMode.FAILING if sink.n_failed else SinkMode.WORKING
    return SinkStatus(
        name=sink.name,
        state=SinkMode.OFF if sink.is_off else failing,
        n_waiting=sink.waiting.n_waiting,
        oldest_age_s=None if oldest_ms is None else max(now_ms - oldest_ms, 0) / 1_000,
        n_failed=sink.n_failed,
        n_by_fate={fate.value: n for fate, n in sink.waiting.n_by_fate.items()},
        cause=sink.cause,
    )


def _open(
    settings: Settings,
    since_ms: int,
    signals: Path,
    outlet: "Outlet",
    clock: Clock,
    on_line: Callable[[bytes], None],
) -> "LiveSession":
    from hypertrack.live.session import Beginning, LivePlaces, LiveSession
    from hypertrack.pipeline.classify import PROFILES_NAME
    from hypertrack.store.reading.opening import open_followed

    require_books(settings)
    paper = paper_path(signals)
    source = open_followed(settings.data, since_ms)
    places = LivePlaces(source, settings.out / PROFILES_NAME, signals, paper)
    is_live = signals == signals_path(settings)
    is_older = is_live and not paper.exists() and (signals.exists() or not since_ms)
    paper_since_ms = newest_ms(settings) + 1 if is_older else 0
    saved = _saved(settings, since_ms, source, paper) if is_live else None
    told = told_positions(settings, since_ms, source) if saved is None else None
    beginning = Beginning(since_ms, told, paper_since_ms, saved)
    return LiveSession(settings, places, beginning, outlet, clock, on_line)


def _saved(
    settings: Settings, since_ms: int, source: "Followed", paper: Path
) -> "LiveState | None":
    """Return what was held in mind at the last checkpoint, where following goes on from it."""
    from hypertrack.live.checkpoint import read_checkpoint

    path = live_folder(settings) / CHECKPOINT_NAME
    saved = read_checkpoint(path, since_ms)
    if saved is None:
        return None
    is_on_paper = settings.follow.capital_usd is not None and paper.exists()
    if is_on_paper and saved.paper is None:
        log.info("%s is not taken: it knows nothing of %s", path, paper)
        return None
    if not source.tape.go_on(saved.tape):
        log.warning("%s is not taken: what it had read is another now; all is read again", path)
        return None
    return saved if paper.exists() else replace(saved, paper=None)


def _since(settings: Settings, folder: Path) -> int:
    """Return the time from which this dataset is followed: since the first start of live."""
    path = folder / STATE_NAME
    if path.exists():
        try:
            return decode_json(path.read_bytes(), _State).since_ms
        except (JsonError, UnicodeDecodeError):
            raise DatasetError(
                f"{path} is damaged: it says since when {folder.parent} is followed; remove it to "
                "begin now"
            ) from None
    since_ms = newest_ms(settings) + 1
    begin_at(settings, since_ms)
    return since_ms


def is_followed(settings: Settings) -> bool:
    """Return whether a dataset was followed before."""
    return (live_folder(settings) / STATE_NAME).exists()


def begin_at(settings: Settings, since_ms: int) -> None:
    """Let a dataset be followed from a time on, whatever was followed in its place before."""
    (live_folder(settings) / CHECKPOINT_NAME).unlink(missing_ok=True)
    write_whole(live_folder(settings) / STATE_NAME, encode_json(_State(since_ms=since_ms)) + b"\n")


@contextmanager
def _sole_follower(folder: Path) -> Iterator[None]:
    from hypertrack.store.files.locks import lock_file

    folder.mkdir(parents=True, exist_ok=True)
    descriptor = lock_file(folder / LOCK_NAME, folder.parent, doing="followed")
    try:
        yield
    finally:
        os.ftruncate(descriptor, 0)  # a name left behind would tell of a kill
        os.close(descriptor)


class _Nowhere:
    """Takes messages, and keeps none."""

    def put(self, *_: object) -> None:
        """Do nothing."""
