"""The recorder: a plan carried out, until its time is over or it is told to stop."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hypertrack.clock import Clock, SystemClock
from hypertrack.config import Settings
from hypertrack.errors import VenueError
from hypertrack.feeds.endpoints import host_of
from hypertrack.files import write_whole
from hypertrack.recording.collection_report import describe, render_collection_report
from hypertrack.recording.coverage import CoverageBook
from hypertrack.recording.plan import RecordingPlan
from hypertrack.recording.supervisor import Supervisor
from hypertrack.records import RecordingReport, RecordingStatus, replace
from hypertrack.store.files.layout import REPORT_NAME
from hypertrack.store.files.ledger import Ledger
from hypertrack.store.files.manifest import write_manifest
from hypertrack.store.files.session import Session
from hypertrack.store.files.writing import LineWriter, unwritable

TICK_S = 0.1
SAMPLE_INTERVAL_S = 1.0
CHECKPOINT_INTERVAL_S = 1.0
"""How much of the coverage ledger a kill can cost."""

REPORT_INTERVAL_S = 60.0
PATIENCE_S = 1.0
"""How long threads may take to end."""


class Recorder:
    """Records a plan into the folder of a session.

    Args:
        stop: Set by the caller to end the recording; `run` then returns within two seconds.
        notice: What readers must know of the data's origin; by default it names a venue that is
            not Hyperliquid's main network.
    """

    def __init__(
        self,
        settings: Settings,
        plan: RecordingPlan,
        session: Session,
        *,
        clock: Clock | None = None,
        stop: threading.Event | None = None,
        notice: str | None = None,
    ):
        self._settings = settings
        self._plan = plan
        self._session = session
        self._clock = clock or SystemClock()
        self._stop = stop or threading.Event()
        self._notice = notice or default_notice(settings)
        self._started_ms = self._clock.wall_ns() // 1_000_000
        self._ledger = Ledger(session.folder)
        self._book = CoverageBook(self._ledger, self._clock)
        self._writer = LineWriter(
            session.folder,
            settings.record,
            self._clock,
            session.hand_over,
            self._book.tell,
        )
        self._supervisor = Supervisor(
            settings.record, plan, session, self._book, self._writer, self._clock
        )
        self._latest = self._report()

    def run(self, duration_s: float | None = None) -> RecordingReport:
        """Record until the duration is over or ``stop`` is set; a recorder runs once.

        Raises:
            DatasetError: The folder cannot be written any more; what was written is readable.
            VenueError: The venue refused every stream, or none was ever observed.
        """
        self._writer.start()
        self._supervisor.start()
        try:
            was_refused = self._watch(duration_s)
        finally:
            self._finish()
        if self._supervisor.crash is not None:
            raise self._supervisor.crash
        if was_refused:
            raise VenueError("the venue refused every stream: choose other --coins or feeds")
        if not self._book.has_observed:
            raise VenueError(
                f"nothing was observed: of {self._plan.n_streams:,} streams none was opened and "
                "acknowledged; check --url or the network (the ledger says what is missing)"
            )
        return self._latest

    def status(self) -> RecordingStatus:
        """Return how the recording stands; any thread may ask."""
        status = replace(self._supervisor.board.status(), followed=self._supervisor.followed())
        waiting_bytes = self._session.waiting_bytes
        return status if waiting_bytes is None else replace(status, spooled_bytes=waiting_bytes())

    def _watch(self, duration_s: float | None) -> bool:
        """Do what has to be done from time to time; return whether nothing was left to record."""
        jobs = {
            self._supervisor.board.sample: SAMPLE_INTERVAL_S,
            self._checkpoint: CHECKPOINT_INTERVAL_S,
            self._write_reports: REPORT_INTERVAL_S,
        }
        due_s = dict.fromkeys(jobs, self._clock.monotonic_s())
        while not self._clock.wait(self._stop, TICK_S) and not self._writer.failed.is_set():
            if duration_s is not None and self.status().elapsed_s >= duration_s:
                return False
            if not self._supervisor.is_at_work():
                return True
            self._supervisor.close_candles()
            now_s = self._clock.monotonic_s()
            for job, interval_s in jobs.items():
                if now_s >= due_s[job]:
                    job()
                    due_s[job] = now_s + interval_s
        return False

    def _finish(self) -> None:
        """Stop all threads, write what is left, and close; each step also after one that failed."""
        self._supervisor.stop(PATIENCE_S)
        self._supervisor.flush_candles()
        with ExitStack() as last_to_first:
            last_to_first.callback(self._write_reports, is_complete=True)
            last_to_first.callback(self._close_ledger)
            last_to_first.callback(self._writer.close)

    def _checkpoint(self) -> None:
        with _saving(self._session):
            # What is open in a deleted folder can be written to for ever, and read by nobody.
            self._session.folder.stat()
            self._book.checkpoint(lambda: self._writer.sync(PATIENCE_S))

    def _close_ledger(self) -> None:
        with _saving(self._session):
            if self._writer.failed.is_set():
                self._book.abandon()
            else:
                self._book.stop()
            self._ledger.close()

    def _write_reports(self, *, is_complete: bool = False) -> None:
        folder = self._session.folder
        report = self._latest = self._report()
        plan = replace(self._plan, coins=self._supervisor.coins)
        manifest = describe(report, plan, self._settings, is_complete=is_complete)
        with _saving(self._session):
            write_manifest(folder, manifest)
            text = render_collection_report(report)
            write_whole(folder / REPORT_NAME, text.encode())

    def _report(self) -> RecordingReport:
        archived = self._session.archived
        return RecordingReport(
            folder=self._session.place,
            archived=None if archived is None else str(archived),
            notice=self._notice,
            started_ms=self._started_ms,
            ended_ms=self._clock.wall_ns() // 1_000_000,
            exchange_start_ms=self._book.time.first_ms,
            exchange_end_ms=self._book.time.newest_ms,
            status=self.status(),
            n_gaps_by_cause=self._book.n_gaps_by_cause,
            unobserved=self._book.unobserved,
        )


def default_notice(settings: Settings) -> str | None:
    """Return what has to be said of data that is not from Hyperliquid's main network."""
    if settings.venue.url is not None:
        return f"recorded from {host_of(settings.venue.url)}, not from Hyperliquid's own network"
    if settings.venue.network == "testnet":
        return "recorded from Hyperliquid's testnet, where money is play money"
    return None


@contextmanager
def _saving(session: Session) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise unwritable(session.folder, error) from error
