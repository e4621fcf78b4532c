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
    from hypertrack.recording.plan import RecordingPlan
    from hypertrack.records import FeedStatus, LiveStatus, RecordingReport, RecordingStatus
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
    live_status: "Callable[[], LiveStatus | None]" = lambda: None,
) -> "RecordingReport":
    """Record until ``stop`` is set or the time is over.

    Args:
        on_status: Called four times a second, on the caller's thread.
        mode: What becomes of data that is there: rotate to the archive, append, or clear.
        duration_s: Wall seconds; None records until stopped.
        notice: What readers must know of the data's origin, where the venue's URL does not say it.
        live_status: Tells how what follows stands, for the metrics.

    Raises:
        ConfigError: The metrics' port is taken.
        DatasetError: The dataset is in use, cannot be written or reached, or the disk is full.
    """
    from hypertrack.feeds.shared_budget import recording_here
    from hypertrack.recording.recorder import Recorder

    recorders: list[Recorder] = []
    with (
        recording_here(state_folder()),
        metrics(settings, lambda: recorders[0].status() if recorders else None, live_status),
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


def metrics(
    settings: Settings,
    status: "Callable[[], RecordingStatus | None]",
    live: "Callable[[], LiveStatus | None]",
) -> AbstractContextManager[object]:
    """Serve metrics where a port is set; enter before data is touched: it may be taken."""
    from hypertrack.recording.prometheus import metrics_server

    port = settings.record.metrics_port
    if port is None:
        return nullcontext()
    return metrics_server(settings.record.metrics_host, port, status, live)
