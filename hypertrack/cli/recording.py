"""A running recording on the terminal."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from hypertrack.cli.session import Session
from hypertrack.cli.tables import plain_table

if TYPE_CHECKING:
    from hypertrack.recording.plan import RecordingPlan
    from hypertrack.recording.report import RecordingReport
    from hypertrack.recording.status import FeedStatus, RecordingStatus

Events = Iterator["RecordingStatus | RecordingReport"]


@contextmanager
def stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM set ``stop`` instead of ending the program."""
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop.set()) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


def show_plan(session: Session, plan: "RecordingPlan") -> None:
    """Print what will be recorded and what was left out, with the reason."""
    if session.is_json:
        session.emit({"rows": plan.rows(), "left_out": plan.left_out})
        return
    rows = [(row.source, row.feed.value, f"{row.n_streams:,}", row.coins) for row in plan.rows()]
    session.err.print(plain_table(("from", "feed", "streams", "coins"), rows))
    for left in plan.left_out:
        coins = ", ".join(left.coins[:6]) + (", …" if len(left.coins) > 6 else "")
        text = f"left out: {left.feed} of {len(left.coins):,} coins ({coins}): {left.reason}"
        session.err.print(text, style="yellow", markup=False)


def watch(session: Session, events: Events, status_interval_s: float) -> "RecordingReport":
    """Show the recording until it ends: a live table, lines where there is no terminal."""
    if session.is_json or not session.err.is_terminal or session.is_quiet:
        return _as_lines(session, events, status_interval_s)
    with Live(console=session.err, transient=True, auto_refresh=False) as live:
        for event in events:
            if hasattr(event, "feeds"):
                live.update(_status_view(event), refresh=True)
            else:
                return event
    raise AssertionError("a recording ends with its report")


def _as_lines(session: Session, events: Events, interval_s: float) -> "RecordingReport":
    shown_s = time.monotonic()
    for event in events:
        if not hasattr(event, "feeds"):
            return event
        if time.monotonic() - shown_s >= interval_s:
            shown_s = time.monotonic()
            if session.is_json:
                session.emit(event)
            else:
                session.err.print(_status_line(event), markup=False, soft_wrap=True)
    raise AssertionError("a recording ends with its report")


def _status_view(status: "RecordingStatus") -> RenderableType:
    table = plain_table(
        ("feed", "lines", "lines/s", "lag p50", "lag p99", "last seen", "gaps", "shed"),
        [_feed_row(feed) for feed in status.feeds],
    )
    return Group(Text(_header(status), "bold"), table, Text("Ctrl-C ends the recording", "dim"))


def _feed_row(feed: "FeedStatus") -> tuple[str | Text, ...]:
    return (
        feed.feed.value,
        f"{feed.n_rows:,}",
        f"{feed.rows_per_s:,.0f}",
        _ms(feed.lag_p50_ms),
        _ms(feed.lag_p99_ms),
        _clock(feed.last_seen_ms),
        Text(f"{feed.n_gaps:,}", "yellow" if feed.n_gaps else ""),
        Text(f"{feed.n_shed:,}", "red" if feed.n_shed else ""),
    )


def _header(status: "RecordingStatus") -> str:
    lost = f", {status.n_reconnects:,} reconnects" if status.n_reconnects else ""
    bad = f", {status.n_quarantined:,} unreadable" if status.n_quarantined else ""
    refused = f", refused: {', '.join(status.refused)}" if status.refused else ""
    return (
        f"recording for {_duration(status.elapsed_s)}, exchange time "
        f"{_clock(status.exchange_time_ms)}, {status.n_sockets_open} of {status.n_sockets} sockets"
        f"{lost}{bad}{refused}, {status.n_queued:,} queued"
    )


def _status_line(status: "RecordingStatus") -> str:
    feeds = ", ".join(f"{feed.feed} {feed.n_rows:,}" for feed in status.feeds)
    return f"{_header(status)}: {feeds}"


def _ms(value: int | None) -> str:
    return "–" if value is None else f"{value:,} ms"


def _clock(time_ms: int | None) -> str:
    if time_ms is None:
        return "–"
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _duration(seconds: float) -> str:
    minutes, s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{s:02}" if hours else f"{minutes}:{s:02}"
