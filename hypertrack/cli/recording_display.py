"""A running recording on the terminal."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.live import Live
from rich.text import Text

from hypertrack.cli.session import Session
from hypertrack.cli.tables import plain_table
from hypertrack.clock import utc

if TYPE_CHECKING:
    from hypertrack.pipeline.record import FeedStatus, RecordingPlan, RecordingStatus

SHOWN_MB = 1.0
"""Less than that is on its way; more says that the database is away, or slow."""

OnStatus = Callable[["RecordingStatus"], None]


N_NAMED = 6
"""Coins whose names are put into words; the manifest has all."""


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
        session.emit(
            {
                "rows": plan.rows(),
                "left_out": plan.left_out,
                "unlisted": plan.unlisted,
                "aliases": plan.aliases,
            }
        )
        return
    rows = [(row.source, row.feed.value, f"{row.n_streams:,}", row.coins) for row in plan.rows()]
    session.err.print(plain_table(("from", "feed", "streams", "coins"), rows))
    if plan.aliases:
        named = [f"{coin} is {alias}" for coin, alias in plan.aliases.items()]
        more = f" and {len(named) - N_NAMED} more" if len(named) > N_NAMED else ""
        session.err.print("; ".join(named[:N_NAMED]) + more, markup=False)
    for one in plan.unlisted:
        text = f"not listed by the venue: {one.name} ({one.reason}); asked for again meanwhile"
        session.err.print(text, style="yellow", markup=False)
    for left in plan.left_out:
        coins = ", ".join(left.coins[:6]) + (", …" if len(left.coins) > 6 else "")
        text = f"left out: {left.feed} of {len(left.coins):,} coins ({coins}): {left.reason}"
        session.err.print(text, style="yellow", markup=False)


@contextmanager
def status_display(
    session: Session, interval_s: float, beside: Callable[[], str] = lambda: ""
) -> Iterator[OnStatus]:
    """Give what shows a status: a live table, or a line now and then where there is no terminal.

    Args:
        beside: Returns a line about what runs beside; empty for none.
    """
    if session.is_json or session.is_quiet or not session.err.is_terminal:
        yield _status_lines(session, interval_s, beside)
        return
    with Live(console=session.err, transient=True, auto_refresh=False) as live:
        yield lambda status: live.update(_status_view(status, beside()), refresh=True)


def _status_lines(session: Session, interval_s: float, beside: Callable[[], str]) -> OnStatus:
    due_s = interval_s

    def show(status: "RecordingStatus") -> None:
        nonlocal due_s
        if status.elapsed_s < due_s:
            return
        due_s = status.elapsed_s + interval_s
        if session.is_json:
            session.emit(status)
        else:
            lines = filter(None, (_status_line(status), beside()))
            session.err.print("\n".join(lines), markup=False, soft_wrap=True)

    return show


def _status_view(status: "RecordingStatus", beside: str) -> RenderableType:
    table = plain_table(
        ("feed", "lines", "lines/s", "lag p50", "lag p99", "last seen", "gaps", "shed"),
        [_feed_row(feed) for feed in status.feeds],
    )
    more = [Text(beside)] if beside else []
    end = Text("Ctrl-C ends the recording", "dim")
    return Group(Text(_header(status), "bold"), table, *more, end)


def _feed_row(feed: "FeedStatus") -> tuple[str | Text, ...]:
    return (
        feed.feed.value,
        f"{feed.n_rows:,}",
        f"{feed.rows_per_s:,.0f}",
        _ms(feed.lag_p50_ms),
        _ms(feed.lag_p99_ms),
        utc(feed.last_seen_ms),
        Text(f"{feed.n_gaps:,}", "yellow" if feed.n_gaps else ""),
        Text(f"{feed.n_shed:,}", "red" if feed.n_shed else ""),
    )


def _header(status: "RecordingStatus") -> str:
    lost = f", {status.n_reconnects:,} reconnects" if status.n_reconnects else ""
    bad = f", {status.n_quarantined:,} unreadable" if status.n_quarantined else ""
    spooled_mb = (status.spooled_bytes or 0) / 1e6
    spooled = f", {spooled_mb:,.1f} MB wait for the database" if spooled_mb >= SHOWN_MB else ""
    refused = f", refused: {', '.join(status.refused)}" if status.refused else ""
    return (
        f"recording for {_duration(status.elapsed_s)}, exchange time "
        f"{utc(status.exchange_time_ms)}, {status.n_sockets_open} of {status.n_sockets} sockets"
        f"{lost}{bad}{refused}, {status.n_queued:,} queued{spooled}"
    )


def _status_line(status: "RecordingStatus") -> str:
    feeds = ", ".join(f"{feed.feed} {feed.n_rows:,}" for feed in status.feeds)
    return f"{_header(status)}: {feeds}"


def _ms(value: int | None) -> str:
    return "–" if value is None else f"{value:,} ms"


def _duration(seconds: float) -> str:
    minutes, s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{s:02}" if hours else f"{minutes}:{s:02}"
