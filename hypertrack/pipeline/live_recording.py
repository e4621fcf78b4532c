"""Recording and live together: two processes that begin and end as one."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.pipeline.live import begin_at, is_followed, require_books
from hypertrack.pipeline.live_process import LiveProcess
from hypertrack.pipeline.places import newest_ms
from hypertrack.pipeline.record import record

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.recording.plan import RecordingPlan
    from hypertrack.records import RecordingReport, RecordingStatus
    from hypertrack.store.files.session import SessionMode


def record_live(
    settings: Settings,
    recording_plan: "RecordingPlan",
    live: LiveProcess,
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
        OSError: The same, or whoever is told of signals is gone.
    """
    require_books(settings)  # before anything is recorded that is not followed
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
        report = record(
            settings,
            recording_plan,
            stop,
            show,
            mode=mode,
            duration_s=duration_s,
            live_status=lambda: live.status,
        )
    finally:
        live.end()
    if live.failure is not None:
        raise live.failure
    return report
