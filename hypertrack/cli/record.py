"""The record command: the live venue to a dataset."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.recording_options import RecordingOptions
from hypertrack.cli.session import Session

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.record import RecordingReport, SessionMode

NEXT = ("verify", "verdict", "dashboard --no-model")
"""What to do with a recording first: is it whole, is anybody worth copying, who is there."""

N_NAMED = 5


def record(
    session: Session,
    recording: RecordingOptions,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan alone.")] = False,
) -> None:
    """Record the live venue. Data already here moves to archive/<utc>/ first.

    No feed flag records all seven; a positive one only those named; --no-... all but those.

    Example: hypertrack record --trades --candles --coins top:50 --duration 6h
    """
    duration_s = recording.duration_s()
    mode = recording.mode(session, is_dry=dry_run)
    _record(session, recording.settings(session), mode, duration_s, is_dry=dry_run)


def _record(
    session: Session,
    settings: "Settings",
    mode: "SessionMode",
    duration_s: float | None,
    *,
    is_dry: bool,
) -> None:
    from hypertrack.cli.recording_display import show_plan, status_display, stopped_by_signals
    from hypertrack.pipeline.record import plan as ask_for_plan
    from hypertrack.pipeline.record import record as run

    with session.err.status("asking the venue for its coins"):
        plan = ask_for_plan(settings)
    show_plan(session, plan)
    if is_dry:
        return
    stop = threading.Event()
    display = status_display(session, settings.record.status_interval_s)
    with stopped_by_signals(stop), display as show:
        report = run(settings, plan, stop, show, mode=mode, duration_s=duration_s)
    say_recorded(session, settings, report)


def say_recorded(session: Session, settings: "Settings", report: "RecordingReport") -> None:
    """Say what was recorded, what is missing, and what to do with it."""
    session.done(
        {"report": report},
        f"recorded {report.status.n_rows:,} lines in {report.folder}; {_report_place(settings)} "
        f"what and what is missing{_unobserved(report)}{_followed(report)}\n\nNext:\n"
        + "\n".join(f"  {session.command(words)}" for words in NEXT),
    )


def _unobserved(report: "RecordingReport") -> str:
    """Return what was asked for and never came, with the reason; a few names stand for many."""
    names = report.unobserved
    more = f" and {len(names) - N_NAMED} more" if len(names) > N_NAMED else ""
    return f"; never observed: {', '.join(names[:N_NAMED])}{more}" if names else ""


def _followed(report: "RecordingReport") -> str:
    """Return what came of a source of all fills, and what it and the tape lack of each other."""
    fills = report.status.followed
    if fills is None:
        return ""
    return (
        f"; {fills.n_fills:,} fills of everybody, which lack {fills.n_only_on_tape:,} trades of "
        f"the tape, and the tape {fills.n_only_in_fills:,} of theirs"
    )


def _report_place(settings: "Settings") -> str:
    if isinstance(settings.data, Path):
        return "data_collection_report.txt there says"
    return "its table sessions holds the report, which says"
