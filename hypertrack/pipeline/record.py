"""The record command: the live venue to a dataset."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, closing, nullcontext
from typing import TYPE_CHECKING

from hypertrack.config import Settings, state_folder
from hypertrack.pipeline.places import open_writing, require_writable_place
from hypertrack.pipeline.ports import require_free_port

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.pipeline.live_process import LiveProcess
    from hypertrack.recording.plan import RecordingPlan
    from hypertrack.records import FeedStatus, RecordingReport, RecordingStatus
    from hypertrack.store.files.session import SessionMode

__all__ = [
    "FeedStatus",
    "RecordingPlan",
    "RecordingReport",
    "RecordingStatus",
    "SessionMode",
    "plan",
    "record",
]

STATUS_INTERVAL_S = 0.25


def plan(settings: Settings) -> "RecordingPlan":
    """Ask the venue for its coins and return what would be recorded, and from where.

    Raises:
        ConfigError: A coin that the venue does not have, a proxy that cannot be used, a port that
            is taken, a folder that cannot be written.
        VenueError: The venue is unreachable.
    """
    require_writable_place(settings)
    if settings.record.metrics_port is not None:
        host = settings.record.metrics_host
        require_free_port(host, settings.record.metrics_port, "--metrics-port")
    from hypertrack.feeds.endpoints import endpoints
    from hypertrack.feeds.info_client import InfoClient
    from hypertrack.feeds.network import require_usable
    from hypertrack.feeds.universe import fetch_universe
    from hypertrack.recording.fill_sources import require_source
    from hypertrack.recording.plan import plan_recording

    if settings.record.fills is not None:
        require_source(settings.record.fills.get_secret_value())
    where = endpoints(settings.venue)
    require_usable(where.market_ws, where.explorer_ws, where.evm, where.evm_heads_ws)
    with closing(InfoClient(where.info)) as info:
        return plan_recording(settings, fetch_universe(info))


def record(
    settings: Settings,
    recording_plan: "RecordingPlan",
    stop: threading.Event,
    on_status: "Callable[[RecordingStatus], None]",
    *,
    mode: "SessionMode" = "rotate",
    duration_s: float | None = None,
    notice: str | None = None,
) -> "RecordingReport":
    """Record until ``stop`` is set or the time is over.

    Args:
        on_status: Called four times a second, on the caller's thread.
        mode: What becomes of data that is there: rotate to the archive, append, or clear.
        duration_s: Wall seconds; None records until stopped.
        notice: What readers must know of the data's origin, where the venue's URL does not say it.

    Raises:
        ConfigError: The metrics' port is taken.
        DatasetError: The dataset is in use, cannot be written or reached, or the disk is full.
    """
    from hypertrack.feeds.shared_budget import recording_here
    from hypertrack.recording.recorder import Recorder

    recorders: list[Recorder] = []
    with (
        recording_here(state_folder()),
        _metrics(settings, lambda: recorders[0].status() if recorders else None),
        open_writing(settings, mode) as session,
        ThreadPoolExecutor(1) as pool,
    ):
        recorder = Recorder(settings, recording_plan, session, stop=stop, notice=notice)
        recorders.append(recorder)
        running = pool.submit(recorder.run, duration_s)
        try:
            while not wait([running], timeout=STATUS_INTERVAL_S).done:
                on_status(recorder.status())
        finally:
            stop.set()
        return running.result()


def record_live(
    settings: Settings,
    recording_plan: "RecordingPlan",
    live: "LiveProcess",
    stop: threading.Event,
    on_status: "Callable[[RecordingStatus], None]",
    *,
    mode: "SessionMode" = "rotate",
    duration_s: float | None = None,
) -> "RecordingReport":
    """Record, and let a process of its own follow what is recorded; both end together.

    Args:
        live: Started once a trade is on the disk.
        on_status: As for `record`, and so are the others.

    Raises:
        HypertrackError: As for `record`, or live cannot go on.
    """
    from hypertrack.pipeline.live import begin_at, is_followed, newest_ms

    is_continued = mode == "append"
    is_begun = is_continued and is_followed(settings)
    since_ms = newest_ms(settings) + 1 if is_continued else 0

    def show(status: "RecordingStatus") -> None:
        nonlocal is_begun
        if any(feed.feed == "trades" and feed.n_bytes for feed in status.feeds):
            if not is_begun:
                begin_at(settings, since_ms)
                is_begun = True
            live.start()
        on_status(status)

    try:
        report = record(settings, recording_plan, stop, show, mode=mode, duration_s=duration_s)
    finally:
        live.end()
    if live.failure is not None:
        raise live.failure
    return report


def _metrics(
    settings: Settings, status: "Callable[[], RecordingStatus | None]"
) -> AbstractContextManager[object]:
    """Serve metrics where a port is set; enter before data is touched: it may be taken."""
    from hypertrack.recording.prometheus import metrics_server

    port = settings.record.metrics_port
    if port is None:
        return nullcontext()
    return metrics_server(settings.record.metrics_host, port, status)
